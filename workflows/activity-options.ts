/** How workflows call activities: with retries until the activity reports that a retry cannot help. */
import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { BatchActivities, PageWaiters } from '../activities/batch/index.js';
import type { ImportActivities } from '../activities/index.js';
import type { ActivityTiming } from '../domain/process-names.js';
import { summaryOf } from '../domain/search-attributes.js';

/** How long one attempt may take, whatever its heartbeats say. A later attempt continues. */
export type AttemptLimit = '15 minutes' | '2 hours' | '30 days';

/** Some calls to the database or the cloud, each with a time limit and retries of its own. */
export const SHORT: AttemptLimit = '15 minutes';
/** Reads and inspects every disk, also from slow web servers, and waits for its turn. */
export const READING: AttemptLimit = '2 hours';
/** Uploads and waits for the cloud: they may take days. Without progress, an attempt ends by itself. */
const DAYS: AttemptLimit = '30 days';

export interface ActivityShown {
  /** For Temporal's UI. */
  readonly summary?: string;
  /** Default: 30 days. */
  readonly limit?: AttemptLimit;
  /** Default: that of the timing. */
  readonly heartbeatTimeoutMs?: number;
}

function options(
  taskQueue: string,
  pace: ActivityTiming,
  { summary, limit, heartbeatTimeoutMs = pace.heartbeatTimeoutMs }: ActivityShown = {},
): ActivityOptions {
  return {
    taskQueue,
    ...(summary === undefined ? {} : { summary: summaryOf(summary) }),
    startToCloseTimeout: limit ?? DAYS,
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: { initialInterval: pace.retryFirstMs, maximumInterval: pace.retryMaxMs, backoffCoefficient: 2 },
  };
}

/** A cancel waits until the activity has ended: no write to the cloud is then still under way. */
export function activitiesOn(taskQueue: string, pace: ActivityTiming, shown: ActivityShown = {}) {
  return proxyActivities<ImportActivities>({
    ...options(taskQueue, pace, shown),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

/**
 * Thousands wait concurrently for minutes, and each heartbeat is a write to Temporal's database and an action on the bill of
 * Temporal Cloud. With the default of 10 s: a heartbeat every two minutes. Another worker takes over that much later, which costs
 * only time; a cancel is notified through PostgreSQL. Short timeouts are those of tests.
 */
const LONG_HEARTBEAT_FACTOR = 15;
const SHORT_TIMEOUT_MS = 8_000;
const SHORT_TIMEOUT_FACTOR = 2;

/** The heartbeat timeout of an activity that waits for the cloud; ms. */
export function longTimeoutMs({ heartbeatTimeoutMs }: Pick<ActivityTiming, 'heartbeatTimeoutMs'>): number {
  return heartbeatTimeoutMs * (isShort({ heartbeatTimeoutMs }) ? SHORT_TIMEOUT_FACTOR : LONG_HEARTBEAT_FACTOR);
}

function isShort({ heartbeatTimeoutMs }: Pick<ActivityTiming, 'heartbeatTimeoutMs'>): boolean {
  return heartbeatTimeoutMs < SHORT_TIMEOUT_MS;
}

/** These create nothing, and change only an image that the cleanup then deletes or keeps: a cancel does not wait for them. */
export function watchersOn(taskQueue: string, pace: ActivityTiming, summary: string) {
  return proxyActivities<Pick<ImportActivities, 'watchImport' | 'detect'>>({
    ...options(taskQueue, pace, { summary, heartbeatTimeoutMs: longTimeoutMs(pace) }),
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}

/** A batch's work on the record and on its imports: short, or as long as there are imports to signal. */
export function batchActivitiesOn(taskQueue: string, pace: ActivityTiming) {
  return proxyActivities<BatchActivities>(options(taskQueue, pace));
}

/** A batch starts nothing for so long after the death of a worker: with the default of 10 s, half a minute. */
const BATCH_HEARTBEAT_FACTOR = 3;

/** Waits until a batch may start imports; may take days. */
export function pageWaitersOn(taskQueue: string, pace: ActivityTiming) {
  return proxyActivities<PageWaiters>({
    ...options(taskQueue, pace, {
      heartbeatTimeoutMs: pace.heartbeatTimeoutMs * (isShort(pace) ? 1 : BATCH_HEARTBEAT_FACTOR),
    }),
    // A page that the activity returned during a cancel must be started all the same.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}
