/** Adapts how many parts are sent concurrently: one more while that makes the upload faster, half as many after errors. */
import { setMaxListeners } from 'node:events';

export interface AdaptiveConcurrency {
  readonly limit: number;
  /** Call it with the bytes that were sent. */
  sent(bytes: number): void;
  /** Call it when a part failed in a way that fewer connections may fix. */
  decrease(): void;
}

const WINDOW_MS = 2_000;
/** One more part at a time stays only if it makes the upload faster by this factor. */
const MIN_SPEEDUP = 1.05;
const REST_WINDOWS = 10;

export function createAdaptiveConcurrency(
  start: number,
  most: number,
  now: () => number = () => performance.now(),
): AdaptiveConcurrency {
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
    if (widened && rate < rateBefore * MIN_SPEEDUP) {
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
    decrease() {
      limit = Math.max(1, Math.floor(limit / 2));
      widened = false;
      resting = REST_WINDOWS;
    },
  };
}

/**
 * Starts the jobs in order, at most `limit()` at a time; the limit may change meanwhile. The next job is requested when
 * fewer are running, and the source of the jobs is closed when all have ended. The first failure aborts the others through
 * their signal, and is thrown when all have ended.
 */
export async function runConcurrently<Job>(
  jobs: Iterable<Job> | AsyncIterable<Job>,
  limit: () => number,
  signal: AbortSignal,
  run: (job: Job, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  // Every part adds a listener.
  setMaxListeners(0, all);
  const running = new Set<Promise<void>>();
  try {
    for await (const job of jobs) {
      all.throwIfAborted();
      const done: Promise<void> = run(job, all)
        .catch((reason: unknown) => stop.abort(reason))
        .finally(() => running.delete(done));
      running.add(done);
      while (running.size >= limit() && !all.aborted) await Promise.race(running);
      all.throwIfAborted();
    }
    await Promise.all(running);
    all.throwIfAborted();
  } finally {
    stop.abort(new Error('another part failed'));
    await Promise.all(running);
  }
}
