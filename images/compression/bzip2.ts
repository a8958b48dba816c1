/** Bzip2 decompression, block by block, with the checksums of each block. */
import { UnreadableError } from '../bytes.js';

const BLOCK_UNIT = 100_000;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const MAX_CODE_BITS = 20;
/** Most symbols have shorter words: they are found in one step. */
const SHORT_BITS = 10;
const SLACK = 4;
const GROUP = 50;
const MAX_SELECTORS = 32_768;

/** The content of one stream, in pieces that are valid until the next one is requested. Returns where the stream ends. */
export function* bzip2Pieces(input: Buffer): Generator<Buffer, number> {
  const level = (input[3] ?? 0) - 0x30;
  if (input.toString('latin1', 0, 3) !== 'BZh' || level < 1 || level > 9) throw damaged('have no header');
  const bits = bitReader(input, 4);
  const block = new Uint32Array(level * BLOCK_UNIT);
  let whole = 0;
  for (;;) {
    const magic = bits.read(24) * 2 ** 24 + bits.read(24);
    const checksum = bits.read32();
    if (magic === END_MAGIC) {
      if (checksum !== whole) throw damaged('have another checksum');
      return bits.byteEnd();
    }
    if (magic !== BLOCK_MAGIC) throw damaged('have a block without its magic number');
    const computed = yield* contentOf(block, readBlock(bits, block));
    if (computed !== checksum) throw damaged('have a block with another checksum');
    whole = (((whole << 1) | (whole >>> 31)) ^ computed) >>> 0;
  }
}

interface Bits {
  /** Up to 24 bits. */
  read(count: number): number;
  read32(): number;
  /** One symbol of a code. */
  symbol(code: Code): number;
  byteEnd(): number;
}

function bitReader(input: Buffer, start: number): Bits {
  let at = start;
  let kept = 0;
  let count = 0;
  // A symbol may need bits of a byte more than it has.
  const need = (wanted: number) => {
    while (count < wanted) {
      if (at >= input.length + SLACK) throw damaged('are cut off');
      kept = ((kept << 8) | (input[at] ?? 0)) >>> 0;
      at += 1;
      count += 8;
    }
  };
  const read = (wanted: number): number => {
    need(wanted);
    count -= wanted;
    const value = kept >>> count;
    kept &= (1 << count) - 1;
    return value;
  };
  return {
    read,
    read32: () => read(16) * 0x10000 + read(16),
    symbol({ limits, bases, symbols, shortest, short }) {
      need(MAX_CODE_BITS);
      const known = short[kept >>> (count - SHORT_BITS)] ?? 0;
      if (known !== 0) {
        count -= known & 31;
        kept &= (1 << count) - 1;
        return known >>> 5;
      }
      for (let length = shortest; length <= MAX_CODE_BITS; length += 1) {
        const value = kept >>> (count - length);
        if (value <= (limits[length] ?? -1)) {
          count -= length;
          kept &= (1 << count) - 1;
          return symbols[value - (bases[length] ?? 0)] ?? 0;
        }
      }
      throw damaged('have a code that does not exist');
    },
    byteEnd() {
      const end = at - (count >> 3);
      if (end > input.length) throw damaged('are cut off');
      return end;
    },
  };
}

/** A canonical Huffman code, by the length of its words. */
interface Code {
  /** The highest word of each length; -1: there is none. */
  readonly limits: Int32Array;
  /** What is subtracted from a word to get its place in `symbols`. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
  readonly shortest: number;
  /** For each SHORT_BITS: the symbol of the word with which they begin, and the word's length in the lower 5 bits; 0: a longer word. */
  readonly short: Uint16Array;
}

function codeOf(lengths: Uint8Array): Code {
  const limits = new Int32Array(MAX_CODE_BITS + 1).fill(-1);
  const bases = new Int32Array(MAX_CODE_BITS + 1);
  const symbols = new Uint16Array(lengths.length);
  const short = new Uint16Array(1 << SHORT_BITS);
  let [word, place, shortest] = [0, 0, 0];
  for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
    const before = place;
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      if (lengths[symbol] !== length) continue;
      const first = (word + place - before) << (SHORT_BITS - length);
      if (length <= SHORT_BITS) short.fill((symbol << 5) | length, first, first + (1 << (SHORT_BITS - length)));
      symbols[place++] = symbol;
    }
    bases[length] = word - before;
    if (place > before) {
      word += place - before;
      limits[length] = word - 1;
      if (shortest === 0) shortest = length;
    }
    word <<= 1;
  }
  return { limits, bases, symbols, shortest, short };
}

interface Block {
  readonly length: number;
  /** Where the first byte of the content is in the sorted block. */
  readonly origin: number;
}

