/** A raw disk whose file ends within a sector, as it is sent. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashedInOrder } from '../../sources/digest.js';
import { resized } from '../../sources/resized.js';
import { readPiece, type SourceReader } from '../../sources/source.js';

const signal = new AbortController().signal;

function readerOf(bytes: Buffer): SourceReader {
  return {
    ...{
      name: 'disk.raw',
      size: bytes.length,
      version: '1',
      remote: false,
      mustReadAll: false,
      guarantee: () => 'file' as const,
    },
    async *read(offset, length, [buffer]) {
      for (let at = offset; at < offset + length; ) {
        const chunk = buffer.subarray(0, Math.min(buffer.byteLength, offset + length - at));
        chunk.set(bytes.subarray(at, at + chunk.byteLength));
        at += chunk.byteLength;
        yield chunk;
      }
    },
    check: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const bytes = Buffer.alloc(200_000, 'disk').subarray(0, 200_000);

describe('resized', () => {
  test.each([
    ['shorter → the first bytes', 199_680, bytes.subarray(0, 199_680)],
    ['longer → padded with zeros', 200_192, Buffer.concat([bytes, Buffer.alloc(192)])],
    ['the same size → the same bytes', 200_000, bytes],
  ])('%s', async (_name, size, expected) => {
    const reader = resized(readerOf(bytes), size);
    expect(reader.size).toBe(size);
    const half = 100_352;
    const parts = [await readPiece(reader, 0, half, signal), await readPiece(reader, half, size - half, signal)];
    expect(Buffer.concat(parts).equals(expected)).toBe(true);
  });

  test('a digest of the whole source is verified although its last bytes are not sent', async () => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const right = resized(hashedInOrder(readerOf(bytes), digest), 199_680);
    await readPiece(right, 0, right.size, signal);
    await right.check();
    const wrong = resized(hashedInOrder(readerOf(bytes), '0'.repeat(64)), 199_680);
    await readPiece(wrong, 0, wrong.size, signal);
    await expect(wrong.check()).rejects.toMatchObject({ failure: { code: 'Source.DigestMismatch' } });
  });
});
