/** Waits for the servers that a process needs. The error names the server that is unreachable. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config/environment.js';

export interface Patience {
  /** The maximum time to wait; ms. */
  readonly forMs: number;
  /** Interval between two attempts; ms. */
  readonly everyMs: number;
}

export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export async function untilReachable<T>(
  what: string,
  remedy: string,
  patience: Patience,
  connect: () => Promise<T>,
): Promise<T> {
  const until = Date.now() + patience.forMs;
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
      await sleep(patience.everyMs);
    }
  }
}
