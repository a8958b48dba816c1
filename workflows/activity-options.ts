/** How the workflow calls activities: they are retried until they say that a retry cannot help. */
import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
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

/** These only read: on cancel nobody waits for them. */
export function watchersOn(taskQueue: string, pace: Pace) {
  return proxyActivities<Pick<ImportActivities, 'watchImport' | 'detect'>>({
    ...options(taskQueue, pace),
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}
