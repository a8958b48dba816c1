/** Trying a call again within one upload, so that a blip costs one part and not the whole attempt. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Failure, FailureError } from '../../domain/errors/failure.js';

export interface RetrySettings {
  /** Calls in all, the first included. */
  readonly tries: number;
  /** Waits double from the first to the longest; each is drawn between half and the whole. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The token was taken from the source just before it ran out: the next request asks the source again. */
const STALE_CREDENTIALS = new Set(['SecurityTokenExpired', 'InvalidSecurityToken', 'InvalidSecurityToken.Expired']);

export function isWorthRetrying(failure: Failure): boolean {
  return failure.class === 'transient' || failure.class === 'throttled' || STALE_CREDENTIALS.has(failure.code);
}

export async function withRetries<Result>(
  settings: RetrySettings,
  signal: AbortSignal,
  call: () => Promise<Result>,
  onFailure: (failure: Failure) => void = () => undefined,
): Promise<Result> {
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof FailureError) || signal.aborted) throw error;
      onFailure(error.failure);
      if (tried >= settings.tries || !isWorthRetrying(error.failure)) throw error;
      const backoff = Math.min(settings.maxMs, settings.firstMs * 2 ** (tried - 1));
      const waitMs = Math.max(backoff * (0.5 + Math.random() / 2), error.failure.retryAfterMs ?? 0);
      await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
