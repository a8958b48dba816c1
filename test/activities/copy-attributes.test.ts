/** A copy ends equal to its source, although CopyImage ignores features; what stays different is in the report. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createDistribute } from '../../activities/distribute.js';
import type { DistributeRequest, ImportRequest } from '../../domain/request/request.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';

const FAR = 'cn-beijing';
const NVME = { architecture: 'x86_64', bootMode: 'UEFI', nvmeSupport: 'supported', imdsSupport: 'v2' };

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
  Object.assign(source(), { attributes: NVME });
});

function source() {
  const image = cloud.in(HOME).get('m-source');
  if (image === undefined) throw new Error('there is no source');
  return image;
}
const copy = () => [...cloud.in(FAR).values()][0];
const distribute = (wanted: Partial<DistributeRequest> = {}, request: Partial<ImportRequest> = {}) =>
  runner.run(
    createDistribute(runner.deps),
    {
      ...{ importId: 'imp-1', step: 7, attempt: 1 },
      request: { ...REQUEST, ...request, distribute: { regions: [FAR], shareWith: [], ...wanted } },
    },
    SOURCE,
  );
const attention = (code: string) => ({ type: 'attention', details: [expect.objectContaining({ code })] });
const calls = (action: string) => cloud.said.filter((said) => said.startsWith(action)).length;

describe('a copy', () => {
  test('without the features and the boot mode of its source → they are set; the report has each of them', async () => {
    await distribute();
    expect(copy()?.attributes).toEqual(NVME);
    expect(runner.findings).toEqual([
      expect.objectContaining({
        ...{ code: 'ECSIMPORT.CopyAttributes', severity: 'info' },
        evidence: 'BootMode BIOS → UEFI; Features.NvmeSupport unsupported → supported; Features.ImdsSupport v1 → v2',
      }),
    ]);
  });

  test('equal to its source → no change, no finding', async () => {
    Object.assign(source(), { attributes: cloud.plain });
    await distribute();
    expect(calls('ModifyImageAttribute')).toBe(0);
    expect(runner.findings).toEqual([]);
  });

  test('in another resource group than its source → moved', async () => {
    Object.assign(source(), { resourceGroupId: 'rg-web' });
    await distribute();
    expect(copy()?.resourceGroupId).toBe('rg-web');
    expect(runner.findings[0]?.evidence).toContain('ResourceGroupId not reported → rg-web');
  });

  test('without the tags that its source has got since → tagged; tags of the cloud are not', async () => {
    Object.assign(source(), { tags: { ...source().tags, cost: '7', 'acs:ecs:image:osVersion': '12' } });
    await distribute();
    expect(copy()?.tags).toEqual({ team: 'web', cost: '7', 'ecs-image-import': 'imp-1' });
  });

  test.each(['before the change', 'after the change'])(
    'whose change fails %s → the next attempt ends with the attributes and the finding',
    async (when) => {
      if (when === 'after the change') cloud.loseAnswer = (action) => action === 'ModifyImageAttribute';
      else cloud.refuse = (action) => (action === 'ModifyImageAttribute' ? 'ECONNRESET' : null);
      await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
      cloud.loseAnswer = () => false;
      cloud.refuse = () => null;
      await distribute();
      expect(copy()?.attributes).toEqual(NVME);
      expect(runner.findings).toMatchObject([{ code: 'ECSIMPORT.CopyAttributes', severity: 'info' }]);
      expect(cloud.copies).toHaveLength(1);
    },
  );

  test('whose change the caller is not allowed to make → attention that names the permission', async () => {
    cloud.refuse = (action) => (action === 'ModifyImageAttribute' ? 'Forbidden.RAM' : null);
    const error = distribute();
    await expect(error).rejects.toMatchObject(attention('Forbidden.RAM'));
    await expect(error).rejects.toMatchObject({
      details: [{ remedy: expect.stringContaining('ecs:ModifyImageAttribute') }],
    });
  });

  test('whose change the cloud refuses → a warning with the reason and the command', async () => {
    cloud.refuse = (action) => (action === 'ModifyImageAttribute' ? 'InvalidParameter.FeaturesImdsSupport' : null);
    await distribute();
    expect(runner.findings).toEqual([
      expect.objectContaining({
        ...{ code: 'ECSIMPORT.CopyAttributes', severity: 'warning' },
        evidence: expect.stringContaining('InvalidParameter.FeaturesImdsSupport'),
        remedy: expect.stringContaining('--Features.NvmeSupport supported'),
      }),
    ]);
  });

  test('that stays different although the cloud accepts the change → a warning', async () => {
    cloud.ignoresChanges = true;
    await distribute();
    expect(runner.findings).toMatchObject([{ severity: 'warning', evidence: expect.stringContaining('is BIOS') }]);
  });

  test('with ImdsSupport v2 of a source with v1 → not changed, because the cloud refuses that; a warning', async () => {
    Object.assign(source(), { attributes: cloud.plain });
    Object.assign(cloud.plain, { imdsSupport: 'v2' });
    Object.assign(source(), { attributes: { ...cloud.plain, imdsSupport: 'v1' } });
    await distribute();
    expect(calls('ModifyImageAttribute')).toBe(0);
    expect(runner.findings).toMatchObject([{ severity: 'warning', evidence: 'Features.ImdsSupport is v2, not v1' }]);
  });
});

describe('an encrypted copy', () => {
  test('is sent with the key of its region, or with the request’s choice', async () => {
    await distribute({ regions: [FAR, 'cn-shanghai'], encrypt: true, kmsKeyId: { [FAR]: 'key-1' } });
    expect(cloud.copies).toMatchObject([
      { toRegion: FAR, encrypted: true, kmsKeyId: 'key-1' },
      { toRegion: 'cn-shanghai', encrypted: true, kmsKeyId: null },
    ]);
  });

  test('by the setting of the account that is to be shared → attention before the copy, and done with a key', async () => {
    cloud.encrypting = [FAR];
    const shareWith = ['1000000000000002'];
    const error = distribute({ shareWith });
    await expect(error).rejects.toMatchObject(attention('Distribute.NotShareable'));
    await expect(error).rejects.toMatchObject({
      details: [{ remedy: expect.stringContaining('distribute.kmsKeyId.cn-beijing') }],
    });
    expect(cloud.copies).toEqual([]);
    await distribute({ shareWith, kmsKeyId: { [FAR]: 'key-1' } });
    expect(cloud.copies).toHaveLength(1);
  });

  test('where the caller may not read the setting → copied and shared', async () => {
    cloud.refuse = (action) => (action === 'DescribeDiskEncryptionByDefaultStatus' ? 'Forbidden.RAM' : null);
    await distribute({ shareWith: ['1000000000000002'] });
    expect(copy()?.shared).toEqual(['1000000000000002']);
  });
});

test('an image that cannot be shared → attention before a copy is made', async () => {
  cloud.refuse = (action) => (action === 'ModifyImageSharePermission DryRun' ? 'InvalidAccount.NotFound' : null);
  await expect(distribute({ shareWith: ['1000000000000002'] })).rejects.toMatchObject(
    attention('InvalidAccount.NotFound'),
  );
  expect(cloud.copies).toEqual([]);
});
