/** Parts that give up their memory to another upload, and are built again. */
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { streamedParts } from '../../../activities/upload/streamed-parts.js';
import type { BuiltBody, BuiltPart } from '../../../alibaba/oss-api.js';
import { layoutOf, SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { createPartMemory } from '../../../images/stream/part-memory.js';
import { packRanges } from '../../../images/trim/trimmed-disk.js';
import { createForwardHash } from '../../../sources/forward-hash.js';
import type { SourceReader } from '../../../sources/source.js';
import { inProcessPool } from '../../support/images/stream/in-process-pool.js';

const PATIENCE_MS = 20;
const { signal } = new AbortController();

/** With 100 KB of noise in every segment. */
function diskOf(segments: number): Buffer {
  const content = Buffer.alloc(segments * SEGMENT_BYTES - 512);
  for (let at = 0; at < content.length; at += SEGMENT_BYTES) randomBytes(100_000).copy(content, at + 70_000);
  return content;
}

/** @param hash the disk is raw, and hashed while it is read */
function partsOf(
  content: Buffer,
  { segments, ranges, hash, stalled }: { segments: number; ranges: number; hash: boolean; stalled?: StalledSource },
) {
  const memory = createPartMemory({ segments, patienceMs: PATIENCE_MS });
  const read = (offset: number, length: number) => content.subarray(offset, offset + length);
  const reader: SourceReader = {
    ...{ name: 'disk.raw', size: content.length, version: null, remote: true, mustReadAll: false },
    guarantee: () => 'second-read',
    async *read(offset, length, _buffers, stop) {
      await stalled?.wait(offset, stop);
      yield read(offset, length);
    },
    check: async () => undefined,
    close: async () => undefined,
  };
  const source = { container: { format: 'RAW', virtualSize: content.length }, free: packRanges([]) };
  const pool = inProcessPool(undefined, memory);
  const disk = pool.open({ ...source, image: { kind: 'remote', size: content.length } }, async (offset, target) => {
    target.set(read(offset, target.byteLength));
  });
  const forward = hash ? createForwardHash(reader) : null;
  const parts = streamedParts({
    ...{ size: content.length, layout: layoutOf(content.length, ranges), disk, memory, forward },
    ...{
      builders: 1,
      bufferedSegments: 4,
      isHole: () => false,
      writer: { upload: 1, holder: 'one', sourceVersion: 'v1' },
    },
    choice: { next: () => 1, measured: () => undefined, describe: () => null },
    ranges: { claimLevel: async () => 1, note: async () => true, async *list() {} },
    ...{ check: async () => undefined, onProgress: () => undefined },
  });
  return { memory, parts, forward };
}

interface StalledSource {
  wait(offset: number, stop: AbortSignal): Promise<void>;
}

/** A source that sends nothing at first. `reading`: the segments that are requested. */
function stalledSource(): StalledSource & { reading(): readonly number[]; send(): void } {
  const reading = new Set<number>();
  const all = new EventEmitter().setMaxListeners(0);
  let isStalled = true;
  return {
    reading: () => [...reading].sort(),
    async wait(offset, stop) {
      if (!isStalled) return;
      reading.add(offset / SEGMENT_BYTES);
      await once(all, 'sent', { signal: stop }).finally(() => reading.delete(offset / SEGMENT_BYTES));
    },
    send() {
      isStalled = false;
      all.emit('sent');
    },
  };
}

async function bytesOf(body: BuiltBody): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of body.chunks()) pieces.push(Buffer.from(chunk));
  return Buffer.concat(pieces);
}

