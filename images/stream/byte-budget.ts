/** Limits the memory that compressed parts take in this process: first come, first served. */

export interface ByteBudget {
  /** Waits until so many bytes are free; more than the budget waits until all are. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<Share>;
}

export interface Share {
  /** Changes the share: fewer bytes are free for others immediately; more are granted without waiting, or two holders could wait for each other. */
  resize(bytes: number): void;
  release(): void;
}

export function createByteBudget(total: number): ByteBudget {
  let used = 0;
  const waiting: { readonly bytes: number; readonly grant: () => void }[] = [];

  const grantNext = () => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (used > 0 && used + next.bytes > total) return;
      waiting.shift();
      used += next.bytes;
      next.grant();
    }
  };

  const shareOf = (taken: number): Share => {
    let held = taken;
    const resize = (bytes: number) => {
      used += bytes - held;
      held = bytes;
      grantNext();
    };
    return { resize, release: () => resize(0) };
  };

  return {
    async take(bytes, signal) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const request = {
          bytes,
          grant: () => {
            signal.removeEventListener('abort', abort);
            resolve();
          },
        };
        const abort = () => {
          waiting.splice(waiting.indexOf(request), 1);
          reject(signal.reason);
          grantNext();
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting.push(request);
        grantNext();
      });
      return shareOf(bytes);
    },
  };
}
