/** Boot checks for a worker: one at a time, for each takes memory and processors of its host for minutes. */
import { bootCheck } from './boot-check.js';

export type CheckBoot = typeof bootCheck;

export function createBootChecker(check: CheckBoot = bootCheck): CheckBoot {
  let last: Promise<unknown> = Promise.resolve();
  return async (file, inspection, options = {}) => {
    const before = last;
    let done = () => {};
    last = new Promise<void>((resolve) => {
      done = resolve;
    }).then(() => before);
    try {
      await unlessAborted(before, options.signal);
      return await check(file, inspection, options);
    } finally {
      done();
    }
  };
}

/** Waits, but not longer than the signal allows. */
function unlessAborted(turn: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    void turn.then(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
  });
}
