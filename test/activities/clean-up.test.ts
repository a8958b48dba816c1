/** Cleanup of images and copies: every resource is attempted, and what remains is reported with the commands that remove it. */
import { beforeEach, expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import type { LedgerWrite } from '../../domain/ledger.js';
import type { Ending } from '../../domain/plan.js';
import { activityRunner, FakeCloud, HOME, REQUEST } from '../support/activities/distribution-cloud.js';

const STEP = { importId: 'imp-1', version: 1, phase: 'distribution' } as const;
const TAGS = { 'ecs-image-import': 'imp-1' };
const CANCELLED: Ending = { outcome: 'cancelled', error: null, keepImage: false };
const image = { kind: 'image', key: 'web-01', regionId: HOME } as const;

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
});

const record = (entry: LedgerWrite) => runner.store.record(STEP, entry);
const copyIn = async (regionId: string) => {
  const imageId = `m-${regionId}`;
  cloud.put(regionId, imageId, 'Available', TAGS);
  await record({ kind: 'copy', key: `${regionId}/web-01`, regionId, status: 'created', detail: { imageId } });
};
const cleanUp = (ending = CANCELLED) =>
  runner.run(createCleanUp(runner.deps), { importId: 'imp-1', step: 9, request: REQUEST, attempt: 1 }, ending);
const statuses = () => Object.fromEntries(runner.ledger.map(({ key, status }) => [key, status]));

test('a copy that cannot be removed → other copies removed, the image not yet, and the commands are reported', async () => {
  await record({ ...image, status: 'created', detail: { imageId: 'm-source' } });
  await copyIn('cn-beijing');
  await copyIn('cn-shanghai');
  cloud.refuse = (action, region) => (action === 'DeleteImage' && region === 'cn-beijing' ? 'Forbidden.RAM' : null);
  await expect(cleanUp()).rejects.toMatchObject({
    type: 'attention',
    details: [
      expect.objectContaining({
        message: expect.stringContaining(
          'Remaining resources: image m-source in cn-hangzhou, copy m-cn-beijing in cn-beijing',
        ),
        remedy: expect.stringContaining(
          'aliyun ecs DeleteImage --RegionId cn-beijing --ImageId m-cn-beijing --Force true',
        ),
      }),
    ],
  });
  expect(statuses()).toEqual({ 'web-01': 'created', 'cn-beijing/web-01': 'created', 'cn-shanghai/web-01': 'removed' });
});

test('an accepted deletion that never takes effect → Cleanup.Unfinished after the patience', async () => {
  await record({ ...image, status: 'created', detail: { imageId: 'm-source' } });
  Object.assign(runner.deps.settings, { patienceMs: 20 });
  const { ecs } = cloud;
  cloud.ecs = (region) => ({ ...ecs.call(cloud, region), deleteImage: async () => undefined });
  await expect(cleanUp()).rejects.toMatchObject({
    details: [expect.objectContaining({ code: 'Cleanup.Unfinished', class: 'attention' })],
  });
});

test('a removed image of an earlier request → stays removed when the import succeeds', async () => {
  await record({ ...image, key: 'old-name', status: 'removed', detail: { imageId: 'm-old' } });
  await record({ ...image, status: 'created', detail: { imageId: 'm-source' } });
  await cleanUp({ outcome: 'succeeded', error: null, keepImage: true });
  expect(statuses()).toEqual({ 'old-name': 'removed', 'web-01': 'kept' });
});
