/** How the workflow calls activities: they are retried until they say that a retry cannot help. */
import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { BatchActivities, PageWaiters } from '../activities/batch/index.js';
import type { ImportActivities } from '../activities/index.js';
import type { Pace } from '../domain/process-names.js';

function options(taskQueue: string, pace: Pace): ActivityOptions {
  return {
    taskQueue,
    // The bound on a single try is its heartbeat: an upload may rightly take days.
    startToCloseTimeout: '30 days',
    heartbeatTimeout: pace.heartbeatTimeoutMs,
    retry: { initialInterval: pace.retryFirstMs, maximumInterval: pace.retryMaxMs, backoffCoefficient: 2 },
  };
}

/** Cancelled only once they say so: what they were writing to the cloud is then written or not, but no longer under way. */
export function activitiesOn(taskQueue: string, pace: Pace) {
  return proxyActivities<ImportActivities>({
    ...options(taskQueue, pace),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

/** Thousands wait at once, each sign of life is a write to Temporal's database, and one that is lost costs nothing but time. */
const PATIENCE_WITH_WATCHERS = 2;

/** These only read: on cancel nobody waits for them. */
export function watchersOn(taskQueue: string, pace: Pace) {
  return proxyActivities<Pick<ImportActivities, 'watchImport' | 'detect'>>({
    ...options(taskQueue, pace),
    heartbeatTimeout: PATIENCE_WITH_WATCHERS * pace.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}

/** What a batch does with the record and with its imports: short, or as long as there are imports to tell. */
export function batchActivitiesOn(taskQueue: string, pace: Pace) {
  return proxyActivities<BatchActivities>(options(taskQueue, pace));
}

/** Waits for room in a batch: may rightly take days, and costs nothing while it does. */
export function pageWaitersOn(taskQueue: string, pace: Pace) {
  return proxyActivities<PageWaiters>({
    ...options(taskQueue, pace),
    // A page that was given out although the look was to end must be started all the same.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}
