/** Writes that continue after a restart or a failover of the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseFailure, isConnectionLost } from './database-failure.js';

const EVERY_MS = 500;
/** Shorter than the time after which an arriving batch counts as one of a dead process. */
const PATIENCE_MS = 30_000;

/** Repeats a write while connections are lost. @param write may have been applied when its answer was lost */
export function whileLost<Result>(write: () => Promise<Result>): Promise<Result> {
  return repeatWhile(isConnectionLost, write);
}

/** Repeats a write in the background, also while locks are in the way. The next sweep does what remains. */
export function repeatLater(write: () => Promise<unknown>): void {
  repeatWhile((error) => databaseFailure(error) !== null, write).catch(() => undefined);
}

async function repeatWhile<Result>(passes: (error: unknown) => boolean, write: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!passes(error) || Date.now() >= until) throw error;
    }
    await sleep(EVERY_MS);
  }
}
