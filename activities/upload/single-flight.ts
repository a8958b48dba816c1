/** Work that several callers need at the same time, done once for all of them. */
import { abortable } from '../../sources/abortable.js';

export interface SingleFlight<Result> {
  /** Joins the running work of this name, or starts it. Work whose starter was cancelled is started again by a waiting caller. */
  run(name: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
}

export function createSingleFlight<Result>(): SingleFlight<Result> {
  const running = new Map<string, Promise<Result>>();
  return {
    async run(name, signal, work) {
      for (;;) {
        signal.throwIfAborted();
        const other = running.get(name);
        if (other === undefined) {
          const own = work().finally(() => running.delete(name));
          running.set(name, own);
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
