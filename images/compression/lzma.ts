/** The LZMA decoder for .xz and .lzma files (LZMA specification of the LZMA SDK). Its memory is bounded. */
import { UnreadableError } from '../bytes.js';

/** Range and code are unsigned, but stored as signed integers, which are faster. Comparisons flip this bit. */
const SIGN = 0x8000_0000 | 0;
const TOP_BYTE = 0xff00_0000 | 0;
const HALF = 1024;
const MATCH_MIN = 2;
const ALIGN_BITS = 4;
const STATES = 12;
const POSITION_STATES = 16;

/** The latest output, as far back as a match may refer, and the piece that is being written. */
export interface Window {
  readonly bytes: Buffer;
  at: number;
}

/** Probabilities of the length of a match: short, middle, long. */
class LengthCoder {
  readonly choice = new Uint16Array(2);
  readonly low = new Uint16Array(POSITION_STATES * 8);
  readonly middle = new Uint16Array(POSITION_STATES * 8);
  readonly high = new Uint16Array(256);
  reset(): void {
    for (const table of [this.choice, this.low, this.middle, this.high]) table.fill(HALF);
  }
}

export class LzmaDecoder {
  private literalContext = 0;
  private literalPositionMask = 0;
  private positionMask = 0;
  private literals = new Uint16Array(0);
  private readonly isMatch = new Uint16Array(STATES * POSITION_STATES);
  private readonly isRep = new Uint16Array(STATES);
  private readonly isRep0 = new Uint16Array(STATES);
  private readonly isRep1 = new Uint16Array(STATES);
  private readonly isRep2 = new Uint16Array(STATES);
  private readonly isRep0Long = new Uint16Array(STATES * POSITION_STATES);
  private readonly slots = new Uint16Array(4 * 64);
  private readonly special = new Uint16Array(128);
  private readonly align = new Uint16Array(1 << ALIGN_BITS);
  private readonly lengths = new LengthCoder();
  private readonly repLengths = new LengthCoder();
  private state = 0;
  private reps: [number, number, number, number] = [0, 0, 0, 0];
  /** Bytes written since the last reset of the dictionary. Matches must not refer to earlier bytes. */
  private total = 0;
  private input: Buffer = Buffer.alloc(0);
  private from = 0;
  private range = 0;
  private code = 0;

  setProperties(byte: number): void {
    if (byte >= 225) throw new UnreadableError('LZMA properties are out of range');
    this.literalContext = byte % 9;
    const rest = Math.floor(byte / 9);
    const literalPosition = rest % 5;
    this.literalPositionMask = (1 << literalPosition) - 1;
    this.positionMask = (1 << Math.floor(rest / 5)) - 1;
    this.literals = new Uint16Array(0x300 << (this.literalContext + literalPosition));
  }

  resetState(): void {
    const tables = [this.isMatch, this.isRep, this.isRep0, this.isRep1, this.isRep2, this.isRep0Long];
    for (const table of [...tables, this.slots, this.special, this.align, this.literals]) table.fill(HALF);
    this.lengths.reset();
    this.repLengths.reset();
    this.state = 0;
    this.reps = [0, 0, 0, 0];
  }

  resetDictionary(): void {
    this.total = 0;
  }

  /** Counts uncompressed bytes that were copied into the window. */
  skip(length: number): void {
    this.total += length;
  }

  startInput(input: Buffer, at: number): void {
    if (at + 5 > input.length) throw new UnreadableError('LZMA data are cut off');
    this.input = input;
    this.code = input.readInt32BE(at + 1);
    this.range = -1;
    this.from = at + 5;
  }

  /** Position after the input that has been read. */
  get taken(): number {
    return this.from;
  }

  /**
   * Fills the window at least up to `limit` and at most up to `most`, because a match at the limit is written completely.
   * Returns true when the stream ended before.
   */
  decode(window: Window, limit: number, most = limit): boolean {
    const { bytes } = window;
    while (window.at < limit) {
      const positionState = this.total & this.positionMask;
      if (this.bit(this.isMatch, this.state * POSITION_STATES + positionState) === 0) {
        this.literal(window);
        continue;
      }
      const length = this.match(positionState);
      if (length < 0) return true;
      const distance = this.reps[0] + 1;
      if (distance > this.total || distance > window.at)
        throw new UnreadableError('an LZMA match refers to bytes outside the dictionary');
      const end = window.at + length;
      if (end > most || end > bytes.length) throw new UnreadableError('LZMA data have more content than declared');
      this.total += length;
      for (let at = window.at; at < end; at += 1) bytes[at] = bytes[at - distance] ?? 0;
      window.at = end;
    }
    return false;
  }

