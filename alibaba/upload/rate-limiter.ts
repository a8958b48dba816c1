/** A rate limiter for all uploads of a process: they share one schedule. */
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when this many more bytes may be sent. */
export type RateLimiter = (bytes: number, signal: AbortSignal) => Promise<void>;

export const UNLIMITED: RateLimiter = () => Promise.resolve();

export interface Clock {
  /** Milliseconds; never goes back. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const SYSTEM: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted()),
};

/** Applies from the first byte on; bytes that were not sent during a pause are not made up for. */
export function createRateLimiter(bytesPerSecond: number, clock: Clock = SYSTEM): RateLimiter {
  let freeAt = clock.now();
  return async (bytes, signal) => {
    const now = clock.now();
    const from = Math.max(now, freeAt);
    freeAt = from + (bytes * 1000) / bytesPerSecond;
    if (from > now) await clock.sleep(from - now, signal);
  };
}
