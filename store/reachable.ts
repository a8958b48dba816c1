/** Waits for the servers that a process needs. The error names the server that is unreachable. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config/environment.js';

export interface Patience {
  /** The maximum time to wait; ms. */
  readonly forMs: number;
  /** Interval between two attempts; ms. */
  readonly everyMs: number;
  /** Ends the wait: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export async function untilReachable<T>(
  what: string,
  remedy: string,
  { forMs, everyMs, signal }: Patience,
  connect: () => Promise<T>,
): Promise<T> {
  const until = Date.now() + forMs;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      // Waiting does not fix a wrong setting.
      if (error instanceof ConfigError) throw error;
      if (Date.now() >= until) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new UnreachableError(`${what} cannot be reached: ${reason || 'connection refused'}. ${remedy}`, {
          cause: error,
        });
      }
    }
    signal?.throwIfAborted();
    await sleep(everyMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
