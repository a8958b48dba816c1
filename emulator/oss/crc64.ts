/**
 * CRC64-ECMA, the checksum that OSS stores for every object. A WebAssembly module assembled here processes 16 bytes
 * per step: with BigInt in JavaScript, the checksum would be the slowest part of an upload.
 */

const POLYNOMIAL = 0xc96c5795d7870f42n;
const SLICES = 16;
const TABLE_BYTES = 256 * 8;
const BUFFER_OFFSET = 65_536;
const BUFFER_BYTES = 262_144;
const MASK = 0xffff_ffff_ffff_ffffn;

const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  br: (depth: number) => [0x0c, depth],
  brIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  i32: (value: number) => [0x41, ...signedLeb(value)],
  i64: (value: number) => [0x42, ...signedLeb(value)],
  loadI64: (offset: number) => [0x29, 0x03, ...leb(offset)],
  loadI64Unaligned: (offset: number) => [0x29, 0x00, ...leb(offset)],
  loadByte: [0x31, 0x00, 0x00],
  i32Eqz: [0x45],
  i32LtU: [0x49],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32And: [0x71],
  i32Shl: [0x74],
  i64Xor: [0x85],
  i64ShrU: [0x88],
  wrap: [0xa7],
};

const CRC = 0;
const AT = 1;
const LENGTH = 2;
const NEXT = 3;

function leb(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...leb(rest)];
}

function signedLeb(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return done ? [low] : [low | 0x80, ...signedLeb(rest)];
}

/** Pushes `table[byte k of local]`. Entries are 8 bytes wide, so the byte is shifted to a multiple of 8. */
function lookUp(local: number, k: number, table: number): number[] {
  const index =
    k === 0
      ? [...op.get(local), ...op.wrap, ...op.i32(3), ...op.i32Shl]
      : [...op.get(local), ...op.i64(8 * k - 3), ...op.i64ShrU, ...op.wrap];
  return [...index, ...op.i32(0x7f8), ...op.i32And, ...op.loadI64(table * TABLE_BYTES)];
}

function advance(bytes: number): number[] {
  return [
    ...[...op.get(AT), ...op.i32(bytes), ...op.i32Add, ...op.set(AT)],
    ...[...op.get(LENGTH), ...op.i32(bytes), ...op.i32Sub, ...op.set(LENGTH)],
  ];
}

function assemble(): Uint8Array<ArrayBuffer> {
  const lookUps: number[] = [];
  for (let k = 0; k < 16; k += 1) {
    lookUps.push(...lookUp(k < 8 ? CRC : NEXT, k % 8, 15 - k), ...(k === 0 ? [] : op.i64Xor));
  }
  const body = [
    ...[0x01, 0x01, 0x7e], // one local: i64 NEXT
    ...op.block,
    ...op.loop,
    ...[...op.get(LENGTH), ...op.i32(16), ...op.i32LtU, ...op.brIf(1)],
    ...[...op.get(CRC), ...op.get(AT), ...op.loadI64Unaligned(0), ...op.i64Xor, ...op.set(CRC)],
    ...[...op.get(AT), ...op.loadI64Unaligned(8), ...op.set(NEXT)],
    ...[...lookUps, ...op.set(CRC)],
    ...[...advance(16), ...op.br(0)],
    ...[...op.end, ...op.end],
    ...op.block,
    ...op.loop,
    ...[...op.get(LENGTH), ...op.i32Eqz, ...op.brIf(1)],
    ...[...op.get(CRC), ...op.get(AT), ...op.loadByte, ...op.i64Xor, ...op.set(NEXT)],
    ...lookUp(NEXT, 0, 0),
    ...[...op.get(CRC), ...op.i64(8), ...op.i64ShrU, ...op.i64Xor, ...op.set(CRC)],
    ...[...advance(1), ...op.br(0)],
    ...[...op.end, ...op.end],
    ...[...op.get(CRC), ...op.end],
  ];
  const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [0x01, 0x60, 0x03, 0x7e, 0x7f, 0x7f, 0x01, 0x7e]),
    ...section(2, [0x01, 0x01, 0x65, 0x01, 0x6d, 0x02, 0x00, 0x01]), // import memory "e" "m"
    ...section(3, [0x01, 0x00]),
    ...section(7, [0x01, 0x01, 0x75, 0x00, 0x00]), // export function "u"
    ...section(10, [0x01, ...leb(body.length), ...body]),
  ]);
}

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
  ) => { readonly exports: { u(state: bigint, address: number, length: number): bigint } };
};

const memory = new WebAssembly.Memory({ initial: (BUFFER_OFFSET + BUFFER_BYTES) / 65_536 });
new BigUint64Array(memory.buffer).set(tables());
const buffer = new Uint8Array(memory.buffer, BUFFER_OFFSET, BUFFER_BYTES);
const step = new WebAssembly.Instance(new WebAssembly.Module(assemble()), { e: { m: memory } }).exports.u;

/** Continues the checksum `before` with `bytes`. Unsigned 64 bits. */
export function crc64(bytes: Uint8Array, before = 0n): bigint {
  let state = before ^ MASK;
  for (let at = 0; at < bytes.length; at += BUFFER_BYTES) {
    const piece = bytes.subarray(at, at + BUFFER_BYTES);
    buffer.set(piece);
    state = step(state, BUFFER_OFFSET, piece.length);
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
