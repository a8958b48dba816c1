/** Retries of one read of a web source: as many as it takes while bytes arrive, a few without any. */
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../domain/errors/failure.js';

export interface RetryLimits {
  /** Failures in a row, without a byte in between, after which the read fails. */
  readonly maxFailures: number;
  /** Waits double from the first to the longest; each is a random value between half and the whole. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

export const RETRY_LIMITS: RetryLimits = { maxFailures: 6, firstWaitMs: 200, maxWaitMs: 10_000 };

export interface Retries {
  /** Failures since the last progress. */
  readonly failures: number;
  /** Waits before the next attempt; throws the error if a retry does not help, or too many attempts made no progress. */
  waitAfter(error: unknown, madeProgress: boolean): Promise<void>;
}

/** @param isRetried whether a retry may help; by default, after temporary failures */
export function createRetries(
  { maxFailures, firstWaitMs, maxWaitMs }: RetryLimits,
  signal: AbortSignal,
  isRetried = isTemporary,
): Retries {
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    async waitAfter(error, madeProgress) {
      signal.throwIfAborted();
      if (!(error instanceof FailureError) || !isRetried(error)) throw error;
      failures = madeProgress ? 1 : failures + 1;
      const { retryAfterMs = 0 } = error.failure;
      // A longer wait is one of the whole step, which holds no connection and no buffers meanwhile.
      if (failures >= maxFailures || retryAfterMs > maxWaitMs) throw error;
      const backoff = Math.min(maxWaitMs, firstWaitMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
      await delay(Math.max(backoff, retryAfterMs), undefined, { signal }).catch(() => signal.throwIfAborted());
    },
  };
}

export function isTemporary({ failure }: FailureError): boolean {
  return failure.class === 'transient' || failure.class === 'throttled';
}
