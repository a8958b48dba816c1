/**
 * CRC-64/XZ (ECMA-182 reflected), the checksum that OSS keeps of every part and object. Computed in WebAssembly;
 * bytes that lie in `crc64Memory()` already are not copied for it.
 */
import { crc64Module, SLICES, TABLE_BYTES } from './crc64-module.js';

const POLYNOMIAL = 0xc96c5795d7870f42n;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const PAGE = 64 * 1024;
const TABLES = SLICES * TABLE_BYTES;
const SCRATCH = 2 * PAGE - TABLES;

/** Memory for the tables, a scratch area and the buffers that parts are read into; bounds them for the whole process. */
const PAGES = 2 + 48 * 16;

interface Engine {
  readonly memory: ArrayBuffer;
  run(address: number, length: number, state: bigint): bigint;
}

let engine: Engine | undefined;

// The compiler is told of no DOM, which is where TypeScript keeps WebAssembly's types.
interface WebAssemblyParts {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { m: { m: object } },
  ) => { readonly exports: { crc64(address: number, length: number, state: bigint): bigint } };
}
declare const WebAssembly: WebAssemblyParts;

function start(): Engine {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  fillTables(new BigUint64Array(memory.buffer, 0, TABLES / 8));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(crc64Module(PAGES)), { m: { m: memory } });
  engine = { memory: memory.buffer, run: instance.exports.crc64 };
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

/** The part of the engine's memory that is free for buffers; constant for the life of the process. */
export function crc64Memory(): Uint8Array<ArrayBuffer> {
  const { memory } = engine ?? start();
  return new Uint8Array(memory, 2 * PAGE);
}

/** The checksum of `bytes` appended to something whose checksum is `previous`. */
export function crc64(bytes: Uint8Array, previous = 0n): bigint {
  const { memory, run } = engine ?? start();
  let state = BigInt.asIntN(64, previous ^ ALL_ONES);
  if (bytes.buffer === memory) {
    state = run(bytes.byteOffset, bytes.byteLength, state);
  } else {
    const scratch = new Uint8Array(memory, TABLES, SCRATCH);
    for (let offset = 0; offset < bytes.byteLength; offset += SCRATCH) {
      const piece = bytes.subarray(offset, offset + SCRATCH);
      scratch.set(piece);
      state = run(TABLES, piece.byteLength, state);
    }
  }
  return BigInt.asUintN(64, state) ^ ALL_ONES;
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

/** x to the power of 8 × `bytes`: what appending so many bytes does to a checksum. */
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

/** The checksum of two pieces put together, from theirs alone. */
export function crc64Combine(first: bigint, second: bigint, secondBytes: number): bigint {
  // Parts are of one size, so the power of the one before nearly always serves again.
  if (lastPower.bytes !== secondBytes) lastPower = { bytes: secondBytes, power: powerOf(secondBytes) };
  return multiply(lastPower.power, first) ^ second;
}
