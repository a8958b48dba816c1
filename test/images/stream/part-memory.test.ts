import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { CLUSTER_BYTES, CLUSTERS_PER_SEGMENT, PLAIN } from '../../../images/stream/layout.js';
import { BLOCK_BYTES, createPartMemory } from '../../../images/stream/part-memory.js';
import { compressed } from '../../support/images/stream/segment-bytes.js';

const { signal } = new AbortController();
const upload = {};
const pieceIn = (block: number | undefined) => ({ offset: (block ?? 0) * BLOCK_BYTES, length: CLUSTER_BYTES });
/** What a promise has become, once all that can happen without further calls has happened. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise(setImmediate);
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

test('parts that need all blocks → no block is in two of them, and the last one waits', async () => {
  const memory = createPartMemory(3);
  const first = await memory.take(2, signal, upload);
  const second = await memory.take(1, signal, upload);
  const blocks = [...first, ...second].flatMap((one) => one.blocks);
  expect(new Set(blocks).size).toBe(memory.bytes.byteLength / BLOCK_BYTES);
  const third = memory.take(1, signal, upload);
  expect(await isPending(third)).toBe(true);
  first[1]?.release();
  expect(new Set((await third)[0]?.blocks)).toEqual(new Set(first[1]?.blocks));
});

test('segments that became smaller → their other blocks are for other parts; released twice → given back once', async () => {
  const memory = createPartMemory(2);
  const parts = await memory.take(2, signal, upload);
  for (const { blocks, keepOnly } of parts) keepOnly([pieceIn(blocks[3])]);
  const [next] = await memory.take(1, signal, upload);
  expect(next?.blocks).not.toContain(parts[0]?.blocks[3]);
  expect(next?.blocks).not.toContain(parts[1]?.blocks[3]);
  for (const one of [...parts, ...parts, next, next]) one?.release();
  const all = await memory.take(2, signal, upload);
  expect(new Set(all.flatMap(({ blocks }) => blocks)).size).toBe(memory.bytes.byteLength / BLOCK_BYTES);
});

test('a large part waits first → a smaller one does not overtake it; an abort lets the next one continue', async () => {
  const memory = createPartMemory(2);
  const [held] = await memory.take(1, signal, upload);
  const stop = new AbortController();
  const large = memory.take(2, stop.signal, upload);
  const small = memory.take(1, signal, upload);
  expect(await isPending(small)).toBe(true);
  stop.abort(new Error('cancelled'));
  await expect(large).rejects.toThrow('cancelled');
  expect(await small).toHaveLength(1);
  held?.release();
});

test('an upload has all blocks, and more parts that wait → what it gives back is for the other upload until both have as much', async () => {
  const memory = createPartMemory(4);
  const [one, other] = [{}, {}];
  const stalled = await Promise.all([1, 1, 1, 1].map((count) => memory.take(count, signal, one)));
  const own = [1, 1].map((count) => memory.take(count, signal, one));
  const others = [1, 1, 1].map((count) => memory.take(count, signal, other));
  expect(memory.isWantedBesides(one)).toBe(true);
  stalled[0]?.[0]?.release();
  stalled[1]?.[0]?.release();
  const states = async () => await Promise.all([...own, ...others].map(isPending));
  expect(await states()).toEqual([true, true, false, false, true]);
  // Both have two: the one that waits for longer.
  stalled[2]?.[0]?.release();
  expect(await states()).toEqual([false, true, false, false, true]);
  (await others[0])?.[0]?.release();
  expect(await states()).toEqual([false, true, false, false, false]);
  expect(memory.isWantedBesides(one)).toBe(false);
});

test('a part that never fits → refused', async () => {
  await expect(createPartMemory(2).take(3, signal, upload)).rejects.toThrow(RangeError);
});

test.each([
  ['plain clusters only', () => randomBytes(CLUSTER_BYTES)],
  ['compressed clusters only', (index: number) => Buffer.alloc(CLUSTER_BYTES, `text ${index}`)],
  [
    'both, with holes',
    (index: number) =>
      index % 3 === 0 ? null : index % 3 === 1 ? randomBytes(CLUSTER_BYTES) : Buffer.alloc(CLUSTER_BYTES, `${index}`),
  ],
])('a segment of %s → its clusters in order, and zeros instead of what the blocks held before', (_, read) => {
  const contents = Array.from({ length: CLUSTERS_PER_SEGMENT }, (_unused, index) => read(index));
  const { body, clusters } = compressed(contents.length, (index) => contents[index] ?? null, 1);
  const isPlain = (_one: unknown, index: number) => clusters[index] === PLAIN;
  const plain = Buffer.concat(contents.filter(isPlain).flatMap((one) => one ?? []));
  expect(body.subarray(0, plain.length).equals(plain)).toBe(true);
  const bytes = clusters.reduce((sum, size) => sum + (size === PLAIN ? 0 : size), 0);
  expect(body.length).toBe(plain.length + Math.ceil(bytes / CLUSTER_BYTES) * CLUSTER_BYTES);
  expect(body.subarray(plain.length + bytes).every((byte) => byte === 0)).toBe(true);
});
