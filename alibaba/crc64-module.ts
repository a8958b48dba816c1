/**
 * The bytes of a WebAssembly module that computes CRC-64/XZ in the imported memory `m.m`. Assembled here from named
 * instructions, so that no binary lies in the repository. Two functions:
 *
 * `slices(address, length, state) -> state` looks 16 bytes up at once, in 16 tables of 256 × 8 bytes from address 0.
 *
 * `fold(source, window, target, vectors)` spreads bytes instead: target[i] = source[i] ^ every window[SPAN + i - d], for
 * the distances d below and i in steps of 16. A byte may be removed from a message when it is added again at all of
 * these distances further on, since x⁰ + Σ x⁻⁸ᵈ is a multiple of the generator; so all but the last SPAN bytes go away.
 * It needs 8 loads and 7 additions for 16 bytes where the tables need 18 loads and 16 additions.
 */

/** Table k is at k × 2048: table 0 advances by one byte, table k by k further zero bytes. */
export const TABLE_BYTES = 2048;
export const SLICES = 16;

/** Found by search among the sums of 7 powers; crc64.test.ts shows that they fit the generator. */
export const DISTANCES = [1628, 2426, 2756, 2938, 3728, 3856, 5520] as const;
/** The largest distance: how many bytes back `fold` reads; a multiple of 16. */
export const SPAN = 5520;

const I32 = 0x7f;
const I64 = 0x7e;
const VOID = 0x40;

// Locals of `slices` and of `fold`; the parameters come first.
const [ADDRESS, LENGTH, STATE, FIRST, SECOND, WORD] = [0, 1, 2, 3, 4, 5];
const [SOURCE, WINDOW, TARGET, VECTORS] = [0, 1, 2, 3];

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
const DROP = [0x1a];
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
const LOAD_VECTOR = [0xfd, 0x00, 0];
const STORE_VECTOR = [0xfd, 0x0b, 0];
const XOR_VECTOR = [0xfd, 0x51];
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

const increase = (local: number, by: number) => [...get(local), ...i32(by), ...ADD, ...set(local)];
const decrease = (local: number, by: number) => [...get(local), ...i32(by), ...SUBTRACT, ...tee(local)];
const advance = (bytes: number) => [...increase(ADDRESS, bytes), ...decrease(LENGTH, bytes), ...DROP];

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

const spread = loop(
  [...get(TARGET), ...get(SOURCE), ...LOAD_VECTOR, 0],
  DISTANCES.flatMap((distance) => [...get(WINDOW), ...LOAD_VECTOR, ...unsigned(SPAN - distance), ...XOR_VECTOR]),
  [...STORE_VECTOR, 0],
  [...increase(SOURCE, 16), ...increase(WINDOW, 16), ...increase(TARGET, 16)],
  [...decrease(VECTORS, 1), ...branchIf(0)],
);

const section = (id: number, content: number[]) => [id, ...sized(content)];
const name = (text: string) => [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];

const sized = (content: number[]) => [...unsigned(content.length), ...content];

/** `pages`: 64 KiB each, the exact size of the imported memory. */
export function crc64Module(pages: number): Uint8Array<ArrayBuffer> {
  const locals = [2, 2, I64, 1, I32];
  const slices = [...locals, ...sixteenAtOnce, ...byteByByte, ...get(STATE), ...END];
  const fold = [0, ...spread, ...END];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, 0x60, 3, I32, I32, I64, 1, I64, 0x60, 4, I32, I32, I32, I32, 0]),
    ...section(2, [1, ...name('m'), ...name('m'), 2, 1, ...unsigned(pages), ...unsigned(pages)]),
    ...section(3, [2, 0, 1]),
    ...section(7, [2, ...name('slices'), 0, 0, ...name('fold'), 0, 1]),
    ...section(10, [2, ...sized(slices), ...sized(fold)]),
  ]);
}
