/** Serializes the boot checks of a worker: each takes much memory and CPU time of the host for minutes. */
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

/** Waits for `turn`; rejects if the signal aborts first. */
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
