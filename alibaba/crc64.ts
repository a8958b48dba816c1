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

// Layout of the memory: tables, working space of the main thread, a scratch area, working space of other threads, buffers.
const TABLES = SLICES * TABLE_BYTES;
/** Working space of one thread; `update` needs 82,128 bytes. */
const AREA_BYTES = 96 * 1024;
const OWN_AREA = TABLES;
const SCRATCH = OWN_AREA + AREA_BYTES;
const SCRATCH_BYTES = 2 * PAGE;
const THREAD_AREAS = SCRATCH + SCRATCH_BYTES;
/** Other threads that may compute checksums: one in the service. */
const THREADS = 2;
const BUFFERS = THREAD_AREAS + THREADS * AREA_BYTES;
/** Includes the buffers that parts are read into, and limits them for the whole process. */
const PAGES = BUFFERS / PAGE + 96 * 16;

interface Functions {
  update(area: number, address: number, length: number, state: bigint): bigint;
}

interface Memory {
  readonly buffer: SharedArrayBuffer;
}

// TypeScript declares WebAssembly in the DOM library, which this project does not include.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: { m: { m: Memory } }) => { readonly exports: Functions };
};

interface Engine extends Functions {
  readonly module: object;
  readonly wasmMemory: Memory;
  readonly memory: Uint8Array<SharedArrayBuffer>;
}

let engine: Engine | undefined;

function start(): Engine {
  const wasmMemory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  fillTables(new BigUint64Array(wasmMemory.buffer, 0, TABLES / 8));
  const module = new WebAssembly.Module(WASM);
  const { update } = new WebAssembly.Instance(module, { m: { m: wasmMemory } }).exports;
  engine = { module, wasmMemory, memory: new Uint8Array(wasmMemory.buffer), update };
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
export function crc64Memory(): Uint8Array<SharedArrayBuffer> {
  return (engine ?? start()).memory.subarray(BUFFERS);
}

/** What another thread needs to compute checksums of bytes in the same memory. @param thread 0 or 1 */
export function crc64ForThread(thread: number) {
  const { module, wasmMemory: memory } = engine ?? start();
  return { module, memory, area: THREAD_AREAS + thread * AREA_BYTES };
}

/** The checksum of `bytes` after data whose checksum is `previous`. */
export function crc64(bytes: Uint8Array, previous = 0n): bigint {
  const { memory, update } = engine ?? start();
  let state = BigInt.asIntN(64, previous ^ ALL_ONES);
  if (bytes.buffer === memory.buffer) {
    state = update(OWN_AREA, bytes.byteOffset, bytes.byteLength, state);
  } else {
    for (let offset = 0; offset < bytes.byteLength; offset += SCRATCH_BYTES) {
      const piece = bytes.subarray(offset, offset + SCRATCH_BYTES);
      memory.set(piece, SCRATCH);
      state = update(OWN_AREA, SCRATCH, piece.byteLength, state);
    }
  }
  return BigInt.asUintN(64, state) ^ ALL_ONES;
}

let lastZeros = { bytes: 0, crc64: 0n };

/** The checksum of this many zeros after data whose checksum is `previous`, without reading any. */
export function crc64OfZeros(bytes: number, previous: bigint): bigint {
  if (lastZeros.bytes !== bytes) lastZeros = { bytes, crc64: crc64(new Uint8Array(bytes)) };
  return crc64Combine(previous, lastZeros.crc64, bytes);
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
