/** LZ4 decompression of legacy frames, the only LZ4 format that the kernel reads in an initramfs. */
import { UnreadableError } from '../bytes.js';

const LZ4_LEGACY = 0x184c2102;
const BLOCK = 8 * 1024 * 1024;
/** Of a block that cannot be compressed. A larger number is other data. */
const MAX_STORED = BLOCK + Math.ceil(BLOCK / 255) + 16;

/** The content block by block (at most 8 MiB). Ends at bytes that are no block, such as the size of a kernel. */
export function* lz4Pieces(input: Buffer): Generator<Buffer, number> {
  let at = 0;
  while (at + 4 <= input.length) {
    const size = input.readUInt32LE(at);
    if (size === LZ4_LEGACY) {
      at += 4;
      continue;
    }
    if (size === 0 || size > MAX_STORED || at + 4 === input.length) break;
    if (at + 4 + size > input.length) throw new UnreadableError('LZ4 data are cut off');
    yield block(input.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return at;
}

function block(input: Buffer): Buffer {
  const output = Buffer.allocUnsafe(BLOCK);
  let to = 0;
  let at = 0;
  const extended = (length: number): number => {
    let total = length;
    if (length !== 15) return total;
    for (let byte = 255; byte === 255; ) {
      byte = input[at++] ?? 0;
      total += byte;
    }
    return total;
  };
  while (at < input.length) {
    const token = input[at++] ?? 0;
    const literals = extended(token >> 4);
    if (at + literals > input.length || to + literals > BLOCK) throw new UnreadableError('an LZ4 block is damaged');
    input.copy(output, to, at, at + literals);
    to += literals;
    at += literals;
    if (at >= input.length) break;
    const offset = (input[at] ?? 0) + (input[at + 1] ?? 0) * 256;
    at += 2;
    const length = extended(token & 15) + 4;
    if (offset === 0 || offset > to || to + length > BLOCK) throw new UnreadableError('an LZ4 block is damaged');
    for (let index = 0; index < length; index += 1) output[to + index] = output[to + index - offset] ?? 0;
    to += length;
  }
  return output.subarray(0, to);
}
