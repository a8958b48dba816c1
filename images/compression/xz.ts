/** Decompression of .xz (file format 1.1, filter LZMA2, alone or after a filter of machine code) and of the older .lzma format, in pieces of bounded size. */
import { crc32 } from 'node:zlib';
import { type ByteSource, UnreadableError } from '../bytes.js';
import { arm64Filter } from './bcj-arm64.js';
import { type StreamFilter, x86Filter } from './bcj-x86.js';
import type { CompressedExtent } from './compressed-extent.js';
import { INPUT_SLACK, type Lzma, MAX_CHUNK, openLzma } from './lzma.js';

const MAGIC = 'fd377a585a00';
const LZMA2 = 0x21;
/** Of machine code; kernels are compressed with that of their architecture. */
const CODE_FILTERS: ReadonlyMap<number, (offset: number) => StreamFilter> = new Map([
  [0x04, x86Filter],
  [0x0a, arm64Filter],
]);
/** The check of blocks that the kernel supports. */
const CRC32 = 1;
/** Of the contexts of literals, in bits (lc + lp). */
const MAX_LZMA2_LITERAL_BITS = 4;
/** Size of a block's checksum by its type in the stream flags. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/**
 * The content of all streams. A piece is valid until the next one is requested. Ends at bytes that are not a stream, and
 * returns their position.
 * `contentBytes`: the size of the content, if it is known; without it, the dictionary is limited.
 */
export function* xzPieces(input: Buffer, contentBytes?: number): Generator<Buffer, number> {
  const decoders: Decoders = new Map();
  let at = 0;
  while (input.toString('hex', at, at + 6) === MAGIC) {
    const check = byteAt(input, at + 7) & 15;
    at += 12;
    while (byteAt(input, at) !== 0) at = yield* block(input, at, { check, decoders, contentBytes });
    at = afterIndex(input, at);
    while (at + 4 <= input.length && input.readUInt32LE(at) === 0) at += 4;
  }
  return at;
}

const MAX_STREAMS = 100_000;

/** The end of the streams is searched so far before the end of the file. */
const MAX_TRAILING = 4 * 1024 * 1024;

/** From the index at the end of each stream. Other bytes may follow the last one; null where a stream is incomplete. */
export function xzExtent(file: ByteSource, maxTrailing = MAX_TRAILING): CompressedExtent | null {
  const whole = sizeBefore(file, file.size);
  if (whole !== null) return { contentSize: whole, end: file.size };
  const start = Math.max(0, file.size - maxTrailing);
  const bytes = file.read(start, file.size - start);
  for (let at = bytes.lastIndexOf('YZ'); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf('YZ', at - 1)) {
    const end = start + at + 2;
    if (end % 4 !== 0) continue;
    const contentSize = unlessDamaged(() => sizeBefore(file, end));
    if (contentSize !== null) return { contentSize, end };
  }
  return null;
}

/** The bytes before a footer by chance are no index. */
function unlessDamaged(read: () => number | null): number | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Content size of all streams up to `after`; null if they do not fill these bytes. */
function sizeBefore(file: ByteSource, after: number): number | null {
  let size = 0;
  let end = after;
  for (let streams = 0; end > 0; streams += 1) {
    const stream = streamBefore(file, end);
    if (stream === null || streams === MAX_STREAMS) return null;
    size += stream.contentSize;
    end = stream.start;
  }
  return end === 0 ? size : null;
}

