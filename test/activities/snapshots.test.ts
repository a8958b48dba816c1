/** The snapshots of images: recorded and tagged while the image exists, removed after it or kept with it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import { createDistribute } from '../../activities/distribute.js';
import { createWatchImport } from '../../activities/watch-import.js';
import type { LedgerWrite } from '../../domain/ledger.js';
import type { Ending, StepInput } from '../../domain/plan.js';
import {
  activityRunner,
  FakeCloud,
  HOME,
  type Image,
  REQUEST,
  SOURCE,
} from '../support/activities/distribution-cloud.js';

const FAR = 'cn-beijing';
const TAGS = { team: 'web', 'ecs-image-import': 'imp-1' };
const CANCELLED: Ending = { outcome: 'cancelled', error: null, keepImage: false };
const SUCCEEDED: Ending = { outcome: 'succeeded', error: null, keepImage: true };
const IMAGE: LedgerWrite = {
  ...{ kind: 'image', key: 'web-01', regionId: HOME, status: 'created' },
  detail: { imageId: SOURCE.imageId },
};

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;
let image: Image;

beforeEach(async () => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
  image = cloud.put(HOME, SOURCE.imageId, 'Available', { 'ecs-image-import': 'imp-1' });
  cloud.addSnapshot(image, 's-1');
  await runner.store.record({ importId: 'imp-1', version: 1, phase: 'import' }, IMAGE);
});

const input = (request: Partial<StepInput['request']> = {}): StepInput => ({
  ...{ importId: 'imp-1', step: 9, attempt: 1 },
  request: { ...REQUEST, ...request },
});
const watch = () => runner.run(createWatchImport(runner.deps), input(), SOURCE);
const distribute = (regions: readonly string[]) =>
  runner.run(createDistribute(runner.deps), input({ distribute: { regions: [...regions], shareWith: [] } }), SOURCE);
const cleanUp = (ending = CANCELLED, regions: readonly string[] = []) =>
  runner.run(createCleanUp(runner.deps), input({ distribute: { regions: [...regions], shareWith: [] } }), ending);
const snapshotsOfLedger = () =>
  runner.ledger.flatMap(({ kind, key, status, detail }) =>
    kind === 'snapshot' ? [[key, status, detail.imageId]] : [],
  );
const calls = (...actions: readonly string[]) =>
  cloud.said.filter((said) => actions.some((action) => said.startsWith(`${action} `)));

describe('the snapshots of an available image', () => {
  test('are recorded, and tagged like the image', async () => {
    cloud.addSnapshot(image, 's-2');
    await watch();
    expect(snapshotsOfLedger()).toEqual([
      ['s-1', 'created', 'm-source'],
      ['s-2', 'created', 'm-source'],
    ]);
    expect([...cloud.snapshots.values()].map(({ tags }) => tags)).toEqual([TAGS, TAGS]);
  });

  test('without permission to tag them → recorded, and the import continues', async () => {
    cloud.refuse = (action) => (action === 'TagResources of snapshots' ? 'Forbidden.RAM' : null);
    await watch();
    expect(snapshotsOfLedger()).toEqual([['s-1', 'created', 'm-source']]);
  });

  test('while TagResources is throttled → the step is retried', async () => {
    cloud.refuse = (action) => (action === 'TagResources of snapshots' ? 'Throttling.User' : null);
    await expect(watch()).rejects.toMatchObject({ type: 'throttled' });
  });

  test('of copies → recorded and tagged in their region', async () => {
    const { put } = cloud;
    cloud.put = (region, imageId, ...rest) => {
      const copy = put.call(cloud, region, imageId, ...rest);
      cloud.addSnapshot(copy, `s-of-${imageId}`);
      return copy;
    };
    await distribute([FAR]);
    expect(snapshotsOfLedger()).toEqual([['s-of-m-copy-1', 'created', 'm-copy-1']]);
    expect(cloud.snapshots.get('s-of-m-copy-1')?.tags).toEqual(TAGS);
    await cleanUp(SUCCEEDED, [FAR]);
    expect(snapshotsOfLedger()).toEqual([['s-of-m-copy-1', 'kept', 'm-copy-1']]);
    expect([...cloud.snapshots.keys()]).toContain('s-of-m-copy-1');
  });
});

describe('the cleanup', () => {
  test('of a successful import → the snapshots are kept with the image', async () => {
    await watch();
    await cleanUp(SUCCEEDED);
    expect(snapshotsOfLedger()).toEqual([['s-1', 'kept', 'm-source']]);
    expect([...cloud.snapshots.keys()]).toEqual(['s-1']);
    expect(calls('DeleteSnapshot')).toEqual([]);
  });

  test('of a cancelled import → recorded, then the image is deleted, then its snapshots', async () => {
    const { ecs } = cloud;
    let recordedBefore: unknown[] = [];
    cloud.ecs = (region) => {
      const api = ecs.call(cloud, region);
      const deleteImage = async (imageId: string) => {
        recordedBefore = snapshotsOfLedger();
        await api.deleteImage(imageId);
      };
      return { ...api, deleteImage };
    };
    await cleanUp();
    expect(recordedBefore).toEqual([['s-1', 'created', 'm-source']]);
    expect(snapshotsOfLedger()).toEqual([['s-1', 'removed', 'm-source']]);
    expect(cloud.snapshots.size).toBe(0);
    expect(calls('DeleteImage', 'DeleteSnapshot')).toEqual([`DeleteImage ${HOME}`, `DeleteSnapshot ${HOME}`]);
  });

  test('of an image whose snapshots appear after it was observed → reads them again before it deletes the image', async () => {
    image.snapshotIds = [];
    cloud.snapshots.clear();
    const { ecs } = cloud;
    let reads = 0;
    cloud.ecs = (region) => {
      const api = ecs.call(cloud, region);
      return {
        ...api,
        describeImages: async (filter) => {
          reads += 1;
          // The first observation has two reads: by ID and by tag.
          if (reads === 3) cloud.addSnapshot(image, 's-late');
          return await api.describeImages(filter);
        },
      };
    };
    await cleanUp();
    expect(snapshotsOfLedger()).toEqual([['s-late', 'removed', 'm-source']]);
    expect(cloud.snapshots.size).toBe(0);
  });

  test('of a worker that was killed after DeleteImage → the next attempt finds the snapshots in the ledger', async () => {
    cloud.refuse = (action) => (action === 'DeleteSnapshot' ? 'ServiceUnavailable' : null);
    await expect(cleanUp()).rejects.toMatchObject({ type: 'transient' });
    expect(cloud.ids(HOME)).toEqual([]);
    cloud.refuse = () => null;
    await cleanUp();
    expect(snapshotsOfLedger()).toEqual([['s-1', 'removed', 'm-source']]);
    expect(cloud.snapshots.size).toBe(0);
  });

  test('whose DeleteSnapshot lost its response → removed with the next attempt', async () => {
    cloud.loseAnswer = (action) => action === 'DeleteSnapshot';
    await expect(cleanUp()).rejects.toMatchObject({ type: 'transient' });
    cloud.loseAnswer = () => false;
    await cleanUp();
    expect(snapshotsOfLedger()).toEqual([['s-1', 'removed', 'm-source']]);
  });

  test('of a snapshot that a user has deleted → removed', async () => {
    await watch();
    cloud.snapshots.clear();
    await cleanUp();
    expect(snapshotsOfLedger()).toEqual([['s-1', 'removed', 'm-source']]);
  });

  test('of an image that a user has deleted → its snapshots are removed', async () => {
    await watch();
    cloud.in(HOME).clear();
    await cleanUp();
    expect(snapshotsOfLedger()).toEqual([['s-1', 'removed', 'm-source']]);
    expect(cloud.snapshots.size).toBe(0);
  });

  test('of snapshots that count as used for a while, because the cloud deletes images asynchronously → retried', async () => {
    let uses = 3;
    cloud.refuse = (action) => (action === 'DeleteSnapshot' && uses-- > 0 ? 'SnapshotCreatedImage' : null);
    await cleanUp();
    expect(snapshotsOfLedger()).toEqual([['s-1', 'removed', 'm-source']]);
    expect(calls('DeleteSnapshot')).toHaveLength(4);
  });

  test('of a snapshot that stays used beyond the patience → attention with the reason and the command', async () => {
    Object.assign(runner.deps.settings, { patienceMs: 20 });
    cloud.refuse = (action) => (action === 'DeleteSnapshot' ? 'SnapshotCreatedImage' : null);
    await expect(cleanUp()).rejects.toMatchObject({
      type: 'attention',
      details: [
        expect.objectContaining({
          code: 'Cleanup.Unfinished',
          message: expect.stringMatching(/snapshot s-1 in cn-hangzhou still exists.*SnapshotCreatedImage/),
          remedy: expect.stringContaining(`aliyun ecs DeleteSnapshot --RegionId ${HOME} --SnapshotId s-1`),
        }),
      ],
    });
    expect(snapshotsOfLedger()).toEqual([['s-1', 'created', 'm-source']]);
  });

  test.each(['Forbidden.RAM', 'SnapshotCreatedDisk'])(
    'refused with %s → attention; the others are removed',
    async (code) => {
      cloud.addSnapshot(image, 's-2');
      let refusals = 1;
      cloud.refuse = (action) => (action === 'DeleteSnapshot' && refusals-- > 0 ? code : null);
      await expect(cleanUp()).rejects.toMatchObject({
        type: 'attention',
        details: [expect.objectContaining({ code, message: expect.stringContaining('snapshot s-1 in cn-hangzhou') })],
      });
      expect(snapshotsOfLedger().map(([key, status]) => `${key} ${status}`)).toEqual(['s-1 created', 's-2 removed']);
    },
  );

  test('accepted by the cloud without effect → attention, never taken for removed', async () => {
    Object.assign(runner.deps.settings, { patienceMs: 20 });
    const { ecs } = cloud;
    cloud.ecs = (region) => ({ ...ecs.call(cloud, region), deleteSnapshot: async () => undefined });
    await expect(cleanUp()).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Cleanup.Unfinished' })],
    });
  });

  test('of a copy that failed and was made again → only the snapshots of the second copy are kept', async () => {
    cloud.copyEnds = () => 'CreateFailed';
    const { put } = cloud;
    cloud.put = (region, imageId, ...rest) => {
      const copy = put.call(cloud, region, imageId, ...rest);
      cloud.addSnapshot(copy, `s-of-${imageId}`);
      return copy;
    };
    await expect(distribute([FAR])).rejects.toMatchObject({ type: 'attention' });
    cloud.copyEnds = () => 'Available';
    await distribute([FAR]);
    await cleanUp(SUCCEEDED, [FAR]);
    expect(snapshotsOfLedger().filter(([key]) => key !== 's-1')).toEqual([
      ['s-of-m-copy-1', 'removed', 'm-copy-1'],
      ['s-of-m-copy-2', 'kept', 'm-copy-2'],
    ]);
    expect(cloud.snapshots.has('s-of-m-copy-1')).toBe(false);
  });

  test('of a cancelled import that keeps its image → the snapshots are kept', async () => {
    await watch();
    await cleanUp({ ...CANCELLED, keepImage: true });
    expect(snapshotsOfLedger()).toEqual([['s-1', 'kept', 'm-source']]);
    expect(cloud.snapshots.size).toBe(1);
  });
});
