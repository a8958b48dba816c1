/** Zstandard's finite state entropy coding (RFC 8878, section 4.1) and the bit streams that are read from their end. */
import { UnreadableError } from '../bytes.js';

export interface FseTable {
  readonly bits: number;
  readonly symbols: Uint8Array;
  /** Bits to read for the next state, and what they are added to. */
  readonly lengths: Uint8Array;
  readonly bases: Uint16Array;
}

export function fseTable(counts: readonly number[], bits: number): FseTable {
  const size = 2 ** bits;
  const symbols = new Uint8Array(size);
  const next = counts.map((count) => Math.abs(count));
  // Symbols that are rarer than one cell get one at the end.
  let high = size;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--high] = symbol;
  });
  const step = size / 2 + size / 8 + 3;
  let position = 0;
  counts.forEach((count, symbol) => {
    for (let index = 0; index < count; index += 1) {
      symbols[position] = symbol;
      do position = (position + step) % size;
      while (position >= high);
    }
  });
  if (position !== 0) throw new UnreadableError('a zstd table does not add up');
  const lengths = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let cell = 0; cell < size; cell += 1) {
    const symbol = symbols[cell] ?? 0;
    const state = next[symbol] ?? 1;
    next[symbol] = state + 1;
    const length = bits - (31 - Math.clz32(state));
    lengths[cell] = length;
    bases[cell] = (state << length) - size;
  }
  return { bits, symbols, lengths, bases };
}

export function rleTable(symbol: number, maxSymbol: number): FseTable {
  if (symbol > maxSymbol) throw new UnreadableError('a zstd table has an unknown symbol');
  return { bits: 0, symbols: Uint8Array.of(symbol), lengths: Uint8Array.of(0), bases: Uint16Array.of(0) };
}

export function readDistribution(
  bytes: Buffer,
  start: number,
  maxBits: number,
  maxSymbol: number,
): { counts: number[]; bits: number; end: number } {
  let at = start * 8;
  const peek = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      const byte = bytes[(at + index) >> 3];
      if (byte === undefined) throw new UnreadableError('a zstd table is cut off');
      value |= ((byte >> ((at + index) & 7)) & 1) << index;
    }
    return value;
  };
  const bits = peek(4) + 5;
  at += 4;
  if (bits > maxBits) throw new UnreadableError(`a zstd table has ${bits} bits`);
  let left = 2 ** bits;
  const counts: number[] = [];
  while (left > 0 && counts.length <= maxSymbol) {
    const width = 32 - Math.clz32(left + 1);
    const small = 2 ** (width - 1) - 1;
    const threshold = 2 ** width - 1 - (left + 1);
    // The last bit may lie after the end when the short form is the one meant.
    const short = peek(width - 1);
    let value: number;
    if (short < threshold) {
      value = short;
      at += width - 1;
    } else {
      value = peek(width);
      at += width;
      if (value > small) value -= threshold;
    }
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    for (let repeat = count === 0 ? 3 : 0; repeat === 3; ) {
      repeat = peek(2);
      at += 2;
      for (let index = 0; index < repeat; index += 1) counts.push(0);
    }
  }
  if (left !== 0 || counts.length > maxSymbol + 1) throw new UnreadableError('a zstd table does not add up');
  return { counts, bits, end: Math.ceil(at / 8) };
}

/** Bits from the end of a range to its start; reading past the start gives zeros and a negative `left`. */
export class BackwardBits {
  /** Bits that remain. */
  left: number;
  private word = 0;
  private held = 0;
  private at: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
    end: number,
  ) {
    const last = end > start ? bytes[end - 1] : undefined;
    if (last === undefined || last === 0) throw new UnreadableError('a zstd bit stream has no end mark');
    const used = 31 - Math.clz32(last);
    this.at = end - 1;
    this.word = last & (2 ** used - 1);
    this.held = used;
    this.left = (end - 1 - start) * 8 + used;
  }

  /** At most 31 bits. */
  read(count: number): number {
    if (count > 16) {
      const high = this.read(count - 16);
      return high * 65_536 + this.read(16);
    }
    while (this.held < count) {
      this.at -= 1;
      this.word = ((this.word << 8) | (this.at >= this.start ? (this.bytes[this.at] ?? 0) : 0)) >>> 0;
      this.held += 8;
    }
    this.held -= count;
    this.left -= count;
    const value = this.word >>> this.held;
    this.word &= (1 << this.held) - 1;
    return value;
  }
}