async function all(parts: AsyncIterable<BuiltPart>): Promise<readonly BuiltPart[]> {
  const found: BuiltPart[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

test.each([
  ['is read where it is needed', false],
  ['is hashed while it is read', true],
])(
  'another upload waits for the memory of a disk that %s → the last part is built again, from the same bytes',
  async (_, hash) => {
    const content = diskOf(2);
    const { memory, parts, forward } = partsOf(content, { segments: 2, ranges: 2, hash });
    const [first, second] = await all(parts.toBuild(new Set(), signal));
    const bodies = await Promise.all([first, second].map((part) => part?.build(signal)));
    const before = await Promise.all(bodies.map((body) => body && bytesOf(body)));
    const other = memory.take(2, signal, {});
    await expect.poll(() => bodies.map((body) => body?.reclaimed?.aborted)).toEqual([false, true]);
    for (const body of bodies) body?.release();
    const again = second?.build(signal);
    (await other).release();
    const built = await again;
    expect(built && (await bytesOf(built)).equals(before[1] ?? Buffer.alloc(0))).toBe(true);
    if (forward === null) return;
    expect(await forward.end(signal)).toBe(createHash('sha256').update(content).digest('hex'));
  },
);

test('the source is changed after a part was hashed → the part that is built again is refused', async () => {
  const content = diskOf(1);
  const { parts } = partsOf(content, { segments: 2, ranges: 1, hash: true });
  const [part] = await all(parts.toBuild(new Set(), signal));
  (await part?.build(signal))?.release();
  content[80_000] = (content[80_000] ?? 0) ^ 1;
  await expect(part?.build(signal)).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
});

test('a part with all of the memory is reclaimed → it is built again in half of it, while it is sent, to the same bytes', async () => {
  const { memory, parts } = partsOf(diskOf(4), { segments: 4, ranges: 1, hash: false });
  const [part] = await all(parts.toBuild(new Set(), signal));
  const whole = await part?.build(signal);
  const before = whole && (await bytesOf(whole));
  expect(whole?.length).toBe(before?.length);
  whole?.release();
  const other = await memory.take(2, signal, {});
  const half = await part?.build(signal);
  expect(half?.length).toBeNull();
  expect(half && (await bytesOf(half)).equals(before ?? Buffer.alloc(0))).toBe(true);
  half?.release();
  other.release();
});

describe('a source that is hashed while it is read, and sends nothing', () => {
  const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

  test('another upload waits for its memory → the last parts give it up, and are built after the ones before them', async () => {
    const content = diskOf(4);
    const stalled = stalledSource();
    const { memory, parts, forward } = partsOf(content, { segments: 3, ranges: 4, hash: true, stalled });
    const bodies = (await all(parts.toBuild(new Set(), signal))).map((part) => part.build(signal));
    await expect.poll(stalled.reading).toEqual([0, 1, 2]);
    const others = [await memory.take(1, signal, {}), await memory.take(1, signal, {})];
    expect(stalled.reading()).toEqual([0]);
    stalled.send();
    for (const body of bodies) (await body).release();
    for (const part of others) part.release();
    expect(await forward?.end(signal)).toBe(sha256(content));
  });

  test('a part with all of the memory gives it up → it is read in half of it, while it is sent', async () => {
    const content = diskOf(4);
    const stalled = stalledSource();
    const { memory, parts, forward } = partsOf(content, { segments: 4, ranges: 1, hash: true, stalled });
    const [part] = await all(parts.toBuild(new Set(), signal));
    const building = part?.build(signal);
    await expect.poll(stalled.reading).toEqual([0, 1, 2, 3]);
    const other = await memory.take(2, signal, {});
    stalled.send();
    const body = await building;
    expect(body?.length).toBeNull();
    if (body) await bytesOf(body);
    body?.release();
    other.release();
    expect(await forward?.end(signal)).toBe(sha256(content));
  });

  test('the upload starts over while parts wait for memory → it waits for none of the parts before', async () => {
    const content = diskOf(3);
    const stalled = stalledSource();
    const { parts, forward } = partsOf(content, { segments: 1, ranges: 3, hash: true, stalled });
    const stop = new AbortController();
    const bodies = (await all(parts.toBuild(new Set(), signal))).map((part) => part.build(stop.signal));
    const before = Promise.allSettled(bodies);
    await expect.poll(stalled.reading).toEqual([0]);
    stop.abort(new Error('the upload is gone'));
    expect((await before).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    stalled.send();
    for (const part of await all(parts.toBuild(new Set(), signal))) (await part.build(signal)).release();
    expect(await forward?.end(signal)).toBe(sha256(content));
  });
});
