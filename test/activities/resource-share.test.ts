/** Images in resource shares, whose targets are a resource directory or its folders: added once, removed before the image. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import { createDistribute } from '../../activities/distribute.js';
import { removeLateImages } from '../../activities/late-check/late-images.js';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import { ORDINARY_ACCESS } from '../../domain/oss-access.js';
import type { Ending, StepInput } from '../../domain/plan.js';
import type { DistributeRequest } from '../../domain/request/request.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';

const FAR = 'cn-beijing';
const SHARES = { [HOME]: 'rs-home', [FAR]: 'rs-far' };

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(async () => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
  await runner.store.record(
    { importId: 'imp-1', version: 1, phase: 'import' },
    { kind: 'image', key: 'web-01', regionId: HOME, status: 'created', detail: { imageId: 'm-source' } },
  );
});

const input = (wanted: Partial<DistributeRequest> = {}): StepInput => ({
  ...{ importId: 'imp-1', step: 7, attempt: 1 },
  request: { ...REQUEST, distribute: { regions: [FAR], shareWith: [], resourceShares: SHARES, ...wanted } },
});
const distribute = (wanted: Partial<DistributeRequest> = {}) =>
  runner.run(createDistribute(runner.deps), input(wanted), SOURCE);
const cleanUp = (ending: Partial<Ending>, wanted: Partial<DistributeRequest> = {}) =>
  runner.run(createCleanUp(runner.deps), input(wanted), {
    ...{ outcome: 'cancelled', error: null, keepImage: false, ...ending },
  });
const calls = (action: string) => cloud.said.filter((said) => said.startsWith(action)).length;

describe('distribution', () => {
  test('with resource shares → the image and the copy are in the share of their region, added once', async () => {
    await distribute();
    await distribute();
    expect([...cloud.inShares].sort()).toEqual(['rs-far/m-copy-1', 'rs-home/m-source']);
    expect(calls('AssociateResourceShare')).toBe(2);
  });

  test.each(['before', 'after'])(
    'with a call that is lost %s its effect → added once by the next attempt',
    async (when) => {
      if (when === 'after') cloud.loseAnswer = (action) => action === 'AssociateResourceShare';
      else cloud.refuse = (action) => (action === 'AssociateResourceShare' ? 'ECONNRESET' : null);
      await expect(distribute({ regions: [] })).rejects.toMatchObject({ type: 'transient' });
      cloud.loseAnswer = () => false;
      cloud.refuse = () => null;
      await distribute({ regions: [] });
      expect([...cloud.inShares]).toEqual(['rs-home/m-source']);
      expect(calls('AssociateResourceShare')).toBe(when === 'after' ? 1 : 2);
    },
  );

  test.each([
    [
      'that the cloud refuses',
      () => (cloud.refuse = (action) => (action === 'AssociateResourceShare' ? 'EntityNotExists.ResourceShare' : null)),
      'EntityNotExists.ResourceShare',
    ],
    ['that fails later', () => (cloud.shareStatus = 'Failed'), 'Distribute.ShareRefused'],
    ['that stays in a status that is not known', () => (cloud.shareStatus = 'Strange'), 'Distribute.ShareStalled'],
  ])('with a share %s → attention', async (_case, prepare, code) => {
    prepare();
    Object.assign(runner.deps.settings, { patienceMs: 20 });
    await expect(distribute({ regions: [] })).rejects.toMatchObject({
      type: 'attention',
      details: [expect.objectContaining({ code, remedy: expect.stringContaining('--set') })],
    });
  });

  test('of a copy that the account encrypts with the service key → attention before the copy', async () => {
    cloud.encrypting = [FAR];
    await expect(distribute()).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Distribute.NotShareable' })],
    });
    expect(cloud.copies).toEqual([]);
  });
});

describe('cleanup', () => {
  test('of a cancelled import → removed from the shares, then deleted', async () => {
    await distribute();
    await cleanUp({});
    expect([...cloud.inShares]).toEqual([]);
    expect([HOME, FAR].flatMap((region) => cloud.ids(region))).toEqual([]);
  });

  test('of an attempt that died after the call → removed from the share', async () => {
    cloud.loseAnswer = (action) => action === 'AssociateResourceShare';
    await expect(distribute({ regions: [] })).rejects.toMatchObject({ type: 'transient' });
    await cleanUp({ outcome: 'failed' });
    expect([...cloud.inShares]).toEqual([]);
    expect(cloud.ids(HOME)).toEqual([]);
  });

  test('of an image in a share that no record has → removed from the share, then deleted', async () => {
    cloud.inShares.add('rs-other/m-source');
    await cleanUp({}, { regions: [] });
    expect(calls('DisassociateResourceShare')).toBe(1);
    expect([...cloud.inShares]).toEqual([]);
    expect(cloud.ids(HOME)).toEqual([]);
  });

  test('of an image that accounts have, too → the accounts first, then the share', async () => {
    cloud.inShares.add('rs-other/m-source');
    await cloud.ecs(HOME).shareImage('m-source', ['1000000000000002']);
    await cleanUp({}, { regions: [] });
    expect(cloud.ids(HOME)).toEqual([]);
  });

  test('of a share that does not let the image go → attention, and the image stays in the ledger', async () => {
    cloud.inShares.add('rs-other/m-source');
    cloud.shareStatus = 'Disassociating';
    Object.assign(runner.deps.settings, { patienceMs: 20 });
    await expect(cleanUp({}, { regions: [] })).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Cleanup.Unfinished' })],
    });
    expect(calls('DisassociateResourceShare')).toBe(0);
    expect(cloud.ids(HOME)).toEqual(['m-source']);
  });

  test('of a late image in a share → the late check removes it from the share, then deletes it', async () => {
    const late = cloud.put(HOME, 'm-late', 'Available', { [IMPORT_TAG_KEY]: 'imp-1' });
    cloud.inShares.add(`rs-other/${late.imageId}`);
    const { importId } = input();
    const work = {
      importId,
      version: 9,
      phase: 'cleanup',
      sleep: async () => undefined,
      log: () => undefined,
    } as const;
    const check = { importId, account: undefined, version: 9, fromMs: 0, untilMs: 0, access: ORDINARY_ACCESS };
    await runner.store.record(work, { kind: 'image', key: 'web-01', regionId: HOME, status: 'kept' });
    const found = await removeLateImages({ deps: runner.deps, check: { ...check, reportedImages: ['m-late'] }, work });
    expect(found).toBe(1);
    expect(cloud.ids(HOME)).toEqual(['m-source']);
    expect([...cloud.inShares]).toEqual([]);
  });

  test('of a succeeded import → the image stays in its share; a share that is no longer requested loses it', async () => {
    await distribute();
    await cleanUp({ outcome: 'succeeded' }, { resourceShares: { [HOME]: 'rs-home' } });
    expect([...cloud.inShares]).toEqual(['rs-home/m-source']);
    expect(cloud.ids(FAR)).toHaveLength(1);
  });
});
