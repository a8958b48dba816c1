/** Zstandard decompression (RFC 8878), in pieces of bounded memory: Node 20 has none built in. */
import { UnreadableError } from '../bytes.js';
import { BackwardBits, type FseTable, fseTable, readDistribution, rleTable } from './zstd-entropy.js';
import { decodeLiteralStream, type HuffmanTable, readHuffman } from './zstd-huffman.js';

const MAGIC = 0xfd2fb528;
const MAX_BLOCK = 128 * 1024;
/** Up to here a loop is quicker than a call. */
const SHORT = 64;
/** zstd's own default for decompression is 128 MiB; kernels and initramfs tools stay below 64. */
const MAX_WINDOW = 64 * 1024 * 1024;

const LL_BASE = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024,
  2048, 4096, 8192, 16384, 32768, 65536,
];
const LL_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
const ML_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
  34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
];
const ML_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3,
  3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
const LL_DEFAULT = fseTable(
  [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
  6,
);
const ML_DEFAULT = fseTable(
  [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
  6,
);
const OF_DEFAULT = fseTable(
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  5,
);

/** The first `size` bytes of the content; what follows the frame that has them is not looked at. */
export function unzstd(input: Buffer, size: number): Buffer {
  const output = Buffer.allocUnsafe(size);
  let at = 0;
  for (const piece of zstdPieces(input)) {
    at += piece.copy(output, at);
    if (at === size) return output;
  }
  throw new UnreadableError(`zstd data hold ${at} bytes, not ${size}`);
}

/** The frames' content piece by piece; a piece is valid until the next is asked for. Ends at bytes that are no frame. */
export function* zstdPieces(input: Buffer): Generator<Buffer> {
  let at = 0;
  while (at + 4 <= input.length) {
    const magic = input.readUInt32LE(at);
    if (magic >>> 4 === 0x184d2a5) {
      if (at + 8 > input.length) throw new UnreadableError('a zstd frame is cut off');
      at += 8 + input.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== MAGIC) return;
    at = yield* frame(input, at + 4);
  }
}

/** Bytes of the content, where the first frame tells; a file of several frames has more. */
export function zstdSize(head: Buffer): number | null {
  const descriptor = byteAt(head, 4);
  const single = (descriptor & 0x20) !== 0;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const bytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (bytes === 0 || at + bytes > head.length) return null;
  return bytes === 8 ? Number(head.readBigUInt64LE(at)) : head.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

/** What one frame carries from block to block. */
interface State {
  huffman: HuffmanTable | null;
  literalLengths: FseTable | null;
  offsets: FseTable | null;
  matchLengths: FseTable | null;
  readonly recent: [number, number, number];
}

/** The bytes already unpacked, as far back as a match may reach. */
interface Output {
  readonly bytes: Buffer;
  at: number;
}

function* frame(input: Buffer, start: number): Generator<Buffer, number> {
  let at = start;
  const descriptor = byteAt(input, at++);
  const single = (descriptor & 0x20) !== 0;
  let window = 0;
  if (!single) {
    const code = byteAt(input, at++);
    const base = 2 ** (10 + (code >> 3));
    window = base + (base / 8) * (code & 7);
  }
  at += [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (at + sizeBytes > input.length) throw new UnreadableError('a zstd frame is cut off');
  if (single)
    window =
      sizeBytes === 8
        ? Number(input.readBigUInt64LE(at))
        : input.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  at += sizeBytes;
  if (window > MAX_WINDOW) throw new UnreadableError(`a zstd frame wants a window of ${window} bytes`);
  const output: Output = { bytes: Buffer.allocUnsafe(2 * Math.max(window, MAX_BLOCK) + MAX_BLOCK), at: 0 };
  const state: State = { huffman: null, literalLengths: null, offsets: null, matchLengths: null, recent: [1, 4, 8] };
  for (let last = false; !last; ) {
    if (at + 3 > input.length) throw new UnreadableError('a zstd frame is cut off');
    const header = input.readUIntLE(at, 3);
    at += 3;
    last = (header & 1) === 1;
    const size = header >> 3;
    const type = (header >> 1) & 3;
    if (size > MAX_BLOCK) throw new UnreadableError(`a zstd block has ${size} bytes`);
    if (output.at + MAX_BLOCK > output.bytes.length) {
      const keep = Math.min(output.at, Math.max(window, MAX_BLOCK));
      output.bytes.copyWithin(0, output.at - keep, output.at);
      output.at = keep;
    }
    const before = output.at;
    const taken = type === 1 ? 1 : size;
    if (at + taken > input.length) throw new UnreadableError('a zstd frame is cut off');
    if (type === 0) output.at += input.copy(output.bytes, output.at, at, at + size);
    else if (type === 1) {
      output.bytes.fill(byteAt(input, at), output.at, output.at + size);
      output.at += size;
    } else if (type === 2) compressedBlock(input.subarray(at, at + size), output, state);
    else throw new UnreadableError('a zstd block has a reserved type');
    at += taken;
    yield output.bytes.subarray(before, output.at);
  }
  return at + ((descriptor & 4) !== 0 ? 4 : 0);
}

function compressedBlock(block: Buffer, output: Output, state: State): void {
  const { literals, end } = literalsSection(block, state);
  let at = end;
  let count = byteAt(block, at++);
  if (count >= 128) {
    if (count < 255) count = ((count - 128) << 8) + byteAt(block, at++);
    else {
      count = byteAt(block, at) + (byteAt(block, at + 1) << 8) + 0x7f00;
      at += 2;
    }
  }
  if (count === 0) {
    copyLiterals(literals, 0, literals.length, output);
    return;
  }
  const modes = byteAt(block, at++);
  const table = (
    mode: number,
    usual: FseTable,
    previous: FseTable | null,
    maxBits: number,
    maxSymbol: number,
  ): FseTable => {
    if (mode === 0) return usual;
    if (mode === 1) return rleTable(byteAt(block, at++), maxSymbol);
    if (mode === 2) {
      const read = readDistribution(block, at, maxBits, maxSymbol);
      at = read.end;
      return fseTable(read.counts, read.bits);
    }
    if (previous === null) throw new UnreadableError('a zstd block repeats a table that was never given');
    return previous;
  };
  const lengths = table(modes >> 6, LL_DEFAULT, state.literalLengths, 9, 35);
  const offsets = table((modes >> 4) & 3, OF_DEFAULT, state.offsets, 8, 31);
  const matches = table((modes >> 2) & 3, ML_DEFAULT, state.matchLengths, 9, 52);
  state.literalLengths = lengths;
  state.offsets = offsets;
  state.matchLengths = matches;
  sequences(
    new BackwardBits(block, at, block.length),
    count,
    { lengths, offsets, matches },
    literals,
    output,
    state.recent,
  );
}

function sequences(
  bits: BackwardBits,
  count: number,
  tables: { lengths: FseTable; offsets: FseTable; matches: FseTable },
  literals: Buffer,
  output: Output,
  recent: [number, number, number],
): void {
  const { lengths, offsets, matches } = tables;
  let lengthState = bits.read(lengths.bits);
  let offsetState = bits.read(offsets.bits);
  let matchState = bits.read(matches.bits);
  let literal = 0;
  for (let index = 0; index < count; index += 1) {
    const offsetCode = offsets.symbols[offsetState] ?? 0;
    const matchCode = matches.symbols[matchState] ?? 0;
    const lengthCode = lengths.symbols[lengthState] ?? 0;
    const offsetValue = 2 ** offsetCode + bits.read(offsetCode);
    const matchLength = (ML_BASE[matchCode] ?? 0) + bits.read(ML_BITS[matchCode] ?? 0);
    const literalLength = (LL_BASE[lengthCode] ?? 0) + bits.read(LL_BITS[lengthCode] ?? 0);
    copyLiterals(literals, literal, literalLength, output);
    literal += literalLength;
    copyMatch(output, realOffset(offsetValue, literalLength, recent), matchLength);
    if (index + 1 < count) {
      lengthState = (lengths.bases[lengthState] ?? 0) + bits.read(lengths.lengths[lengthState] ?? 0);
      matchState = (matches.bases[matchState] ?? 0) + bits.read(matches.lengths[matchState] ?? 0);
      offsetState = (offsets.bases[offsetState] ?? 0) + bits.read(offsets.lengths[offsetState] ?? 0);
    }
  }
  if (bits.left < 0) throw new UnreadableError('a zstd block ends in mid-sequence');
  copyLiterals(literals, literal, literals.length - literal, output);
}

/** Values 1 to 3 name one of the three offsets used last; after no literals they are counted from the second on. */
function realOffset(value: number, literalLength: number, recent: [number, number, number]): number {
  if (value > 3) {
    recent[2] = recent[1];
    recent[1] = recent[0];
    recent[0] = value - 3;
    return recent[0];
  }
  const index = value - 1 + (literalLength === 0 ? 1 : 0);
  if (index === 0) return recent[0];
  const offset = index === 1 ? recent[1] : index === 2 ? recent[2] : recent[0] - 1;
  if (index > 1) recent[2] = recent[1];
  recent[1] = recent[0];
  recent[0] = offset;
  return offset;
}

function copyLiterals(literals: Buffer, from: number, length: number, output: Output): void {
  if (from + length > literals.length) throw new UnreadableError('a zstd block wants more literals than it has');
  if (output.at + length > output.bytes.length) throw new UnreadableError('a zstd block unpacks to too much');
  const { bytes, at } = output;
  if (length > SHORT) literals.copy(bytes, at, from, from + length);
  else for (let index = 0; index < length; index += 1) bytes[at + index] = literals[from + index] ?? 0;
  output.at += length;
}

function copyMatch(output: Output, offset: number, length: number): void {
  const { bytes } = output;
  const start = output.at;
  if (offset <= 0 || offset > start || start + length > bytes.length)
    throw new UnreadableError('a zstd match reaches outside');
  if (offset >= length && length > SHORT) bytes.copyWithin(start, start - offset, start - offset + length);
  else for (let index = 0; index < length; index += 1) bytes[start + index] = bytes[start + index - offset] ?? 0;
  output.at = start + length;
}

function literalsSection(block: Buffer, state: State): { literals: Buffer; end: number } {
  const first = byteAt(block, 0);
  const type = first & 3;
  const format = (first >> 2) & 3;
  if (type < 2) {
    const header = format === 1 ? 2 : format === 3 ? 3 : 1;
    if (header > block.length) throw new UnreadableError('a zstd block is cut off');
    const size = block.readUIntLE(0, header) >> (header === 1 ? 3 : 4);
    if (size > MAX_BLOCK) throw new UnreadableError('a zstd block has too many literals');
    if (type === 1) return { literals: Buffer.alloc(size, byteAt(block, header)), end: header + 1 };
    if (header + size > block.length) throw new UnreadableError('a zstd block is cut off');
    return { literals: block.subarray(header, header + size), end: header + size };
  }
  const header = [3, 3, 4, 5][format] ?? 3;
  const width = [10, 10, 14, 18][format] ?? 10;
  if (header > block.length) throw new UnreadableError('a zstd block is cut off');
  const value = block.readUIntLE(0, header);
  const size = Math.floor(value / 16) % 2 ** width;
  const packed = Math.floor(value / 2 ** (4 + width)) % 2 ** width;
  const end = header + packed;
  if (end > block.length || size > MAX_BLOCK) throw new UnreadableError('a zstd block is cut off');
  let at = header;
  if (type === 2) {
    const read = readHuffman(block, at, end);
    state.huffman = read.table;
    at = read.end;
  }
  if (state.huffman === null) throw new UnreadableError('a zstd block repeats a table that was never given');
  const literals = Buffer.allocUnsafe(size);
  if (format === 0) decodeLiteralStream(block, at, end, state.huffman, literals, 0, size);
  else fourStreams(block, at, end, state.huffman, literals);
  return { literals, end };
}

function fourStreams(block: Buffer, at: number, end: number, huffman: HuffmanTable, literals: Buffer): void {
  if (at + 6 > end) throw new UnreadableError('a zstd block is cut off');
  const quarter = Math.floor((literals.length + 3) / 4);
  let start = at + 6;
  for (let stream = 0; stream < 4; stream += 1) {
    const stop = stream === 3 ? end : start + block.readUInt16LE(at + stream * 2);
    const to = stream === 3 ? literals.length : (stream + 1) * quarter;
    if (stop > end || to > literals.length) throw new UnreadableError('a zstd block is cut off');
    decodeLiteralStream(block, start, stop, huffman, literals, stream * quarter, to);
    start = stop;
  }
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new UnreadableError('zstd data are cut off');
  return byte;
}