function streamBefore(
  file: ByteSource,
  after: number,
): { readonly start: number; readonly contentSize: number } | null {
  let end = after;
  // Padding between streams: zeros, four at a time.
  while (end >= 4 && file.read(end - 4, 4).readUInt32LE(0) === 0) end -= 4;
  if (end < 32) return null;
  const footer = file.read(end - 12, 12);
  if (footer.toString('latin1', 10, 12) !== 'YZ') return null;
  const length = (footer.readUInt32LE(4) + 1) * 4;
  const index = file.read(end - 12 - length, length);
  const records = variable(index, 1);
  let at = records.end;
  let contentSize = 0;
  let storedSize = 0;
  for (let record = 0; record < records.value; record += 1) {
    const stored = variable(index, at);
    const content = variable(index, stored.end);
    storedSize += Math.ceil(stored.value / 4) * 4;
    contentSize += content.value;
    at = content.end;
  }
  const start = end - 12 - length - storedSize - 12;
  if (start < 0 || file.read(start, 6).toString('hex') !== MAGIC) return null;
  return { start, contentSize };
}

/** One decoder for all blocks with the same dictionary: each has memory of its own. */
type Decoders = Map<number, Lzma>;

interface Stream {
  /** The type of its checksums. */
  readonly check: number;
  readonly decoders: Decoders;
  readonly contentBytes: number | undefined;
}

function* block(input: Buffer, start: number, { check, decoders, contentBytes }: Stream): Generator<Buffer, number> {
  const headerSize = (byteAt(input, start) + 1) * 4;
  const flags = byteAt(input, start + 1);
  let at = start + 2;
  if ((flags & 0x40) !== 0) at = variable(input, at).end;
  if ((flags & 0x80) !== 0) at = variable(input, at).end;
  const first = filterAt(input, at);
  const codeFilter = (flags & 3) === 1 ? CODE_FILTERS.get(first.id) : undefined;
  const last = codeFilter === undefined ? first : filterAt(input, first.end);
  const isKnown = (flags & 3) === (codeFilter ? 1 : 0) && last.id === LZMA2 && last.propertyBytes === 1;
  if (!isKnown) throw new UnreadableError('an xz block has unsupported filters');
  const filter = codeFilter?.(first.propertyBytes === 4 ? input.readUInt32LE(first.at) : 0) ?? null;
  const bits = byteAt(input, last.at) & 0x3f;
  const size =
    bits > 40 ? Number.POSITIVE_INFINITY : bits === 40 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
  const lzma = decoders.get(size) ?? openLzma(size, MAX_LZMA2_LITERAL_BITS, contentBytes);
  decoders.set(size, lzma);
  const checksum = { crc32: 0 };
  const end = yield* filtered(lzma2(input, start + headerSize, lzma), filter, check === CRC32 ? checksum : null);
  const checkAt = end + ((4 - ((end - start) % 4)) % 4);
  const checkBytes = CHECK_BYTES[check] ?? 0;
  if (checkAt + checkBytes > input.length) throw new UnreadableError('LZMA data are cut off');
  if (check === CRC32 && input.readUInt32LE(checkAt) !== checksum.crc32)
    throw new UnreadableError('an xz block is damaged: its checksum differs');
  return checkAt + checkBytes;
}

interface FilterFlags {
  readonly id: number;
  readonly propertyBytes: number;
  /** Of its properties. */
  readonly at: number;
  readonly end: number;
}

function filterAt(input: Buffer, start: number): FilterFlags {
  const id = variable(input, start);
  const properties = variable(input, id.end);
  const at = properties.end;
  return { id: id.value, propertyBytes: properties.value, at, end: at + properties.value };
}

/** The checksum is of the content, after the filter. */
function* filtered(
  pieces: Generator<Buffer, number>,
  filter: StreamFilter | null,
  checksum: { crc32: number } | null,
): Generator<Buffer, number> {
  const seen = (piece: Buffer): Buffer => {
    if (checksum !== null) checksum.crc32 = crc32(piece, checksum.crc32);
    return piece;
  };
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) {
      if (filter !== null) yield seen(filter.end());
      return value;
    }
    yield seen(filter === null ? value : filter.push(value));
  }
}

