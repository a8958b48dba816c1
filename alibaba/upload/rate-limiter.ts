/** How fast a whole process may send: its uploads take turns on one schedule. */
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when so many further bytes may be sent. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>;

export const UNPACED: Pace = () => Promise.resolve();

export interface Clock {
  /** Milliseconds; never goes back. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const SYSTEM: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted()),
};

/** Keeps to the rate from the first byte on; what was not used while nothing was sent is not made up for. */
export function createPace(bytesPerSecond: number, clock: Clock = SYSTEM): Pace {
  let freeAt = clock.now();
  return async (bytes, signal) => {
    const now = clock.now();
    const from = Math.max(now, freeAt);
    freeAt = from + (bytes * 1000) / bytesPerSecond;
    if (from > now) await clock.sleep(from - now, signal);
  };
}
