import { afterEach, expect, test } from 'vitest';
import { isShared, withBuffers } from '../../../alibaba/upload/buffers.js';
import type { BufferPair } from '../../../sources/source.js';

/** The parts that keep their buffers. */
const ends: (() => void)[] = [];
const parts: Promise<void>[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await Promise.all(parts.splice(0));
});

/** Resolves with the buffers of a part that keeps them. */
function slowPart(maxWaitMs: number): Promise<BufferPair> {
  return new Promise((resolve) => {
    const part = withBuffers(async (pair) => {
      resolve(pair);
      await new Promise<void>((end) => ends.push(end));
    }, maxWaitMs);
    parts.push(part);
  });
}

async function takeAll(): Promise<void> {
  while (isShared((await slowPart(0))[0]));
}

test('slow parts keep all shared buffers → the next part gets small ones of its own', async () => {
  await takeAll();
  const [first, second] = await slowPart(10);
  expect([first, second].map(isShared)).toEqual([false, false]);
  expect(first.buffer).not.toBe(second.buffer);
  expect(first.byteLength).toBeLessThanOrEqual(256 * 1024);
});

test('a shared buffer becomes free while a part waits → the part gets it', async () => {
  await takeAll();
  const waiting = slowPart(10_000);
  ends.shift()?.();
  expect(isShared((await waiting)[0])).toBe(true);
});
