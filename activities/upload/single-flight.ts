/** Single-flight: concurrent calls with the same name share one execution. */
import { abortable } from '../../sources/abortable.js';

export interface SingleFlight<Result> {
  /** Joins the running work of this name, or starts it. If the caller that started it is cancelled, a waiting caller starts it again. */
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
