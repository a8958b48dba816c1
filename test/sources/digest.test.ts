import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashedInOrder, sha256Of } from '../../sources/digest.js';
import { openFileReader } from '../../sources/file.js';
import { readPiece, type SourceReader } from '../../sources/source.js';
import { sparseMap } from '../../sources/sparse-extents.js';

const bytes = randomBytes(1_000_003);
const digest = createHash('sha256').update(bytes).digest('hex');
const signal = new AbortController().signal;

let folder: string;
let source: SourceReader;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'digest-'));
  await writeFile(join(folder, 'disk'), bytes);
  source = await openFileReader(join(folder, 'disk'));
});

afterEach(async () => {
  await source.close();
  await rm(folder, { recursive: true });
});

test('digest of a source → SHA-256 of its bytes', async () => {
  expect(await sha256Of(source, signal)).toBe(digest);
});

test('holes of a sparse file → hashed as zeros, and not read', async () => {
  await writeFile(join(folder, 'disk'), bytes);
  const claimed = await openFileReader(
    join(folder, 'disk'),
    sparseMap([
      { start: 0, length: 4096 },
      { start: 500_000, length: 100_000 },
    ]),
  );
  expect((await readPiece(claimed, 5000, 60_000, signal)).every((byte) => byte === 0)).toBe(true);
  expect((await readPiece(claimed, 4000, 96, signal)).equals(bytes.subarray(4000, 4096))).toBe(true);
  expect((await readPiece(claimed, 599_999, 1, signal)).equals(bytes.subarray(599_999, 600_000))).toBe(true);
  expect((await readPiece(claimed, 600_000, 70_000, signal)).every((byte) => byte === 0)).toBe(true);
  await claimed.close();
});

describe('a source that is hashed while its parts are sent', () => {
  const part = 100_000;
  const offsets = Array.from({ length: 11 }, (_, index) => index * part);
  const lengthAt = (offset: number) => Math.min(part, bytes.length - offset);

  test('parts in any order → every part has its bytes, and the digest is known at the end', async () => {
    const hashed = hashedInOrder(source, digest.toUpperCase());
    const pieces = await Promise.all(
      [...offsets]
        .reverse()
        .map(async (offset) => [offset, await readPiece(hashed, offset, lengthAt(offset), signal)] as const),
    );
    for (const [offset, piece] of pieces) expect(piece.equals(bytes.subarray(offset, offset + part))).toBe(true);
    await hashed.check();
  });

  test('another digest than expected → refused at the end', async () => {
    const hashed = hashedInOrder(source, '0'.repeat(64));
    await hashed.check();
    for (const offset of offsets) await readPiece(hashed, offset, lengthAt(offset), signal);
    await expect(hashed.check()).rejects.toMatchObject({
      failure: { code: 'Source.DigestMismatch', class: 'request' },
    });
  });

  test('a part that failed and is read again → hashed once', async () => {
    let fails = 3;
    const flaky: SourceReader = {
      ...source,
      async *read(offset, length, buffers) {
        let given = 0;
        for await (const chunk of source.read(offset, length, buffers, signal)) {
          yield chunk;
          given += chunk.byteLength;
          if (given > 60_000 && fails-- > 0) throw new Error('cut');
        }
      },
    };
    const hashed = hashedInOrder(flaky, digest);
    for (const offset of offsets) {
      while ((await readPiece(hashed, offset, lengthAt(offset), signal).catch(() => null)) === null) await delay(1);
    }
    await hashed.check();
  });

  test('cancelled while parts wait → they reject', async () => {
    const hashed = hashedInOrder(source, digest);
    const cancel = new AbortController();
    const waiting = readPiece(hashed, 5 * part, part, cancel.signal);
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });
});
