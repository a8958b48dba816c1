import type { Clock } from '../../../../alibaba/upload/rate-limiter.js';

/** A clock that moves only when somebody sleeps, to the earliest of those who do. */
export function simulatedClock(): Clock & { run(work: readonly Promise<unknown>[]): Promise<void> } {
  let time = 0;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => time,
    sleep: (ms) => new Promise((wake) => sleepers.push({ at: time + ms, wake })),
    async run(work) {
      let done = false;
      const all = Promise.all(work).then(() => {
        done = true;
      });
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve));
        sleepers.sort((one, other) => one.at - other.at);
        const next = sleepers.shift();
        if (next === undefined) continue;
        time = next.at;
        next.wake();
      }
      await all;
    },
  };
}
