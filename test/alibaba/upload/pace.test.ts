import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Clock, createPace } from '../../../alibaba/upload/pace.js';

/** A clock that moves only when somebody sleeps, to the earliest of those who do. */
function simulatedClock(): Clock & { run(work: readonly Promise<unknown>[]): Promise<void> } {
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

const signal = new AbortController().signal;

test('all lanes of a process together keep to the rate within 10 %', async () => {
  const chunk = 512 * 1024;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 100_000, max: 500_000_000 }),
      fc.integer({ min: 1, max: 12 }),
      async (rate, lanes) => {
        const clock = simulatedClock();
        const pace = createPace(rate, clock);
        const chunks = 40;
        const lane = async () => {
          for (let sent = 0; sent < chunks; sent++) await pace(chunk, signal);
        };
        await clock.run(Array.from({ length: lanes }, lane));
        const seconds = clock.now() / 1000;
        // What goes out before the first wait is on top.
        const speed = ((lanes * chunks - 1) * chunk) / seconds;
        expect(speed / rate).toBeGreaterThan(0.9);
        expect(speed / rate).toBeLessThan(1.1);
      },
    ),
    { numRuns: 20 },
  );
});

test('a pause earns no burst', async () => {
  const clock = simulatedClock();
  const pace = createPace(1000, clock);
  await clock.run([pace(1000, signal)]);
  await clock.run([clock.sleep(60_000, signal)]);
  const from = clock.now();
  await clock.run([pace(1000, signal), pace(1000, signal), pace(1000, signal)]);
  expect(clock.now() - from).toBe(2000);
});

test('whoever waits for the rate is let go when cancelled', async () => {
  const pace = createPace(1);
  await pace(1000, signal);
  const cancel = new AbortController();
  const waiting = pace(1, cancel.signal);
  cancel.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
});
