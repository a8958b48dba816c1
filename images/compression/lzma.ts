/** The LZMA decoder for .xz and .lzma files: the memory around lzma.wat, which has the inner loop. Its memory is bounded. */
import { UnreadableError } from '../bytes.js';
import { WASM } from './lzma-module.js';

// As in lzma.wat: the probabilities of states, distances and lengths, then those of literals.
const LITERALS = 3720;
const LITERAL_CODER_BYTES = 0x600;
const HALF = 1024;
const PAGE = 65_536;

/** The dictionary of xz -9: the largest for content of unknown size. */
const MAX_DICTIONARY = 64 * 1024 * 1024;
const MIN_DICTIONARY = 4096;
/** The largest chunk of LZMA2. */
export const MAX_CHUNK = 2 * 1024 * 1024;
const MAX_INPUT = 128 * 1024;
/** More than the longest symbol reads, so that the inner loop checks the end of the input once a symbol. */
export const INPUT_SLACK = 32;
/** Matches are copied 8 bytes at a time. */
const OUTPUT_SLACK = 8;

/** TypeScript's global types have no WebAssembly without those of the browser. */
interface Global {
  value: number;
}
interface Exports extends Readonly<Record<GlobalName, Global>> {
  decode(inEnd: number, limit: number, most: number, floor: number): number;
}
type GlobalName =
  | 'range'
  | 'code'
  | 'in'
  | 'out'
  | 'state'
  | 'rep0'
  | 'rep1'
  | 'rep2'
  | 'rep3'
  | 'total'
  | 'literalContext'
  | 'literalPositionMask'
  | 'positionMask';
interface Memory {
  readonly buffer: ArrayBuffer;
}
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: { m: { m: Memory } }) => { readonly exports: Exports };
};

const module = new WebAssembly.Module(WASM);

/** `limit`: as much as was requested. `end`: the end marker. `input`: more input is needed. */
export type Decoded = 'limit' | 'end' | 'input';

export interface Lzma {
  setProperties(byte: number): void;
  resetState(): void;
  /** Matches do not refer to earlier bytes. */
  resetDictionary(): void;
  /** Makes room for MAX_CHUNK bytes. Keeps the bytes that a match may refer to. */
  makeRoom(): void;
  /** Replaces the input by at most MAX_INPUT bytes. */
  setInput(bytes: Buffer): void;
  /** Begins a range coder's stream at the start of the input. */
  start(): void;
  /** Position in the input of the last `setInput`. */
  taken(): number;
  /** Whether the input ends where the encoder ended it. */
  finished(): boolean;
  /** Writes up to `limit` bytes, and up to `most` to complete a match. Symbols start at most at `inputEnd`. */
  decode(inputEnd: number, limit: number, most: number): Decoded;
  /** Writes bytes that are not compressed. */
  copy(bytes: Buffer): void;
  /** The bytes written since the last call; valid until the next call of `makeRoom`. */
  written(): Buffer;
}

/**
 * `literalBits`: the most that `setProperties` will set (4 in LZMA2). `contentBytes`: the size of the content, which bounds
 * the memory, because no match refers to more bytes than there are.
 */
export function openLzma(dictionary: number, literalBits: number, contentBytes = Number.POSITIVE_INFINITY): Lzma {
  if (dictionary > MAX_DICTIONARY && contentBytes === Number.POSITIVE_INFINITY)
    throw new UnreadableError(`LZMA data require a dictionary of ${dictionary} bytes`);
  const keep = Math.max(Math.min(dictionary, contentBytes), MIN_DICTIONARY);
  const input = LITERALS + (LITERAL_CODER_BYTES << literalBits);
  const window = input + MAX_INPUT + INPUT_SLACK;
  const windowEnd = window + Math.max(Math.min(2 * keep, contentBytes), keep) + 2 * MAX_CHUNK;
  const pages = Math.ceil((windowEnd + OUTPUT_SLACK) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = Buffer.from(memory.buffer);
  const { exports: wasm } = new WebAssembly.Instance(module, { m: { m: memory } });
  /** Where the output that matches may refer to begins, and what was not returned yet. */
  let [floor, from] = [window, window];
  wasm.out.value = window;
  const coders = () => wasm.literalPositionMask.value + 1;
  return {
    setProperties(byte) {
      if (byte >= 225) throw new UnreadableError('LZMA properties are out of range');
      const context = byte % 9;
      const rest = Math.floor(byte / 9);
      if (context + (rest % 5) > literalBits) throw new UnreadableError('LZMA properties are out of range');
      wasm.literalContext.value = context;
      wasm.literalPositionMask.value = (1 << (rest % 5)) - 1;
      wasm.positionMask.value = (1 << Math.floor(rest / 5)) - 1;
    },
    resetState() {
      const used = LITERALS + LITERAL_CODER_BYTES * (coders() << wasm.literalContext.value);
      new Uint16Array(memory.buffer, 0, used / 2).fill(HALF);
      for (const name of ['state', 'rep0', 'rep1', 'rep2', 'rep3'] as const) wasm[name].value = 0;
    },
    resetDictionary() {
      wasm.total.value = 0;
      floor = wasm.out.value;
    },
    makeRoom() {
      const out = wasm.out.value;
      if (out + MAX_CHUNK <= windowEnd) return;
      const kept = Math.min(out - window, keep);
      bytes.copyWithin(window, out - kept, out);
      floor = Math.max(window, floor - (out - kept - window));
      wasm.out.value = window + kept;
      from = wasm.out.value;
    },
    setInput(part) {
      if (part.length > MAX_INPUT) throw new UnreadableError('LZMA data have a chunk that is too long');
      part.copy(bytes, input);
      bytes.fill(0, input + part.length, input + part.length + INPUT_SLACK);
      wasm.in.value = input;
    },
    start() {
      wasm.range.value = -1;
      wasm.code.value = bytes.readInt32BE(input + 1);
      wasm.in.value = input + 5;
    },
    taken: () => wasm.in.value - input,
    finished: () => wasm.code.value === 0,
    decode(inputEnd, limit, most) {
      const out = wasm.out.value;
      const end = Math.min(out + most, windowEnd);
      const status = wasm.decode(input + inputEnd, Math.min(out + limit, end), end, floor);
      if (status === 0) return 'limit';
      if (status === 1) return 'end';
      if (status === 2) return 'input';
      throw new UnreadableError(
        status === 3
          ? 'an LZMA match refers to bytes outside the dictionary'
          : 'LZMA data have more content than declared',
      );
    },
    copy(part) {
      part.copy(bytes, wasm.out.value);
      wasm.out.value += part.length;
      wasm.total.value += part.length;
    },
    written() {
      const piece = bytes.subarray(from, wasm.out.value);
      from = wasm.out.value;
      return piece;
    },
  };
}
