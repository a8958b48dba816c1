/** Copies in other regions and sharing: created once, adopted after a crash, removed by the cleanup. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import { createDistribute } from '../../activities/distribute.js';
import type { Ending, StepInput } from '../../domain/plan.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
});

const inputFor = (request: Partial<ImportRequest> = {}, attempt = 1): StepInput => ({
  ...{ importId: 'imp-1', step: 7, attempt },
  request: { ...REQUEST, ...request },
});
const distribute = (request: Partial<ImportRequest> = {}, attempt = 1) =>
  runner.run(createDistribute(runner.deps), inputFor(request, attempt), SOURCE);
const cleanUp = (ending: Partial<Ending> = {}, request: Partial<ImportRequest> = {}) =>
  runner.run(createCleanUp(runner.deps), inputFor(request), {
    ...{ outcome: 'cancelled', error: null, keepImage: false, ...ending },
  });
const attention = (code: string) => ({ type: 'attention', details: [expect.objectContaining({ code })] });
const copiesOfLedger = () =>
  runner.ledger
    .filter(({ kind }) => kind === 'copy')
    .map(({ regionId, status, detail }) => [regionId, status, detail.imageId]);

describe('copies', () => {
  test('of several regions → one copy each, with name, tags and a separate token; done when all are available', async () => {
    await distribute();
    expect(cloud.copies).toEqual([
      expect.objectContaining({ from: HOME, imageId: 'm-source', toRegion: 'cn-beijing', imageName: 'web-01' }),
      expect.objectContaining({ toRegion: 'cn-shanghai', tags: { team: 'web', 'ecs-image-import': 'imp-1' } }),
    ]);
    expect(new Set(cloud.copies.map(({ clientToken }) => clientToken)).size).toBe(2);
    expect([...cloud.in('cn-beijing').values()]).toMatchObject([{ status: 'Available' }]);
    expect([...runner.copies.keys()].sort()).toEqual(['cn-beijing', 'cn-shanghai']);
    expect(copiesOfLedger()).toEqual([
      ['cn-beijing', 'created', 'm-copy-1'],
      ['cn-shanghai', 'created', 'm-copy-2'],
    ]);
  });

  test('before the CopyImage call → the ledger has the intention', async () => {
    cloud.refuse = (action) => (action === 'CopyImage' ? 'ECONNRESET' : null);
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    expect(copiesOfLedger()).toEqual([
      ['cn-beijing', 'intended', undefined],
      ['cn-shanghai', 'intended', undefined],
    ]);
  });

  test('with a lost response → one copy, not two', async () => {
    cloud.loseAnswer = (_action, region) => region === 'cn-beijing';
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    cloud.loseAnswer = () => false;
    await distribute();
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
    expect(cloud.copies.filter(({ toRegion }) => toRegion === 'cn-beijing')).toHaveLength(1);
    expect(runner.copies.size).toBe(2);
  });

  test('in a repeated step → no further CopyImage call', async () => {
    await distribute();
    const calls = cloud.said.length;
    await distribute();
    expect(cloud.said).toHaveLength(calls);
  });

  test('of a source that is not available yet → wait until it is', async () => {
    const source = cloud.in(HOME).get('m-source');
    if (source === undefined) throw new Error('there is no source');
    Object.assign(source, { status: 'Creating' });
    cloud.refuse = (action) =>
      action === 'CopyImage' && source.status !== 'Available' ? 'IncorrectImageStatus' : null;
    await distribute();
    expect(cloud.copies).toHaveLength(2);
  });

  test('of a source that is busy with another copy → wait until it is free', async () => {
    let refusals = 3;
    cloud.refuse = (action) => (action === 'CopyImage' && refusals-- > 0 ? 'OperationDenied.ImageCopying' : null);
    await distribute();
    expect(cloud.copies).toHaveLength(2);
  });

  test('whose tags the cloud dropped → tagged again', async () => {
    cloud.dropsTags = true;
    await distribute();
    expect([...cloud.in('cn-shanghai').values()]).toMatchObject([
      { tags: { team: 'web', 'ecs-image-import': 'imp-1' } },
    ]);
  });

  test('to the import’s own region → no copy', async () => {
    await distribute({ distribute: { regions: [HOME], shareWith: [] } });
    expect(cloud.copies).toEqual([]);
  });
});

describe('a failing copy', () => {
  test('that the cloud refuses → attention; the import can continue without the region, and the image stays', async () => {
    cloud.refuse = (action) => (action === 'CopyImage' ? 'RegionNotSupportCopy' : null);
    await expect(distribute({ distribute: { regions: ['cn-beijing'], shareWith: [] } })).rejects.toMatchObject({
      ...attention('RegionNotSupportCopy'),
      details: [expect.objectContaining({ remedy: expect.stringContaining("--set 'distribute.regions=[]'") })],
    });
    expect(copiesOfLedger()).toEqual([['cn-beijing', 'removed', undefined]]);
    cloud.refuse = () => null;
    await distribute({ distribute: { regions: [], shareWith: [] } }, 2);
    expect(cloud.ids(HOME)).toEqual(['m-source']);
  });

  test('that ends CreateFailed → deleted, and created again with another token after resume', async () => {
    cloud.copyEnds = (region) => (region === 'cn-beijing' ? 'CreateFailed' : 'Available');
    await expect(distribute()).rejects.toMatchObject(attention('Copy.Failed'));
    expect(cloud.ids('cn-beijing')).toEqual([]);
    cloud.copyEnds = () => 'Available';
    await distribute();
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
    expect(cloud.ids('cn-shanghai')).toHaveLength(1);
    const tokens = cloud.copies
      .filter(({ toRegion }) => toRegion === 'cn-beijing')
      .map(({ clientToken }) => clientToken);
    expect(new Set(tokens).size).toBe(2);
  });

  test('of an import that is then cancelled → not in the record, even if the process crashed after the ledger write', async () => {
    cloud.copyEnds = (region) => (region === 'cn-beijing' ? 'CreateFailed' : 'Available');
    const { recordCopy } = runner.deps.store;
    const dying: typeof recordCopy = async (step, entry, copy) => {
      await recordCopy(step, entry, copy);
      if (entry.status === 'removed') throw new Error('the process has crashed');
    };
    Object.assign(runner.deps.store, { recordCopy: dying });
    await expect(distribute()).rejects.toThrow('the process has crashed');
    Object.assign(runner.deps.store, { recordCopy });
    await cleanUp();
    expect([...runner.copies]).toEqual([]);
  });

  test('whose name belongs to an image with another import’s tag → that image is not adopted', async () => {
    cloud.put('cn-beijing', 'm-theirs', 'Available', { 'ecs-image-import': 'imp-2' });
    cloud.loseAnswer = (_action, region) => region === 'cn-beijing';
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    await cleanUp();
    expect(cloud.ids('cn-beijing')).toEqual(['m-theirs']);
  });

  test('whose source was deleted → the import fails', async () => {
    cloud.in(HOME).clear();
    await expect(distribute()).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Import.ImageGone' })],
    });
  });
});

describe('sharing', () => {
  const shareWith = ['1000000000000002', '1000000000000003'];

  test('with accounts → image and copies are shared once', async () => {
    await distribute({ distribute: { regions: ['cn-beijing'], shareWith } });
    await distribute({ distribute: { regions: ['cn-beijing'], shareWith } });
    for (const region of [HOME, 'cn-beijing']) {
      expect([...cloud.in(region).values()].map(({ shared }) => shared)).toEqual([shareWith]);
    }
  });

  test('with an account that does not exist → attention', async () => {
    cloud.refuse = (action) => (action === 'ModifyImageSharePermission' ? 'InvalidAccount.NotFound' : null);
    await expect(distribute({ distribute: { regions: [], shareWith } })).rejects.toMatchObject(
      attention('InvalidAccount.NotFound'),
    );
  });
});

describe('cleanup', () => {
  const image = () =>
    runner.store.record(
      { importId: 'imp-1', version: 1, phase: 'import' },
      { kind: 'image', key: 'web-01', regionId: HOME, status: 'created', detail: { imageId: 'm-source' } },
    );

  test('of a cancelled import → running copies cancelled, finished ones deleted, sharing ended, no remaining resources', async () => {
    await image();
    cloud.copyPolls = Number.POSITIVE_INFINITY;
    cloud.copyEnds = () => 'Available';
    const environment = runner.environment();
    cloud.loseAnswer = () => {
      if (cloud.copies.length === 2) environment.cancel();
      return false;
    };
    const input = inputFor();
    await expect(environment.run(createDistribute(runner.deps), input, SOURCE)).rejects.toThrow();
    cloud.in(HOME).get('m-source')?.shared.push('1000000000000002');
    const finished = [...cloud.in('cn-shanghai').values()][0];
    Object.assign(finished ?? {}, { status: 'Available', shared: ['1000000000000002'] });

    await cleanUp();
    expect([HOME, 'cn-beijing', 'cn-shanghai'].flatMap((region) => cloud.ids(region))).toEqual([]);
    expect(cloud.said).toContain('CancelCopyImage cn-beijing');
    expect(cloud.said).not.toContain('CancelCopyImage cn-shanghai');
    expect(runner.copies.size).toBe(0);
    expect(runner.ledger.map(({ status }) => status)).toEqual(['removed', 'removed', 'removed']);
    expect(runner.finished()).toBe('cancelled');
  });

  test('of a copy whose response was lost → found and removed', async () => {
    await image();
    cloud.loseAnswer = () => true;
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    await cleanUp({ outcome: 'failed' });
    expect([HOME, 'cn-beijing', 'cn-shanghai'].flatMap((region) => cloud.ids(region))).toEqual([]);
  });

  test('of a succeeded import → copies kept, except in a region that is no longer requested', async () => {
    await image();
    await distribute();
    await cleanUp({ outcome: 'succeeded' }, { distribute: { regions: ['cn-beijing'], shareWith: [] } });
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
    expect(cloud.ids('cn-shanghai')).toEqual([]);
    expect([...runner.copies.keys()]).toEqual(['cn-beijing']);
    expect(copiesOfLedger().map(([region, status]) => [region, status])).toEqual([
      ['cn-beijing', 'kept'],
      ['cn-shanghai', 'removed'],
    ]);
  });

  test('of a cancelled import with keepImage → finished copies kept', async () => {
    await image();
    await distribute();
    await cleanUp({ keepImage: true });
    expect([HOME, 'cn-beijing', 'cn-shanghai'].flatMap((region) => cloud.ids(region))).toHaveLength(3);
  });
});
