/** How many parts are under way at once: one more while that makes the upload faster, half as many when it hurts. */
import { setMaxListeners } from 'node:events';

export interface LaneCount {
  readonly limit: number;
  /** Bytes that the link has taken. */
  sent(bytes: number): void;
  /** A part failed in a way that fewer connections may mend. */
  trouble(): void;
}

const WINDOW_MS = 2_000;
/** A further lane stays only if it makes the upload so much faster. */
const WORTH = 1.05;
const REST_WINDOWS = 10;

export function adaptiveLanes(start: number, most: number, now: () => number = () => performance.now()): LaneCount {
  let limit = start;
  let windowStart = now();
  let windowBytes = 0;
  let rateBefore = 0;
  let widened = false;
  let resting = 0;

  const endWindow = (time: number) => {
    const rate = windowBytes / (time - windowStart);
    windowStart = time;
    windowBytes = 0;
    if (widened && rate < rateBefore * WORTH) {
      limit = Math.max(1, limit - 1);
      widened = false;
      resting = REST_WINDOWS;
      return;
    }
    rateBefore = rate;
    resting = Math.max(0, resting - 1);
    widened = resting === 0 && limit < most;
    if (widened) limit += 1;
  };

  return {
    get limit() {
      return limit;
    },
    sent(bytes) {
      windowBytes += bytes;
      const time = now();
      if (time - windowStart >= WINDOW_MS) endWindow(time);
    },
    trouble() {
      limit = Math.max(1, Math.floor(limit / 2));
      widened = false;
      resting = REST_WINDOWS;
    },
  };
}

/**
 * Runs the jobs in order of their index, `limit()` at a time; that may change while they run. The first failure aborts
 * the others through the signal they are given, and is thrown when all have ended.
 */
export async function runInLanes<Job>(
  jobs: readonly Job[],
  limit: () => number,
  signal: AbortSignal,
  run: (job: Job, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  // Every part listens.
  setMaxListeners(0, all);
  const running = new Set<Promise<void>>();
  let next = 0;
  try {
    while (next < jobs.length || running.size > 0) {
      all.throwIfAborted();
      while (running.size < limit() && next < jobs.length) {
        const job = jobs[next++];
        if (job === undefined) break;
        const done: Promise<void> = run(job, all).finally(() => running.delete(done));
        running.add(done);
      }
      await Promise.race(running);
    }
  } finally {
    stop.abort(new Error('another part failed'));
    await Promise.allSettled(running);
  }
}