  private literal(window: Window): void {
    const { bytes } = window;
    const before = this.total > 0 ? (bytes[window.at - 1] ?? 0) : 0;
    const context =
      ((this.total & this.literalPositionMask) << this.literalContext) + (before >> (8 - this.literalContext));
    const base = 0x300 * context;
    let symbol = 1;
    if (this.state >= 7) {
      let matched = bytes[window.at - this.reps[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const matchBit = (matched >> 7) & 1;
        matched <<= 1;
        const bit = this.bit(this.literals, base + ((1 + matchBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (matchBit !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bit(this.literals, base + symbol);
    bytes[window.at] = symbol;
    window.at += 1;
    this.total += 1;
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  /** Returns the length of the match and stores its distance in `reps[0]`; -1 at the end marker. */
  private match(positionState: number): number {
    const { state, reps } = this;
    if (this.bit(this.isRep, state) === 0) {
      reps[3] = reps[2];
      reps[2] = reps[1];
      reps[1] = reps[0];
      const length = this.length(this.lengths, positionState);
      this.state = state < 7 ? 7 : 10;
      reps[0] = this.distance(length);
      return reps[0] === 0xffff_ffff ? -1 : length + MATCH_MIN;
    }
    if (this.bit(this.isRep0, state) === 0) {
      if (this.bit(this.isRep0Long, state * POSITION_STATES + positionState) === 0) {
        this.state = state < 7 ? 9 : 11;
        return 1;
      }
    } else {
      let distance = reps[1];
      if (this.bit(this.isRep1, state) !== 0) {
        distance = reps[2];
        if (this.bit(this.isRep2, state) !== 0) {
          distance = reps[3];
          reps[3] = reps[2];
        }
        reps[2] = reps[1];
      }
      reps[1] = reps[0];
      reps[0] = distance;
    }
    this.state = state < 7 ? 8 : 11;
    return this.length(this.repLengths, positionState) + MATCH_MIN;
  }

  private length(coder: LengthCoder, positionState: number): number {
    if (this.bit(coder.choice, 0) === 0) return this.tree(coder.low, positionState * 8, 3);
    if (this.bit(coder.choice, 1) === 0) return 8 + this.tree(coder.middle, positionState * 8, 3);
    return 16 + this.tree(coder.high, 0, 8);
  }

  private distance(length: number): number {
    const slot = this.tree(this.slots, Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const directBits = (slot >> 1) - 1;
    let distance = (2 | (slot & 1)) * 2 ** directBits;
    if (slot < 14) return distance + this.reverseTree(this.special, distance - slot, directBits);
    for (let bits = directBits - ALIGN_BITS, value = 0; bits > 0; bits -= 1) {
      this.range >>>= 1;
      const isOne = (this.code ^ SIGN) >= (this.range ^ SIGN);
      if (isOne) this.code = (this.code - this.range) | 0;
      value = value * 2 + (isOne ? 1 : 0);
      if ((this.range & TOP_BYTE) === 0) this.normalize();
      if (bits === 1) distance += value * 2 ** ALIGN_BITS;
    }
    return distance + this.reverseTree(this.align, 0, ALIGN_BITS);
  }

  private tree(table: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let index = 0; index < bits; index += 1) node = (node << 1) | this.bit(table, base + node);
    return node - (1 << bits);
  }

  private reverseTree(table: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let index = 0; index < bits; index += 1) {
      const bit = this.bit(table, base + node);
      node = (node << 1) | bit;
      value |= bit << index;
    }
    return value;
  }

  private bit(table: Uint16Array, index: number): 0 | 1 {
    const probability = table[index] ?? HALF;
    const bound = Math.imul(this.range >>> 11, probability);
    if ((this.code ^ SIGN) < (bound ^ SIGN)) {
      this.range = bound;
      table[index] = probability + ((2048 - probability) >> 5);
      if ((bound & TOP_BYTE) === 0) this.normalize();
      return 0;
    }
    this.range = (this.range - bound) | 0;
    this.code = (this.code - bound) | 0;
    table[index] = probability - (probability >> 5);
    if ((this.range & TOP_BYTE) === 0) this.normalize();
    return 1;
  }

  private normalize(): void {
    const byte = this.input[this.from];
    if (byte === undefined) throw new UnreadableError('LZMA data are cut off');
    this.from += 1;
    this.range = this.range << 8;
    this.code = (this.code << 8) | byte;
  }
}