/** Fills the lower 8 bits of `block` with the sorted bytes. */
function readBlock(bits: Bits, block: Uint32Array): Block {
  if (bits.read(1) === 1) throw new UnreadableError('bzip2 data have an unsupported, randomised block');
  const origin = bits.read(24);
  const used = usedBytes(bits);
  const groups = bits.read(3);
  const selectors = readSelectors(bits, groups);
  const codes = Array.from({ length: groups }, () => codeOf(readLengths(bits, used.length + 2)));
  const endOfBlock = used.length + 1;
  let [length, run, weight, index] = [0, 0, 1, 0];
  for (let group = 0; ; group += 1) {
    const code = codes[selectors[group] ?? -1];
    if (code === undefined) throw damaged('have too few selectors');
    for (let item = 0; item < GROUP; item += 1) {
      const symbol = bits.symbol(code);
      if (symbol <= 1) {
        // A run of the first byte in the list: its length in digits 1 and 2.
        run += weight << symbol;
        weight <<= 1;
        if (run > block.length) throw damaged('have a block that is too long');
        continue;
      }
      if (run > 0) {
        if (length + run > block.length) throw damaged('have a block that is too long');
        block.fill(used[0] ?? 0, length, length + run);
        length += run;
        [run, weight] = [0, 1];
      }
      if (symbol === endOfBlock) {
        if (origin >= length) throw damaged('have a block without its begin');
        return { length, origin };
      }
      if (length >= block.length) throw damaged('have a block that is too long');
      index = symbol - 1;
      const byte = used[index] ?? 0;
      used.copyWithin(1, 0, index);
      used[0] = byte;
      block[length++] = byte;
    }
  }
}

/** The byte values in the block, in two levels of bits. */
function usedBytes(bits: Bits): Uint8Array {
  const ranges = bits.read(16);
  const found: number[] = [];
  for (let range = 0; range < 16; range += 1) {
    if (((ranges >> (15 - range)) & 1) === 0) continue;
    const values = bits.read(16);
    for (let value = 0; value < 16; value += 1)
      if (((values >> (15 - value)) & 1) === 1) found.push(range * 16 + value);
  }
  if (found.length === 0) throw damaged('have a block without bytes');
  return Uint8Array.from(found);
}

function readSelectors(bits: Bits, groups: number): Uint8Array {
  const count = bits.read(15);
  if (groups < 2 || groups > 6 || count === 0 || count > MAX_SELECTORS) throw damaged('have wrong codes');
  const selectors = new Uint8Array(count);
  const order = Uint8Array.from({ length: groups }, (_, index) => index);
  for (let at = 0; at < count; at += 1) {
    let index = 0;
    while (bits.read(1) === 1) {
      index += 1;
      if (index >= groups) throw damaged('have wrong codes');
    }
    const group = order[index] ?? 0;
    order.copyWithin(1, 0, index);
    order[0] = group;
    selectors[at] = group;
  }
  return selectors;
}

function readLengths(bits: Bits, count: number): Uint8Array {
  const lengths = new Uint8Array(count);
  let length = bits.read(5);
  for (let symbol = 0; symbol < count; symbol += 1) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw damaged('have wrong codes');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

const PIECE = 256 * 1024;
/** After four equal bytes, the next one is how often the byte is repeated. */
const RUN = 4;
const MAX_REPEAT = 255;

/** Undoes the sorting, then the runs of the first step. Returns the checksum. */
function* contentOf(block: Uint32Array, { length, origin }: Block): Generator<Buffer, number> {
  const counts = new Uint32Array(257);
  for (let at = 0; at < length; at += 1) {
    const next = ((block[at] ?? 0) & 0xff) + 1;
    counts[next] = (counts[next] ?? 0) + 1;
  }
  for (let byte = 1; byte <= 256; byte += 1) counts[byte] = (counts[byte] ?? 0) + (counts[byte - 1] ?? 0);
  for (let at = 0; at < length; at += 1) {
    const byte = (block[at] ?? 0) & 0xff;
    const place = counts[byte] ?? 0;
    counts[byte] = place + 1;
    block[place] = ((block[place] ?? 0) & 0xff) | (at << 8);
  }
  const output = Buffer.allocUnsafe(PIECE);
  let entry = block[origin] ?? 0;
  let [to, same, last, checksum] = [0, 0, -1, 0xffffffff];
  for (let left = length; left > 0; left -= 1) {
    entry = block[entry >>> 8] ?? 0;
    const byte = entry & 0xff;
    if (to + MAX_REPEAT > PIECE) {
      yield output.subarray(0, to);
      to = 0;
    }
    if (same === RUN) {
      for (let repeat = 0; repeat < byte; repeat += 1) {
        output[to++] = last;
        checksum = (checksum << 8) ^ (TABLE[(checksum >>> 24) ^ last] ?? 0);
      }
      [same, last] = [0, -1];
      continue;
    }
    same = byte === last ? same + 1 : 1;
    last = byte;
    output[to++] = byte;
    checksum = (checksum << 8) ^ (TABLE[(checksum >>> 24) ^ byte] ?? 0);
  }
  if (to > 0) yield output.subarray(0, to);
  return ~checksum >>> 0;
}

/** CRC-32 with the highest bit first. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

const damaged = (what: string) => new UnreadableError(`bzip2 data ${what}`);
