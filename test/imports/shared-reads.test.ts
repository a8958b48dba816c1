import { expect, test } from 'vitest';
import { createSharedReads } from '../../imports/shared-reads.js';

/** Reads that end when the test ends them, each with its number. */
function reads() {
  const begun: { readonly end: () => void; readonly fail: () => void }[] = [];
  const read = () => {
    const number = begun.length + 1;
    return new Promise<number>((resolve, reject) => {
      begun.push({ end: () => resolve(number), fail: () => reject(new Error(`read ${number} failed`)) });
    });
  };
  return { begun, read };
}

test('equal reads while one runs → they share the next one, which begins after they were requested', async () => {
  const { begun, read } = reads();
  const shared = createSharedReads<number>(60_000);
  const first = shared('a', read);
  const later = [shared('a', read), shared('a', read), shared('a', read)];
  expect(begun).toHaveLength(1);
  begun[0]?.end();
  expect(await first).toBe(1);
  await expect.poll(() => begun.length).toBe(2);
  const last = shared('a', read);
  begun[1]?.end();
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
  await expect.poll(() => begun.length).toBe(3);
  begun[2]?.end();
  expect(await last).toBe(3);
});

test('another key → a read of its own', async () => {
  const { begun, read } = reads();
  const shared = createSharedReads<number>(60_000);
  const both = [shared('a', read), shared('b', read)];
  for (const { end } of begun) end();
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test('a read that fails → only those that share it fail, and the next one begins', async () => {
  const { begun, read } = reads();
  const shared = createSharedReads<number>(60_000);
  const first = shared('a', read);
  const second = shared('a', read);
  begun[0]?.fail();
  await expect(first).rejects.toThrow('read 1 failed');
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.end();
  expect(await second).toBe(2);
});

test('a read that hangs → the next one does not wait for its end', async () => {
  const { begun, read } = reads();
  const shared = createSharedReads<number>(1);
  shared('a', read);
  const second = shared('a', read);
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.end();
  expect(await second).toBe(2);
});
