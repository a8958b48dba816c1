/** Zstandard's Huffman coded literals (RFC 8878, section 4.2). */
import { UnreadableError } from '../bytes.js';
import { BackwardBits, fseTable, readDistribution } from './zstd-entropy.js';

const MAX_BITS = 11;

export interface HuffmanTable {
  readonly bits: number;
  /** For each value of the next `bits` bits: the symbol, and how many bits it really takes. */
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

export function readHuffman(bytes: Buffer, start: number, end: number): { table: HuffmanTable; end: number } {
  const header = bytes[start];
  if (header === undefined || start >= end) throw new UnreadableError('a zstd Huffman table is cut off');
  if (header < 128) {
    const stop = start + 1 + header;
    if (stop > end) throw new UnreadableError('a zstd Huffman table is cut off');
    return { table: huffmanTable(packedWeights(bytes.subarray(0, stop), start + 1)), end: stop };
  }
  const count = header - 127;
  const stop = start + 1 + Math.ceil(count / 2);
  if (stop > end) throw new UnreadableError('a zstd Huffman table is cut off');
  const weights = Array.from({ length: count }, (_, index) => {
    const byte = bytes[start + 1 + (index >> 1)] ?? 0;
    return index % 2 === 0 ? byte >> 4 : byte & 15;
  });
  return { table: huffmanTable(weights), end: stop };
}

/** Two states take turns until the bits run out. */
function packedWeights(bytes: Buffer, start: number): number[] {
  const distribution = readDistribution(bytes, start, 6, 255);
  const table = fseTable(distribution.counts, distribution.bits);
  const bits = new BackwardBits(bytes, distribution.end, bytes.length);
  const states = [bits.read(table.bits), bits.read(table.bits)];
  const weights: number[] = [];
  for (let turn = 0; weights.length < 255; turn = 1 - turn) {
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    const needed = table.lengths[state] ?? 0;
    if (bits.left < needed) {
      weights.push(table.symbols[states[1 - turn] ?? 0] ?? 0);
      return weights;
    }
    states[turn] = (table.bases[state] ?? 0) + bits.read(needed);
  }
  throw new UnreadableError('a zstd Huffman table has too many symbols');
}

/** The last symbol's weight is not sent: it is what completes the code. */
function huffmanTable(given: readonly number[]): HuffmanTable {
  const sum = given.reduce((total, weight) => total + (weight > 0 ? 2 ** (weight - 1) : 0), 0);
  if (sum === 0) throw new UnreadableError('a zstd Huffman table is empty');
  const bits = 32 - Math.clz32(sum);
  const rest = 2 ** bits - sum;
  if (bits > MAX_BITS || !Number.isInteger(Math.log2(rest)))
    throw new UnreadableError('a zstd Huffman table does not add up');
  const weights = [...given, Math.log2(rest) + 1];
  const size = 2 ** bits;
  const symbols = new Uint8Array(size);
  const lengths = new Uint8Array(size);
  let at = 0;
  for (let weight = 1; weight <= bits; weight += 1) {
    const cells = 2 ** (weight - 1);
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      symbols.fill(symbol, at, at + cells);
      lengths.fill(bits + 1 - weight, at, at + cells);
      at += cells;
    });
  }
  return { bits, symbols, lengths };
}

export function decodeLiteralStream(
  bytes: Buffer,
  start: number,
  end: number,
  table: HuffmanTable,
  output: Buffer,
  from: number,
  to: number,
): void {
  const bits = new BackwardBits(bytes, start, end);
  const mask = 2 ** table.bits - 1;
  let state = bits.read(table.bits);
  for (let at = from; at < to; at += 1) {
    output[at] = table.symbols[state] ?? 0;
    const used = table.lengths[state] ?? 0;
    state = ((state << used) & mask) | bits.read(used);
  }
  // The state runs ahead by its own width.
  if (bits.left < -table.bits) throw new UnreadableError('a zstd literal stream ends too early');
}
