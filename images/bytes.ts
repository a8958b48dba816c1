/** Bounded reads from untrusted images. Every inconsistency is an `UnreadableError`. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The image is inconsistent or ends too early. Callers turn it into a finding. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** Reading the image exceeds a limit that no well-formed image reaches. */
export class WorkLimitError extends Error {
  override readonly name = 'WorkLimitError';
}

export interface ByteSource {
  readonly size: number;
  /** How many bytes may be read only to verify them, e.g. for digests; absent: any number. */
  readonly bulkBytes?: number;
  /** Returns exactly `length` bytes; throws UnreadableError if the source is shorter. Callers may keep the buffer but must not write to it. */
  read(offset: number, length: number): Buffer;
  /** How many bytes from `offset` are known to be zero without a read; 0 or absent: unknown. */
  zerosFrom?(offset: number): number;
}

const MAX_READ = 64 * 1024 * 1024;

/** Limits of one inspection. A well-formed image of 2 TiB stays far below both. */
const MAX_READS = 4_000_000;
const MAX_BYTES = 8 * 1024 ** 3;
/** Reads between two checks of resident memory. */
const MEMORY_CHECK_INTERVAL = 256;

export interface FileSource extends ByteSource {
  /** Bytes allocated on disk: less than `size` for a sparse file. */
  readonly allocatedSize: number;
  close(): void;
}

/** Opens a path, or takes ownership of a descriptor. Reads throw once this process uses more than `maxResidentBytes`. */
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
        throw new WorkLimitError(`inspection needs more than ${MAX_READS} reads or ${MAX_BYTES} bytes`);
      }
      if (reads % MEMORY_CHECK_INTERVAL === 0 && process.memoryUsage.rss() > maxResidentBytes) {
        throw new WorkLimitError(`inspection needs more than ${maxResidentBytes} bytes of memory`);
      }
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const got = readSync(fd, buffer, done, length - done, offset + done);
        if (got === 0) throw new UnreadableError(`the file was truncated to ${offset + done} bytes during the read`);
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

/** A range of another source, e.g. a partition. It may extend past the end of its parent; reads there fail. */
export function slice(parent: ByteSource, start: number, size: number, what: string): ByteSource {
  return {
    size,
    read(offset, length) {
      checkRange(offset, length, size, what);
      return parent.read(start + offset, length);
    },
    zerosFrom: (offset) => parent.zerosFrom?.(start + offset) ?? 0,
  };
}

/** Location of a byte of a mapped source: `offset` in `source`. `null`: not stored, reads as zero. */
export type Mapping = { readonly source: ByteSource; readonly offset: number } | null;

/** A source assembled from extents: `map` returns the extent at an offset and the bytes that remain in it. */
export function mappedSource(
  size: number,
  what: string,
  map: (offset: number) => { readonly at: Mapping; readonly length: number },
): ByteSource {
  return {
    size,
    zerosFrom(offset) {
      const { at, length } = map(offset);
      return at === null ? length : 0;
    },
    read(offset, length) {
      checkRange(offset, length, size, what);
      const first = map(offset);
      if (first.length >= length && first.at !== null) return first.at.source.read(first.at.offset, length);
      const buffer = Buffer.alloc(length);
      let done = 0;
      while (done < length) {
        const extent = map(offset + done);
        const count = Math.min(extent.length, length - done);
        if (!(count > 0)) throw new UnreadableError(`${what} has an empty extent at byte ${offset + done}`);
        if (extent.at !== null) extent.at.source.read(extent.at.offset, count).copy(buffer, done);
        done += count;
      }
      return buffer;
    },
  };
}

/** LRU cache of blocks: file systems read the same tables repeatedly. */
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
      // A large read would evict the whole cache.
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
    throw new UnreadableError(`${what} has an invalid offset ${offset} or length ${length}`);
  }
  if (length > MAX_READ) throw new UnreadableError(`a table in ${what} has ${length} bytes, at most ${MAX_READ}`);
  if (offset + length > size) {
    throw new UnreadableError(`${what} ends at byte ${size}, but bytes ${offset} to ${offset + length} are needed`);
  }
}

/** 64-bit fields as numbers. A value above 2^53 is invalid in every format read here. */
export function u64be(buffer: Buffer, offset: number): number {
  return safe(buffer.readBigUInt64BE(offset));
}
export function u64le(buffer: Buffer, offset: number): number {
  return safe(buffer.readBigUInt64LE(offset));
}
function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new UnreadableError(`0x${value.toString(16)} is not a valid offset or size`);
  return Number(value);
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

/** Text up to the first NUL, without control characters that could corrupt a terminal or a log. */
export function text(buffer: Buffer, encoding: 'utf8' | 'latin1' | 'utf16le' = 'utf8'): string {
  const decoded = buffer.toString(encoding);
  const end = decoded.indexOf('\0');
  return printable(end < 0 ? decoded : decoded.slice(0, end));
}

/** Untrusted text for a message: no control characters, at most `max` characters. */
export function printable(value: string, max = 200): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression removes them.
  const clean = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ').trim();
  return clean.length > max ? `${clean.slice(0, max)}…` : clean;
}
