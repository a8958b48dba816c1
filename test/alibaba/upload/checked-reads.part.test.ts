/** Files that are read and checked in a thread: the same bytes and checksums as on the event loop, in every situation. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { crc64, crc64Memory } from '../../../alibaba/crc64.js';
import { withBuffers } from '../../../alibaba/upload/buffers.js';
import { prepareChecked, readChecked } from '../../../alibaba/upload/checked-reads.js';
import { type ReadingThread, startReadingThread } from '../../../alibaba/upload/reading-thread.js';
import { openFileReader } from '../../../sources/file.js';
import { resized } from '../../../sources/resized.js';
import type { SourceReader } from '../../../sources/source.js';
import { sparseMap } from '../../../sources/sparse-extents.js';

const MIB = 1024 ** 2;
/** Large enough for the thread, and not a multiple of a buffer. */
const SIZE = 65 * MIB + 12_345;
const never = new AbortController().signal;
const bytes = randomBytes(SIZE);
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'checked-reads-'));
  file = path.join(folder, 'disk.raw');
  await writeFile(file, bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function started(index: number): Promise<ReadingThread> {
  const thread = startReadingThread(index);
  await vi.waitFor(() => expect(thread.isReady).toBe(true), { timeout: 20_000 });
  return thread;
}

describe('a reading thread', () => {
  let thread: ReadingThread;
  let fd: number;
  beforeAll(async () => {
    thread = await started(1);
    fd = openSync(file, 'r');
  });
  afterAll(async () => {
    await thread.terminate();
    closeSync(fd);
  });
  const buffer = (index: number, length: number) => crc64Memory().subarray(index * 100_000, index * 100_000 + length);

  test('that gets many pieces at once → reads each into its buffer, with its checksum', async () => {
    for (let round = 0; round < 40; round++) {
      const pieces = Array.from({ length: 48 }, (_, index) => {
        const position = (round * 48 + index) * 30_011;
        return { fd, position, into: buffer(index, 1 + ((index * 2_311 + round * 7) % 99_000)), crc64: BigInt(index) };
      });
      const sums = await Promise.all(pieces.map((piece) => thread.read(piece)));
      for (const [index, { position, into, crc64: before }] of pieces.entries()) {
        expect(Buffer.compare(into, bytes.subarray(position, position + into.length))).toBe(0);
        expect(sums[index]).toBe(crc64(into, before));
      }
    }
    expect(thread.waiting).toBe(0);
    expect(thread.busyMs).toBe(0);
  });

  test('that gets more pieces than it has room for → does not read the others', async () => {
    const pieces = Array.from({ length: 70 }, () => ({ fd, position: 0, into: buffer(0, 50_000), crc64: 0n }));
    const sums = await Promise.all(pieces.map((piece) => thread.read(piece)));
    expect(sums.slice(0, 64)).toEqual(Array(64).fill(crc64(bytes.subarray(0, 50_000))));
    expect(sums.slice(64)).toEqual(Array(6).fill(null));
  });

  test.each([
    ['beyond the end of the file', SIZE - 5, undefined],
    ['of a descriptor that is not open', 0, 999_999],
  ])('a piece %s → is not read; the next one is', async (_where, position, other) => {
    const read = (from: number, of: number) => thread.read({ fd: of, position: from, into: buffer(1, 10), crc64: 0n });
    expect(await read(position, other ?? fd)).toBeNull();
    expect(await read(7, fd)).toBe(crc64(bytes.subarray(7, 17)));
  });

  test('that ends → returns what it waits for as not read, and reads nothing more', async () => {
    const ending = await started(0);
    const pieces = Array.from({ length: 60 }, () =>
      ending.read({ fd, position: 0, into: crc64Memory().subarray(0, 20 * MIB), crc64: 0n }),
    );
    await ending.terminate();
    expect(await Promise.all(pieces)).toContain(null);
    expect(ending.isReady).toBe(false);
    expect(await ending.read({ fd, position: 0, into: buffer(0, 10), crc64: 0n })).toBeNull();
  });
});

async function readAll(source: SourceReader, offset = 0, length = source.size - offset) {
  return await withBuffers(async (buffers) => {
    const pieces: Buffer[] = [];
    let sum = 0n;
    for await (const piece of readChecked(source, { offset, length }, buffers, never)) {
      pieces.push(Buffer.from(piece.bytes));
      sum = piece.crc64;
    }
    return { all: Buffer.concat(pieces), sum };
  });
}

describe('a file', () => {
  beforeAll(async () => {
    const source = await openFileReader(file);
    prepareChecked(source);
    await source.close();
  });

  test('that is read by parts concurrently, from before the thread is ready on → the bytes and checksums of each part', async () => {
    const source = await openFileReader(file);
    const part = 5 * MIB + 77;
    for (let round = 0; round < 3; round++) {
      const offsets = Array.from({ length: Math.ceil(SIZE / part) }, (_, index) => index * part);
      await Promise.all(
        offsets.map(async (offset) => {
          const length = Math.min(part, SIZE - offset);
          const { all, sum } = await readAll(source, offset, length);
          expect(all.equals(bytes.subarray(offset, offset + length))).toBe(true);
          expect(sum).toBe(crc64(all));
        }),
      );
    }
    await source.close();
  });

  test('with holes → zeros, without reading them', async () => {
    const sparse = path.join(folder, 'sparse.raw');
    const handle = await open(sparse, 'w');
    await handle.write(bytes, 0, 3 * MIB, 10 * MIB);
    await handle.truncate(SIZE);
    await handle.close();
    const source = await openFileReader(sparse, sparseMap([{ start: 10 * MIB, length: 3 * MIB }]));
    const { all, sum } = await readAll(source);
    const expected = Buffer.alloc(SIZE);
    bytes.copy(expected, 10 * MIB, 0, 3 * MIB);
    expect(all.equals(expected)).toBe(true);
    expect(sum).toBe(crc64(expected));
    await source.close();
  });

  test.each([
    ['padded to whole sectors', SIZE + 167],
    ['cut off', SIZE - 57],
  ])('that is %s → exactly these bytes', async (_how, size) => {
    const source = resized(await openFileReader(file), size);
    const { all, sum } = await readAll(source);
    const expected = Buffer.concat([bytes, Buffer.alloc(512)]).subarray(0, size);
    expect(all.equals(expected)).toBe(true);
    expect(sum).toBe(crc64(expected));
    await source.close();
  });

  test('that became shorter since it was opened → Source.Changed', async () => {
    const shorter = path.join(folder, 'shorter.raw');
    await writeFile(shorter, bytes);
    const source = await openFileReader(shorter);
    await truncate(shorter, SIZE - 3 * MIB);
    await expect(readAll(source)).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
    await source.close();
  });

  test('whose reading is given up → no byte is written to the buffers any more', async () => {
    const source = await openFileReader(file);
    await withBuffers(async (buffers) => {
      for await (const _piece of readChecked(source, { offset: 0, length: SIZE }, buffers, never)) break;
      for (const buffer of buffers) buffer.fill(7);
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const buffer of buffers) expect(buffer.every((byte) => byte === 7)).toBe(true);
    });
    await source.close();
  });
});
