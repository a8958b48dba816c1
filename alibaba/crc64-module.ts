/**
 * The bytes of a WebAssembly module with one function, `crc64(address, length, state) -> state`: CRC-64/XZ by slices of 16.
 * Assembled here from named instructions, so that no binary lies in the repository; 16 look-up tables of 256 × 8 bytes
 * are expected from address 0 of the imported memory `m.m`.
 */

/** Table k is at k × 2048: table 0 advances by one byte, table k by k further zero bytes. */
export const TABLE_BYTES = 2048;
export const SLICES = 16;

const I32 = 0x7f;
const I64 = 0x7e;
const VOID = 0x40;

const [ADDRESS, LENGTH, STATE, FIRST, SECOND, WORD] = [0, 1, 2, 3, 4, 5];

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a constant that is not negative. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x3f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

const get = (local: number) => [0x20, ...unsigned(local)];
const set = (local: number) => [0x21, ...unsigned(local)];
const tee = (local: number) => [0x22, ...unsigned(local)];
const i32 = (value: number) => [0x41, ...signed(value)];
const i64 = (value: number) => [0x42, ...signed(value)];
const ADD = [0x6a];
const SUBTRACT = [0x6b];
const AND = [0x71];
const SHIFT_LEFT = [0x74];
const SHIFT_RIGHT = [0x76];
const LESS_THAN = [0x49];
const IS_ZERO = [0x45];
const XOR_64 = [0x85];
const SHIFT_RIGHT_64 = [0x88];
const LOW_HALF = [0xa7];
const LOAD_BYTE = [0x2d, 0, 0];
const END = [0x0b];
const loadAt = (offset: number) => [0x29, 3, ...unsigned(offset)];
const block = (...body: number[][]) => [0x02, VOID, ...body.flat(), ...END];
const loop = (...body: number[][]) => [0x03, VOID, ...body.flat(), ...END];
const branch = (depth: number) => [0x0c, depth];
const branchIf = (depth: number) => [0x0d, depth];

/** Looks byte `index` (0 to 3) of the 32-bit `WORD` up in a table; leaves an i64 on the stack. */
function lookUp(index: number, table: number): number[] {
  const scaled = index === 0 ? [...i32(3), ...SHIFT_LEFT] : [...i32(8 * index - 3), ...SHIFT_RIGHT];
  return [...get(WORD), ...scaled, ...i32(0x7f8), ...AND, ...loadAt(table * TABLE_BYTES)];
}

/** The eight look-ups of a 64-bit local, XORed into what is on the stack already unless `starts`. */
function lookUpWord(local: number, highestTable: number, starts: boolean): number[] {
  const code: number[] = [];
  for (const half of [0, 1]) {
    code.push(...get(local), ...(half === 1 ? [...i64(32), ...SHIFT_RIGHT_64] : []), ...LOW_HALF, ...set(WORD));
    for (let byte = 0; byte < 4; byte++) {
      code.push(...lookUp(byte, highestTable - 4 * half - byte));
      if (!(starts && half === 0 && byte === 0)) code.push(...XOR_64);
    }
  }
  return code;
}

const advance = (bytes: number) => [
  ...[...get(ADDRESS), ...i32(bytes), ...ADD, ...set(ADDRESS)],
  ...[...get(LENGTH), ...i32(bytes), ...SUBTRACT, ...set(LENGTH)],
];

const sixteenAtOnce = block(
  loop(
    [...get(LENGTH), ...i32(16), ...LESS_THAN, ...branchIf(1)],
    [...get(ADDRESS), ...loadAt(0), ...get(STATE), ...XOR_64, ...set(FIRST)],
    [...get(ADDRESS), ...loadAt(8), ...set(SECOND)],
    [...lookUpWord(SECOND, 7, true), ...lookUpWord(FIRST, 15, false), ...set(STATE)],
    advance(16),
    branch(0),
  ),
);

const byteByByte = block(
  loop(
    [...get(LENGTH), ...IS_ZERO, ...branchIf(1)],
    [...get(STATE), ...LOW_HALF, ...get(ADDRESS), ...LOAD_BYTE, 0x73 /* i32.xor */, ...tee(WORD)],
    [...i32(0xff), ...AND, ...i32(3), ...SHIFT_LEFT, ...loadAt(0)],
    [...get(STATE), ...i64(8), ...SHIFT_RIGHT_64, ...XOR_64, ...set(STATE)],
    advance(1),
    branch(0),
  ),
);

const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content];
const name = (text: string) => [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];

/** `pages`: 64 KiB each, the exact size of the imported memory. */
export function crc64Module(pages: number): Uint8Array<ArrayBuffer> {
  const locals = [2, 2, I64, 1, I32];
  const body = [...locals, ...sixteenAtOnce, ...byteByByte, ...get(STATE), ...END];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, I64, 1, I64]),
    ...section(2, [1, ...name('m'), ...name('m'), 2, 1, ...unsigned(pages), ...unsigned(pages)]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('crc64'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}
