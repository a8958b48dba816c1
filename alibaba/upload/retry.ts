/** Retries a call within one upload, so that a short outage costs one part and not the whole attempt. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, FailureError } from '../../domain/errors/failure.js';
import { isStale } from '../credentials.js';

export interface RetrySettings {
  /** Calls in total, including the first. */
  readonly maxAttempts: number;
  /** Delays double from the first to the longest; each is a random value between half and the whole. */
  readonly firstMs: number;
  readonly maxMs: number;
}

export function isRetriable(failure: Failure): boolean {
  // Another attempt of the step, or none, continues this upload.
  if (failure.code === 'Import.Superseded') return false;
  // The token expired between its use and the request: the next request gets a new one.
  return failure.class === 'transient' || failure.class === 'throttled' || isStale(failure);
}

export async function withRetries<Result>(
  settings: RetrySettings,
  signal: AbortSignal,
  call: () => Promise<Result>,
  onFailure: (failure: Failure) => void = () => undefined,
): Promise<Result> {
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof FailureError) || signal.aborted) throw error;
      onFailure(error.failure);
      if (attempts >= settings.maxAttempts || !isRetriable(error.failure)) throw error;
      const backoff = Math.min(settings.maxMs, settings.firstMs * 2 ** (attempts - 1));
      const waitMs = Math.max(backoff * (0.5 + Math.random() / 2), error.failure.retryAfterMs ?? 0);
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
