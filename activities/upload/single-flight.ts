/** Work that several want at the same time, done by one of them. */

import { abortable } from '../../sources/abortable.js';

export interface Once<Result> {
  /** Joins work of this name that is under way, else does it. What was begun by one that was cancelled is begun anew. */
  once(name: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
}

export function createOnce<Result>(): Once<Result> {
  const underWay = new Map<string, Promise<Result>>();
  return {
    async once(name, signal, work) {
      for (;;) {
        signal.throwIfAborted();
        const other = underWay.get(name);
        if (other === undefined) {
          const own = work().finally(() => underWay.delete(name));
          underWay.set(name, own);
          return await own;
        }
        const ended = other.then(
          (value) => ({ value }),
          () => null,
        );
        const result = await abortable(ended, signal);
        if (result !== null) return result.value;
      }
    },
  };
}
