/** LZO1X decompression (Linux: Documentation/staging/lzo.rst). */
import { UnreadableError } from '../bytes.js';

const END_OF_STREAM = 3;

/** The content, at most `maxBytes`. */
export function lzo1x(input: Buffer, maxBytes: number): Buffer {
  const output = Buffer.alloc(maxBytes);
  let [at, to] = [0, 0];
  /** Literals before the next instruction: 0 to 3, or 4 for a run of them; it changes what small instructions mean. */
  let before = 0;

  const byte = (): number => {
    const value = input[at];
    if (value === undefined) throw damaged('ends too early');
    at += 1;
    return value;
  };
  /** A length that does not fit into its bits: a zero byte for each 255. */
  const extended = (bits: number, whole: number): number => {
    if (bits !== 0) return bits;
    for (let total = whole; ; total += 255) {
      const value = byte();
      if (value !== 0) return total + value;
      if (total > maxBytes) throw damaged('is too long');
    }
  };
  const literals = (count: number) => {
    if (at + count > input.length || to + count > maxBytes) throw damaged('ends too early, or is too long');
    input.copy(output, to, at, at + count);
    at += count;
    to += count;
  };
  const match = (distance: number, length: number, next: number) => {
    if (distance > to || to + length > maxBytes) throw damaged('repeats what does not exist, or is too long');
    for (let index = 0; index < length; index += 1) output[to + index] = output[to + index - distance] ?? 0;
    to += length;
    before = next;
    literals(next);
  };

  const first = input[0] ?? 0;
  if (first > 17) {
    at = 1;
    literals(first - 17);
    before = Math.min(first - 17, 4);
  }
  for (;;) {
    const code = byte();
    if (code < 16 && before === 0) {
      literals(extended(code, 15) + 3);
      before = 4;
    } else if (code < 16) {
      const distance = (code >> 2) + (byte() << 2);
      if (before === 4) match(2049 + distance, 3, code & 3);
      else match(1 + distance, 2, code & 3);
    } else if (code < 32) {
      const length = extended(code & 7, 7) + 2;
      const low = byte() + (byte() << 8);
      const distance = ((code & 8) << 11) + (low >> 2);
      if (distance === 0) {
        if (length !== END_OF_STREAM) throw damaged('has a wrong end');
        return output.subarray(0, to);
      }
      match(0x4000 + distance, length, low & 3);
    } else if (code < 64) {
      const length = extended(code & 31, 31) + 2;
      const low = byte() + (byte() << 8);
      match(1 + (low >> 2), length, low & 3);
    } else {
      match(1 + ((code >> 2) & 7) + (byte() << 3), (code >> 5) + 1, code & 3);
    }
  }
}

const damaged = (what: string) => new UnreadableError(`LZO data ${what}`);
