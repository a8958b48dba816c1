/**
 * CRC64-ECMA, the checksum that OSS stores for every object. Computed in WebAssembly (crc64.wat), because 64-bit
 * integers in JavaScript would be the slowest part of an upload.
 */
import { WASM } from './crc64-module.js';

const POLYNOMIAL = 0xc96c5795d7870f42n;
const SLICES = 16;
const BUFFER_OFFSET = 65_536;
const BUFFER_BYTES = 262_144;
const MASK = 0xffff_ffff_ffff_ffffn;

function tables(): BigUint64Array {
  const table = new BigUint64Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = table[at - 256] ?? 0n;
    table[at] = (table[Number(before & 0xffn)] ?? 0n) ^ (before >> 8n);
  }
  return table;
}

interface Memory {
  readonly buffer: ArrayBuffer;
}

// TypeScript declares WebAssembly in the DOM library, which this project does not include.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { e: { m: Memory } },
  ) => { readonly exports: { update(state: bigint, address: number, length: number): bigint } };
};

const memory = new WebAssembly.Memory({ initial: (BUFFER_OFFSET + BUFFER_BYTES) / 65_536 });
new BigUint64Array(memory.buffer).set(tables());
const buffer = new Uint8Array(memory.buffer, BUFFER_OFFSET, BUFFER_BYTES);
const update = new WebAssembly.Instance(new WebAssembly.Module(WASM), { e: { m: memory } }).exports.update;

/** Continues the checksum `before` with `bytes`. Unsigned 64 bits. */
export function crc64(bytes: Uint8Array, before = 0n): bigint {
  let state = before ^ MASK;
  for (let at = 0; at < bytes.length; at += BUFFER_BYTES) {
    const piece = bytes.subarray(at, at + BUFFER_BYTES);
    buffer.set(piece);
    state = update(state, BUFFER_OFFSET, piece.length);
  }
  return (state ^ MASK) & MASK;
}

/** a · b modulo the polynomial, with reflected bits as in the checksum. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = 1n << 63n; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ POLYNOMIAL : factor >> 1n;
  }
  return product;
}

const shifts = new Map<number, bigint>();

/** x^(8·length) modulo the polynomial. Cached, because most parts of an upload have the same size. */
function shiftOf(length: number): bigint {
  const known = shifts.get(length);
  if (known !== undefined) return known;
  let power = 1n << 62n;
  let result = 1n << 63n;
  for (let bits = BigInt(length) * 8n; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = multiply(result, power);
    power = multiply(power, power);
  }
  if (shifts.size > 1000) shifts.clear();
  shifts.set(length, result);
  return result;
}

/** The checksum of two concatenated pieces, from their checksums and the length of the second one in bytes. */
export function combineCrc64(first: bigint, second: bigint, secondLength: number): bigint {
  return multiply(shiftOf(secondLength), first) ^ second;
}
