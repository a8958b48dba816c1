/** Reading bytes of an image that nobody trusts: every read is bounded, every nonsense is an `UnreadableError`. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The image contradicts itself or ends too early; caught where it can become a finding. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** The image asks for more work than an honest one does. */
export class TooMuchWorkError extends Error {
  override readonly name = 'TooMuchWorkError';
}

export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes, or UnreadableError where the source ends before. The buffer is the caller's to keep, not to write to. */
  read(offset: number, length: number): Buffer;
}

const MAX_READ = 64 * 1024 * 1024;

/** How much one inspection may read in all; an honest image of 2 TiB stays far below. */
const MAX_READS = 4_000_000;
const MAX_BYTES = 8 * 1024 ** 3;
/** How often memory is looked at, in reads. */
const LOOK_EVERY = 256;

export interface FileSource extends ByteSource {
  /** Bytes that the file takes on its disk: less than `size` where it has holes. */
  readonly allocatedSize: number;
  close(): void;
}

/** Opens a path, or takes over an open descriptor. `maxResidentBytes` stops the reading when this process has grown past it. */
export function openFile(file: string | number, maxResidentBytes = Number.POSITIVE_INFINITY): FileSource {
  const fd = typeof file === 'number' ? file : openSync(file, 'r');
  const stat = fstatSync(fd);
  let reads = 0;
  let bytes = 0;
  return {
    size: stat.size,
    allocatedSize: stat.blocks * 512,
    read(offset, length) {
      checkRange(offset, length, stat.size, 'the file');
      reads += 1;
      bytes += length;
      if (reads > MAX_READS || bytes > MAX_BYTES) {
        throw new TooMuchWorkError(`more than ${MAX_READS} reads or ${MAX_BYTES} bytes`);
      }
      if (reads % LOOK_EVERY === 0 && process.memoryUsage.rss() > maxResidentBytes) {
        throw new TooMuchWorkError(`more than ${maxResidentBytes} bytes of memory`);
      }
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const got = readSync(fd, buffer, done, length - done, offset + done);
        if (got === 0) throw new UnreadableError(`the file ended at ${offset + done} while it was read`);
        done += got;
      }
      return buffer;
    },
    close() {
      closeSync(fd);
    },
  };
}

export function bufferSource(buffer: Buffer): ByteSource {
  return {
    size: buffer.length,
    read(offset, length) {
      checkRange(offset, length, buffer.length, 'the buffer');
      return buffer.subarray(offset, offset + length);
    },
  };
}

/** A window of another source, e.g. a partition. It may end after its parent; reading there fails. */
export function slice(parent: ByteSource, start: number, size: number, what: string): ByteSource {
  return {
    size,
    read(offset, length) {
      checkRange(offset, length, size, what);
      return parent.read(start + offset, length);
    },
  };
}

/** Where a byte of a mapped source lies: in `source` at `offset`, or nowhere (`null`: it reads as zero). */
export type Mapping = { readonly source: ByteSource; readonly offset: number } | null;

/** A source put together from pieces: `map` names the piece for an offset and how many bytes it goes on. */
export function mappedSource(
  size: number,
  what: string,
  map: (offset: number) => { readonly at: Mapping; readonly length: number },
): ByteSource {
  return {
    size,
    read(offset, length) {
      checkRange(offset, length, size, what);
      const first = map(offset);
      if (first.length >= length && first.at !== null) return first.at.source.read(first.at.offset, length);
      const buffer = Buffer.alloc(length);
      let done = 0;
      while (done < length) {
        const piece = map(offset + done);
        const take = Math.min(piece.length, length - done);
        if (!(take > 0)) throw new UnreadableError(`${what} has an empty piece at ${offset + done}`);
        if (piece.at !== null) piece.at.source.read(piece.at.offset, take).copy(buffer, done);
        done += take;
      }
      return buffer;
    },
  };
}

/** Keeps the last blocks read: file systems come back to the same tables again and again. */
export function cached(parent: ByteSource, blockSize = 65_536, blocks = 256): ByteSource {
  const kept = new Map<number, Buffer>();
  const block = (index: number): Buffer => {
    const hit = kept.get(index);
    if (hit !== undefined) {
      kept.delete(index);
      kept.set(index, hit);
      return hit;
    }
    const start = index * blockSize;
    const bytes = parent.read(start, Math.min(blockSize, parent.size - start));
    kept.set(index, bytes);
    if (kept.size > blocks) {
      const oldest = kept.keys().next();
      if (!oldest.done) kept.delete(oldest.value);
    }
    return bytes;
  };
  return {
    size: parent.size,
    read(offset, length) {
      checkRange(offset, length, parent.size, 'the disk');
      const first = Math.floor(offset / blockSize);
      const last = Math.floor((offset + Math.max(length, 1) - 1) / blockSize);
      // Large reads would only push everything else out.
      if (last - first > 4) return parent.read(offset, length);
      if (first === last) {
        const inside = offset - first * blockSize;
        return block(first).subarray(inside, inside + length);
      }
      const parts: Buffer[] = [];
      for (let index = first; index <= last; index += 1) {
        const from = Math.max(0, offset - index * blockSize);
        parts.push(block(index).subarray(from, Math.min(blockSize, offset + length - index * blockSize)));
      }
      return Buffer.concat(parts);
    },
  };
}

function checkRange(offset: number, length: number, size: number, what: string): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new UnreadableError(`${what} cannot be read at ${offset}`);
  }
  if (length > MAX_READ) throw new UnreadableError(`${length} bytes at once from ${what} are more than any table has`);
  if (offset + length > size) {
    throw new UnreadableError(`${what} ends at ${size}, but bytes ${offset} to ${offset + length} are needed`);
  }
}

/** 64-bit fields as numbers; what doesn't fit is nonsense in every format read here. */
export function u64be(buffer: Buffer, offset: number): number {
  return safe(buffer.readBigUInt64BE(offset));
}
export function u64le(buffer: Buffer, offset: number): number {
  return safe(buffer.readBigUInt64LE(offset));
}
function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new UnreadableError(`0x${value.toString(16)} is no offset or size`);
  return Number(value);
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

/** Text up to the first NUL, with everything that could disturb a terminal or a log made harmless. */
export function text(buffer: Buffer, encoding: 'utf8' | 'latin1' | 'utf16le' = 'utf8'): string {
  const decoded = buffer.toString(encoding);
  const end = decoded.indexOf('\0');
  return printable(end < 0 ? decoded : decoded.slice(0, end));
}

/** One line of an untrusted file for a message: no control characters, at most 200 characters. */
export function printable(value: string, max = 200): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is the purpose.
  const clean = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ').trim();
  return clean.length > max ? `${clean.slice(0, max)}…` : clean;
}
