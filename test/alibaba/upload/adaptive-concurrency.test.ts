import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createAdaptiveConcurrency, runConcurrently } from '../../../alibaba/upload/adaptive-concurrency.js';

/** Lets `seconds` pass on a link that takes `rateOf(concurrency)` bytes a second. */
function drive(rateOf: (concurrency: number) => number, seconds: number, most = 12) {
  let now = 0;
  const concurrency = createAdaptiveConcurrency(4, most, () => now);
  for (let tick = 0; tick < seconds * 10; tick++) {
    now += 100;
    concurrency.sent(rateOf(concurrency.limit) / 10);
  }
  return concurrency;
}

describe('concurrent parts', () => {
  test('increase while one more makes the upload faster', () => {
    expect(drive((concurrency) => concurrency * 1e6, 60).limit).toBe(12);
  });

  test('stay near the number that fills the link', () => {
    const { limit } = drive((concurrency) => Math.min(concurrency, 6) * 1e6, 120);
    expect(limit).toBeGreaterThanOrEqual(6);
    expect(limit).toBeLessThanOrEqual(7);
  });

  test('are halved after errors, but never below one', () => {
    const concurrency = createAdaptiveConcurrency(4, 12);
    for (let count = 0; count < 5; count++) concurrency.decrease();
    expect(concurrency.limit).toBe(1);
  });
});

describe('runConcurrently', () => {
  test('runs all jobs, never more than the limit at a time', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await runConcurrently(
      [1, 2, 3, 4, 5, 6, 7],
      () => 3,
      new AbortController().signal,
      async (job) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        done.push(job);
      },
    );
    expect(most).toBe(3);
    expect(done).toHaveLength(7);
  });

  test('one job fails → the others are aborted, and the failure is thrown when all have ended', async () => {
    let stopped = 0;
    const run = runConcurrently(
      [0, 1, 2, 3],
      () => 4,
      new AbortController().signal,
      async (job, signal) => {
        if (job === 2) {
          await nextTurn();
          throw new Error('job 2 failed');
        }
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 5)));
        stopped++;
      },
    );
    await expect(run).rejects.toThrow('job 2 failed');
    expect(stopped).toBe(3);
  });
});
