import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CLUSTER_BYTES, CLUSTERS_PER_SEGMENT, PLAIN } from '../../../images/stream/layout.js';
import { BLOCK_BYTES, createPartMemory, type PartBlocks, type PartMemory } from '../../../images/stream/part-memory.js';
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
  const memory = createPartMemory({ segments: 3 });
  const first = await memory.take(2, signal, upload);
  const second = await memory.take(1, signal, upload);
  const blocks = [...first.segments, ...second.segments].flatMap((one) => one.blocks);
  expect(new Set(blocks).size).toBe(memory.bytes.byteLength / BLOCK_BYTES);
  const third = memory.take(1, signal, upload);
  expect(await isPending(third)).toBe(true);
  second.release();
  expect(new Set((await third).segments[0]?.blocks)).toEqual(new Set(second.segments[0]?.blocks));
});

test('segments that became smaller → their other blocks are for other parts; released twice → given back once', async () => {
  const memory = createPartMemory({ segments: 2 });
  const part = await memory.take(2, signal, upload);
  for (const { blocks, keepOnly } of part.segments) keepOnly([pieceIn(blocks[3])]);
  const next = await memory.take(1, signal, upload);
  for (const { blocks } of part.segments) expect(next.segments[0]?.blocks).not.toContain(blocks[3]);
  for (const one of [part, part, next, next]) one.release();
  const all = await memory.take(2, signal, upload);
  expect(new Set(all.segments.flatMap(({ blocks }) => blocks)).size).toBe(memory.bytes.byteLength / BLOCK_BYTES);
});

test('a large part waits first → a smaller one does not overtake it; an abort lets the next one continue', async () => {
  const memory = createPartMemory({ segments: 2 });
  const held = await memory.take(1, signal, upload);
  const stop = new AbortController();
  const large = memory.take(2, stop.signal, upload);
  const small = memory.take(1, signal, upload);
  expect(await isPending(small)).toBe(true);
  stop.abort(new Error('cancelled'));
  await expect(large).rejects.toThrow('cancelled');
  expect((await small).segments).toHaveLength(1);
  held.release();
});

test('an upload has all blocks, and more parts that wait → what it gives back is for the other upload until both have as much', async () => {
  const memory = createPartMemory({ segments: 4 });
  const [one, other] = [{}, {}];
  const stalled = await Promise.all([1, 1, 1, 1].map((count) => memory.take(count, signal, one)));
  const own = [1, 1].map((count) => memory.take(count, signal, one));
  const others = [1, 1, 1].map((count) => memory.take(count, signal, other));
  expect(memory.isWantedBesides(one)).toBe(true);
  stalled[0]?.release();
  stalled[1]?.release();
  const states = async () => await Promise.all([...own, ...others].map(isPending));
  expect(await states()).toEqual([true, true, false, false, true]);
  // Both have two: the one that waits for longer.
  stalled[2]?.release();
  expect(await states()).toEqual([false, true, false, false, true]);
  (await others[0])?.release();
  expect(await states()).toEqual([false, true, false, false, false]);
  expect(memory.isWantedBesides(one)).toBe(false);
});

describe('an upload waits while another one keeps', () => {
  const PATIENCE_MS = 1_000;
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  const memoryOf = (segments: number) => createPartMemory({ segments, patienceMs: PATIENCE_MS });
  const one = (memory: PartMemory, owner: object, count = 1) => memory.take(count, signal, owner);
  const reclaimed = (parts: readonly PartBlocks[]) => parts.map((part) => part.reclaimed.aborted);

  test('several parts → the last of them is reclaimed, until both have as much; each keeps one', async () => {
    const memory = memoryOf(4);
    const [slow, other] = [{}, {}];
    const parts = await Promise.all([1, 2, 3, 4].map(() => one(memory, slow)));
    const waiting = one(memory, other);
    vi.advanceTimersByTime(PATIENCE_MS / 2);
    expect(reclaimed(parts)).toEqual([false, false, false, false]);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(reclaimed(parts)).toEqual([false, false, false, true]);
    parts[3]?.release();
    const first = await waiting;
    const second = one(memory, other);
    vi.advanceTimersByTime(1.5 * PATIENCE_MS);
    expect(reclaimed(parts)).toEqual([false, false, true, true]);
    parts[2]?.release();
    const all = [...parts, first, await second];
    const third = one(memory, other);
    vi.advanceTimersByTime(20 * PATIENCE_MS);
    expect(reclaimed(all)).toEqual([false, false, true, true, false, false]);
    expect(await isPending(third)).toBe(true);
  });

  test('a reclaimed part that keeps its memory → another one is reclaimed after a while', async () => {
    const memory = memoryOf(3);
    const owner = {};
    const parts = [await one(memory, owner), await one(memory, owner), await one(memory, owner)];
    void one(memory, {});
    vi.advanceTimersByTime(1.5 * PATIENCE_MS);
    expect(reclaimed(parts)).toEqual([false, false, true]);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(reclaimed(parts)).toEqual([false, true, true]);
  });

  test('all memory for one part → it is reclaimed; half of it → it is not', async () => {
    const memory = memoryOf(4);
    const large = await one(memory, {}, 4);
    const owner = {};
    expect(memory.isShared(owner)).toBe(true);
    const waiting = one(memory, owner, 2);
    vi.advanceTimersByTime(1.5 * PATIENCE_MS);
    expect(reclaimed([large])).toEqual([true]);
    large.release();
    const half = await waiting;
    expect(memory.isShared(owner)).toBe(false);
    const other = await one(memory, {}, 2);
    void one(memory, {});
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    expect(reclaimed([half, other])).toEqual([false, false]);
  });

  test('a part that is nearly sent, and a larger one after it → neither is reclaimed for an upload that has more than the first', async () => {
    const memory = memoryOf(4);
    const [owner, other] = [{}, {}];
    const sent = await memory.take(2, signal, owner);
    for (const { blocks, keepOnly } of sent.segments) keepOnly([pieceIn(blocks[0])]);
    const built = await memory.take(2, signal, owner);
    const ofOther = await memory.take(1, signal, other);
    const waiting = memory.take(2, signal, other);
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    expect(reclaimed([sent, built])).toEqual([false, false]);
    ofOther.release();
    sent.release();
    built.release();
    (await waiting).release();
  });

  test('one part each for long → slow uploads leave a segment to the others, and take it only without them', async () => {
    const memory = memoryOf(3);
    const slow = [{}, {}, {}];
    const parts = await Promise.all(slow.map((owner) => one(memory, owner)));
    const quick = {};
    const waiting = one(memory, quick);
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    expect(reclaimed(parts)).toEqual([false, false, false]);
    vi.advanceTimersByTime(1.5 * PATIENCE_MS);
    expect(reclaimed(parts)).toEqual([false, false, true]);
    parts[2]?.release();
    let part = await waiting;
    const again = one(memory, slow[2] ?? {});
    for (let turn = 0; turn < 3; turn += 1) {
      part.release();
      expect(await isPending(again)).toBe(true);
      part = await one(memory, quick);
    }
    parts[0]?.release();
    expect((await again).segments).toHaveLength(1);
    part.release();
  });
});

test('a part that never fits → refused', async () => {
  await expect(createPartMemory({ segments: 2 }).take(3, signal, upload)).rejects.toThrow(RangeError);
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
