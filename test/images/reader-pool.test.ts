/** When the pool starts another inspection process, with processes and a clock of the test. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LONE_SYSTEM_DISK } from '../../images/inspection.js';
import { ReaderPool } from '../../images/reader-pool.js';
import type { Reading } from '../../images/reader-process.js';

const LIMITS = { timeLimitMs: 60_000, elapsedLimitMs: 60_000, memoryLimitMiB: 1024, outputLimitBytes: 1024 };
const WAIT_MS = 500;
const READING: Reading = {
  kind: 'inspection',
  image: { name: 'disk.qcow2', size: 1, read: async () => new Uint8Array(1) },
  context: LONE_SYSTEM_DISK,
  maxFetchedBytes: 1,
  bulkBytes: 0,
  signal: undefined,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** How many processes inspect the images, which all arrive at the same time, and in which order. */
async function inspect(images: number, msPerImage: number) {
  let started = 0;
  const order: string[] = [];
  const pool = new ReaderPool(LIMITS, 8, WAIT_MS, () => {
    started += 1;
    return {
      reusable: true,
      kill: () => undefined,
      ref: () => undefined,
      unref: () => undefined,
      read: async ({ image }) => {
        order.push(image.name);
        await new Promise((resolve) => setTimeout(resolve, msPerImage));
        return { reason: 'complete', detail: '', lines: [], begun: true };
      },
    };
  });
  const names = Array.from({ length: images }, (_, index) => `${index}`);
  const all = Promise.all(names.map((name) => pool.read({ ...READING, image: { ...READING.image, name } })));
  await vi.advanceTimersByTimeAsync(images * msPerImage);
  await all;
  return { started, order, names };
}

test.each([
  { images: 50, msPerImage: 5, processes: 1, why: 'none waits long' },
  { images: 50, msPerImage: 20, processes: 1, why: 'the last one is reached after a second' },
  { images: 200, msPerImage: 20, processes: 2, why: 'the last ones would wait for more than two seconds' },
  { images: 2, msPerImage: 3_000, processes: 2, why: 'none was read while it waited' },
])('$images images of $msPerImage ms → $processes processes: $why', async ({ images, msPerImage, processes }) => {
  const { started } = await inspect(images, msPerImage);
  expect(Math.min(started, 2)).toBe(processes);
});

test('more processes are started while images wait → the images are read in the order in which they came', async () => {
  const { order, names } = await inspect(200, 20);
  expect(order).toEqual(names);
});

test('the inspection is cancelled before it begins → no process is started for it', async () => {
  let started = 0;
  const pool = new ReaderPool(LIMITS, 8, WAIT_MS, () => {
    started += 1;
    throw new Error('not to be started');
  });
  const signal = AbortSignal.abort(new Error('cancelled'));
  await expect(pool.read({ ...READING, signal })).rejects.toThrow('cancelled');
  expect(started).toBe(0);
});
