/**
 * Heartbeats of an activity: seldom enough that they cost the server little, and a few in a row when a cancel was recorded,
 * because Temporal tells an activity of a cancel with the response to a heartbeat.
 */
import type { Context } from '@temporalio/activity';
import type { CancelNotices } from '../store/cancel-notices.js';

/** A short timeout needs more heartbeats, so that a short load peak does not exceed it. */
const SHORT_TIMEOUT_MS = 8_000;
const BEATS_PER_SHORT_TIMEOUT = 4;
const BEATS_PER_TIMEOUT = 2;
/** The SDK's default for the shortest time between two heartbeats. What is left of a long timeout outlasts any load peak. */
const LONG_TIMEOUT_MS = 60_000;
const SHARE_OF_LONG_TIMEOUT = 0.8;
/** After a cancel was recorded: the workflow requests it a moment later, and the SDK sends at most one heartbeat a second. */
const CANCEL_BEATS_MS = [50, 1_100, 2_200, 4_400];

export interface CancelledBy {
  /** Absent: cancels arrive with the regular heartbeats. */
  readonly notices: Pick<CancelNotices, 'subscribe'> | undefined;
  /** Of the import or batch. */
  readonly id: string;
}

/**
 * Sends `details()` until the returned function is called.
 * @param cancelledBy absent: the activity belongs to no import or batch
 */
export function startHeartbeats(context: Context, details: () => unknown, cancelledBy?: CancelledBy): () => void {
  const beat = () => context.heartbeat(details());
  const regular = setInterval(beat, heartbeatEveryMs(context.info.heartbeatTimeoutMs));
  let extra: NodeJS.Timeout[] = [];
  const unsubscribe = cancelledBy?.notices?.subscribe(cancelledBy.id, () => {
    for (const timer of extra) clearTimeout(timer);
    extra = CANCEL_BEATS_MS.map((ms) => setTimeout(() => context.cancellationSignal.aborted || beat(), ms));
  });
  return () => {
    clearInterval(regular);
    for (const timer of extra) clearTimeout(timer);
    unsubscribe?.();
  };
}

/** @param timeoutMs of the heartbeat; absent: an activity without one needs none, and a cancel reaches it within this time */
export function heartbeatEveryMs(timeoutMs = SHORT_TIMEOUT_MS): number {
  if (timeoutMs >= LONG_TIMEOUT_MS) return timeoutMs * SHARE_OF_LONG_TIMEOUT;
  return timeoutMs / (timeoutMs < SHORT_TIMEOUT_MS ? BEATS_PER_SHORT_TIMEOUT : BEATS_PER_TIMEOUT);
}