function* lzma2(input: Buffer, start: number, lzma: Lzma): Generator<Buffer, number> {
  let at = start;
  for (;;) {
    const control = byteAt(input, at);
    at += 1;
    if (control === 0) return at;
    lzma.makeRoom();
    if (control === 1 || (control >= 0x80 && (control & 0x60) === 0x60)) lzma.resetDictionary();
    if (control < 0x80) {
      if (control > 2 || at + 2 > input.length) throw new UnreadableError('an LZMA2 chunk has an unknown type');
      const size = input.readUInt16BE(at) + 1;
      at += 2;
      if (at + size > input.length) throw new UnreadableError('LZMA data are cut off');
      lzma.copy(input.subarray(at, at + size));
      at += size;
    } else {
      if (at + 5 > input.length) throw new UnreadableError('LZMA data are cut off');
      const size = ((control & 0x1f) << 16) + input.readUInt16BE(at) + 1;
      const compressedSize = input.readUInt16BE(at + 2) + 1;
      at += 4;
      if ((control & 0x40) !== 0) {
        lzma.setProperties(byteAt(input, at));
        at += 1;
      }
      if (at + compressedSize > input.length) throw new UnreadableError('LZMA data are cut off');
      if ((control & 0x60) !== 0) lzma.resetState();
      lzma.setInput(input.subarray(at, at + compressedSize));
      lzma.start();
      const decoded = lzma.decode(compressedSize, size, size);
      if (decoded !== 'limit' || lzma.taken() !== compressedSize || !lzma.finished())
        throw new UnreadableError('an LZMA2 chunk is damaged');
      at += compressedSize;
    }
    yield lzma.written();
  }
}

function afterIndex(input: Buffer, start: number): number {
  const records = variable(input, start + 1);
  let at = records.end;
  for (let index = 0; index < records.value; index += 1) at = variable(input, variable(input, at).end).end;
  at += (4 - ((at - start) % 4)) % 4;
  // Checksum of the index, then the footer of the stream.
  if (at + 4 + 12 > input.length) throw new UnreadableError('LZMA data are cut off');
  return at + 4 + 12;
}

/** The older format: a header and one stream, which ends at the size in the header or at an end marker. `contentBytes`, result: as above. */
export function* lzmaPieces(input: Buffer, contentBytes?: number): Generator<Buffer, number> {
  if (input.length < LZMA_HEADER + 5) throw new UnreadableError('LZMA data are cut off');
  const properties = byteAt(input, 0);
  const literalBits = (properties % 9) + (Math.floor(properties / 9) % 5);
  const lzma = openLzma(input.readUInt32LE(1), literalBits, contentBytes);
  const size = input.readBigUInt64LE(5);
  lzma.setProperties(properties);
  lzma.resetState();
  let left = size === 0xffff_ffff_ffff_ffffn ? Number.POSITIVE_INFINITY : Number(size);
  let [at, length] = [LZMA_HEADER, 0];
  const load = () => {
    length = Math.min(INPUT_PIECE, input.length - at);
    lzma.setInput(input.subarray(at, at + length));
  };
  load();
  lzma.start();
  while (left > 0) {
    lzma.makeRoom();
    const isLast = at + length === input.length;
    // A match may extend past the limit, so the limit is half a chunk before the end of the window.
    const decoded = lzma.decode(isLast ? length : length - INPUT_SLACK, Math.min(left, MAX_CHUNK / 2), left);
    if (lzma.taken() > length) throw new UnreadableError('LZMA data are cut off');
    const piece = lzma.written();
    left -= piece.length;
    if (piece.length > 0) yield piece;
    if (decoded === 'end') break;
    if (decoded === 'input') {
      if (isLast) throw new UnreadableError('LZMA data are cut off');
      at += lzma.taken();
      load();
    }
  }
  return at + lzma.taken();
}
const LZMA_HEADER = 13;
const INPUT_PIECE = 64 * 1024;

function variable(input: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = byteAt(input, start + index);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw new UnreadableError('an xz integer has no end');
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new UnreadableError('LZMA data are cut off');
  return byte;
}
