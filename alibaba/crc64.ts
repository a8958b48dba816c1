/**
 * CRC-64/XZ (ECMA-182 reflected), the checksum that OSS stores for every part and object. Computed in WebAssembly
 * (crc64.wat), which reads bytes that are in `crc64Memory()` without copying them.
 */
import { WASM } from './crc64-module.js';

const POLYNOMIAL = 0xc96c5795d7870f42n;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const PAGE = 64 * 1024;
const SLICES = 16;
const TABLE_BYTES = 256 * 8;
/** The longest distance by which `fold` moves a byte. */
const SPAN = 5520;
/** The bytes that `fold` moves in one step. */
const STEP = 32;
/** The last bytes of a piece, which are not folded further: at least `SPAN`, in whole steps. */
const END = 5536;

// Layout of the memory: tables, space for folding (history, a block after it, the tail), a scratch area, then buffers.
const TABLES = SLICES * TABLE_BYTES;
const BLOCK = 64 * 1024;
const HISTORY = TABLES;
const TAIL = HISTORY + SPAN + BLOCK + END;
const SCRATCH = 2 * PAGE;
const SCRATCH_BYTES = 2 * PAGE;
const BUFFERS = SCRATCH + SCRATCH_BYTES;
/** Includes the buffers that parts are read into, and limits them for the whole process. */
const PAGES = BUFFERS / PAGE + 48 * 16;

/** For shorter pieces, computing the tail takes longer than folding saves. */
const FOLD_FROM_BYTES = 4 * SPAN;

interface Functions {
  slices(address: number, length: number, state: bigint): bigint;
  fold(source: number, window: number, target: number, steps: number): void;
}

interface Memory {
  readonly buffer: ArrayBuffer;
}

// TypeScript declares WebAssembly in the DOM library, which this project does not include.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: { m: { m: Memory } }) => { readonly exports: Functions };
};

interface Engine extends Functions {
  readonly memory: Uint8Array<ArrayBuffer>;
}

let engine: Engine | undefined;

function start(): Engine {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  fillTables(new BigUint64Array(memory.buffer, 0, TABLES / 8));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(WASM), { m: { m: memory } });
  engine = { memory: new Uint8Array(memory.buffer), slices: exports.slices, fold: exports.fold };
  return engine;
}

function fillTables(tables: BigUint64Array): void {
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n;
    tables[byte] = value;
  }
  for (let index = 256; index < tables.length; index++) {
    const shorter = tables[index - 256] ?? 0n;
    tables[index] = (tables[Number(shorter & 0xffn)] ?? 0n) ^ (shorter >> 8n);
  }
}

/** The part of the engine's memory that is free for buffers. It never changes while the process runs. */
export function crc64Memory(): Uint8Array<ArrayBuffer> {
  return (engine ?? start()).memory.subarray(BUFFERS);
}

/** The checksum of `bytes` after data whose checksum is `previous`. */
export function crc64(bytes: Uint8Array, previous = 0n): bigint {
  const { memory } = engine ?? start();
  let state = BigInt.asIntN(64, previous ^ ALL_ONES);
  if (bytes.buffer === memory.buffer) {
    state = advance(bytes.byteOffset, bytes.byteLength, state);
  } else {
    for (let offset = 0; offset < bytes.byteLength; offset += SCRATCH_BYTES) {
      const piece = bytes.subarray(offset, offset + SCRATCH_BYTES);
      memory.set(piece, SCRATCH);
      state = advance(SCRATCH, piece.byteLength, state);
    }
  }
  return BigInt.asUintN(64, state) ^ ALL_ONES;
}

/** The state (the inverted checksum) after the bytes at an address of the engine's memory. */
function advance(address: number, length: number, state: bigint): bigint {
  const { memory, slices, fold } = engine ?? start();
  if (length < FOLD_FROM_BYTES) return slices(address, length, state);

  // The state is added to the first 8 bytes. Nothing is folded into the first step: the shortest distance is longer.
  memory.fill(0, HISTORY, HISTORY + SPAN);
  memory.copyWithin(HISTORY + SPAN, address, address + STEP);
  new DataView(memory.buffer, HISTORY + SPAN, 8).setBigInt64(0, state ^ readState(memory, address), true);

  const foldable = (length - END) & ~(STEP - 1);
  let filled = STEP;
  for (let done = STEP; done < foldable; ) {
    const bytes = Math.min(BLOCK - filled, foldable - done);
    fold(address + done, HISTORY + filled, HISTORY + SPAN + filled, bytes / STEP);
    done += bytes;
    filled += bytes;
    if (filled < BLOCK) continue;
    memory.copyWithin(HISTORY, HISTORY + BLOCK, HISTORY + BLOCK + SPAN);
    filled = 0;
  }
  // Add what was folded into the end. Its bytes are not folded further, so they are zero in the history.
  memory.fill(0, HISTORY + SPAN + filled, HISTORY + SPAN + filled + END);
  fold(address + foldable, HISTORY + filled, TAIL, END / STEP);
  return slices(address + foldable + END, length - foldable - END, slices(TAIL, END, 0n));
}

function readState(memory: Uint8Array<ArrayBuffer>, address: number): bigint {
  return new DataView(memory.buffer, address, 8).getBigInt64(0, true);
}

/** Product of two polynomials modulo the generator; the highest bit is x⁰. */
function multiply(left: bigint, right: bigint): bigint {
  let product = 0n;
  let shifted = right;
  for (let bit = 63n; bit >= 0n; bit--) {
    if ((left >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ POLYNOMIAL : shifted >> 1n;
  }
  return product;
}

/** x to the power of 8 × `bytes`: the factor by which appending this number of bytes multiplies a checksum. */
function powerOf(bytes: number): bigint {
  let result = 1n << 63n;
  let square = 1n << 55n;
  for (let rest = BigInt(bytes); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

let lastPower = { bytes: 0, power: 1n << 63n };

/** The checksum of two concatenated pieces, computed from their checksums. */
export function crc64Combine(first: bigint, second: bigint, secondBytes: number): bigint {
  // All parts but the last have the same size, so the previous power can usually be reused.
  if (lastPower.bytes !== secondBytes) lastPower = { bytes: secondBytes, power: powerOf(secondBytes) };
  return multiply(lastPower.power, first) ^ second;
}
