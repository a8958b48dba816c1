/** Waits for the servers that a process needs. Reports immediately which server is missing, why, and what to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config/environment.js';

export interface Patience {
  /** The maximum time to wait; ms. */
  readonly forMs: number;
  /** Interval between two attempts; ms. */
  readonly everyMs: number;
  /** Ends the wait: it rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Called when an attempt fails for another reason than before, and every 15 s. Gets what is wrong and the remedy, in one line. */
  readonly onWait?: ((problem: string) => void) | undefined;
}

/** Why a server cannot be used. */
export interface Unreachable {
  /** What is wrong and what to do, in one line. */
  readonly text: string;
  /** A setting or a permission is wrong: waiting seldom helps. */
  readonly isSetting: boolean;
}

export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** A server that is just being set up can reject a correct setting for a moment; ms. */
const SETTING_PATIENCE_MS = 10_000;
const REPEAT_MS = 15_000;

/**
 * Retries `connect`. Rejects with `UnreachableError` after the patience, with `ConfigError` if a setting stays wrong, and
 * immediately with a `ConfigError` of `connect`.
 */
export async function untilReachable<T>(
  explain: (error: unknown) => Unreachable,
  { forMs, everyMs, signal, onWait = () => undefined }: Patience,
  connect: () => Promise<T>,
): Promise<T> {
  let startedAt = Date.now();
  let reported = '';
  let reportedAt = 0;
  for (;;) {
    const attemptedAt = Date.now();
    try {
      return await connect();
    } catch (error) {
      // Waiting does not fix a wrong setting.
      if (error instanceof ConfigError) throw error;
      signal?.throwIfAborted();
      const { text, isSetting } = explain(error);
      // It had reached the server, for example for a migration that takes long.
      if (!isSetting && Date.now() - attemptedAt > forMs) startedAt = Date.now();
      const limitMs = isSetting ? Math.min(forMs, SETTING_PATIENCE_MS) : forMs;
      if (Date.now() - startedAt >= limitMs) {
        if (isSetting) throw new ConfigError(text, { cause: error });
        throw new UnreachableError(text, { cause: error });
      }
      if (reported !== text || Date.now() - reportedAt >= REPEAT_MS) {
        reported = text;
        reportedAt = Date.now();
        onWait(`${text}. Trying again for ${Math.ceil((limitMs - (Date.now() - startedAt)) / 1_000)} s`);
      }
    }
    signal?.throwIfAborted();
    await sleep(everyMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
