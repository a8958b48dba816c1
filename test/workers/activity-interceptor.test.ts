/** What happens to an activity that has blocked several workers, and then a process of its own. */
import { expect, test } from 'vitest';
import { fail } from '../../domain/errors/index.js';
import { supervise } from '../../workers/activity-interceptor.js';
import { activityRunner, FakeCloud } from '../support/activities/distribution-cloud.js';
import { quietEnvironment } from '../support/activities/quiet-environment.js';

const blocked = () => Promise.reject(fail('Worker.ActivityBlocked', 'the activity has blocked its process'));

/** Runs the activity as a worker does that has counted its blocked attempts. */
async function runIsolated(activityType: string, args: unknown[]): Promise<unknown> {
  const { context } = quietEnvironment({ activityType });
  const { deps } = activityRunner(new FakeCloud());
  const supervision = { startWatchdog: () => Promise.reject(new Error('unused')) as never, runAlone: blocked };
  const { inbound } = supervise(
    supervision,
    () => null,
    () => true,
    deps,
  )(context);
  if (inbound?.execute === undefined) throw new Error('no interceptor');
  return await inbound.execute({ args, headers: {} }, () => Promise.reject(new Error('not in this process')));
}

test('the choice of the next items of a batch → the batch stops for attention, and its earlier failures stay forgiven', async () => {
  expect(await runIsolated('nextPage', [{ batchId: 'bat-1', page: 3, policy: {}, forgiven: 2 }])).toEqual({
    kind: 'hold',
    failed: 2,
    reason: {
      code: 'Worker.ActivityBlocked',
      message: 'the activity has blocked its process',
      remedy: expect.stringContaining('ecs-image-import batch resume bat-1'),
    },
  });
});

test('a write of a batch → repeated later', async () => {
  await expect(runIsolated('noteBatch', [{ batchId: 'bat-1' }])).rejects.toMatchObject({
    type: 'Worker.ActivityBlocked',
    nonRetryable: false,
  });
});
