/** A FIFO semaphore. It limits how many disks a worker uploads concurrently, across imports. */

export interface Semaphore {
  /**
   * Waits in FIFO order; rejects with the signal's reason when aborted. The body may call `release` before it ends, when it
   * no longer needs its permit.
   */
  use<Result>(signal: AbortSignal, body: (release: () => void) => Promise<Result>): Promise<Result>;
}

export function createSemaphore(count: number): Semaphore {
  let free = count;
  const waiting: (() => void)[] = [];

  const take = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const mine = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        waiting.splice(waiting.indexOf(mine), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      waiting.push(mine);
    });
  };

  return {
    async use(signal, body) {
      await take(signal);
      let isHeld = true;
      const release = () => {
        if (!isHeld) return;
        isHeld = false;
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      };
      try {
        return await body(release);
      } finally {
        release();
      }
    },
  };
}
