/** The minimum rate of a web source: a server that sends a byte now and then must not hold a worker for days. */
import { sourceFailure } from './source.js';

export interface RateLimits {
  readonly minBytesPerSecond: number;
  /** The rate is measured over this time, in ms. */
  readonly windowMs: number;
}

export const RATE_LIMITS: RateLimits = { minBytesPerSecond: 1024, windowMs: 60_000 };

/** Measures only the time in which the source has to act: between `resume` and `pause`. */
export interface RateFloor {
  resume(): void;
  pause(): void;
  /** Throws `Source.TooSlow` if too few bytes have arrived in the window. */
  received(bytes: number): void;
  /** No byte came at all: an outage, which is retried, and no low rate. */
  outage(): void;
}

export function createRateFloor(
  name: string,
  { minBytesPerSecond, windowMs }: RateLimits,
  now: () => number = () => performance.now(),
): RateFloor {
  let waitedMs = 0;
  let bytes = 0;
  let since: number | null = null;
  const account = () => {
    const time = now();
    if (since !== null) waitedMs += time - since;
    if (since !== null) since = time;
  };
  const restart = () => {
    waitedMs = 0;
    bytes = 0;
  };
  return {
    resume() {
      since ??= now();
    },
    pause() {
      account();
      since = null;
    },
    received(count) {
      account();
      bytes += count;
      if (waitedMs < windowMs) return;
      const rate = (bytes * 1000) / waitedMs;
      if (rate < minBytesPerSecond) {
        throw sourceFailure(
          'TooSlow',
          `${name} sent ${bytes} bytes in ${Math.round(waitedMs / 1000)} s, less than ${minBytesPerSecond} bytes per second`,
        );
      }
      restart();
    },
    outage() {
      account();
      restart();
    },
  };
}
