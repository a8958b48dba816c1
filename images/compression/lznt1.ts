/** LZNT1, the compression of NTFS: chunks of 4096 bytes, each compressed or not (MS-XCA, section 2.5). */
import { UnreadableError } from '../bytes.js';

const CHUNK = 4096;
const COMPRESSED = 0x8000;

/** Returns `size` bytes. Bytes after the end of the input are zero, as NTFS defines. */
export function lznt1(input: Buffer, size: number): Buffer {
  const output = Buffer.alloc(size);
  let at = 0;
  for (let to = 0; to < size && at + 2 <= input.length; to += CHUNK) {
    const header = input.readUInt16LE(at);
    if (header === 0) break;
    const start = at + 2;
    const end = start + (header & 0xfff) + 1;
    if (end > input.length) throw new UnreadableError('an LZNT1 chunk ends after its data');
    const chunk = input.subarray(start, end);
    if ((header & COMPRESSED) === 0) chunk.copy(output, to, 0, CHUNK);
    else decompress(chunk, output.subarray(to, to + CHUNK));
    at = end;
  }
  return output;
}

function decompress(chunk: Buffer, output: Buffer): void {
  let at = 0;
  let to = 0;
  while (at < chunk.length) {
    const flags = chunk[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < chunk.length; bit += 1) {
      if ((flags & (1 << bit)) === 0) {
        if (to >= output.length) throw new UnreadableError('an LZNT1 chunk is longer than 4096 bytes');
        output[to++] = chunk[at++] ?? 0;
        continue;
      }
      if (at + 2 > chunk.length) throw new UnreadableError('an LZNT1 chunk ends inside a reference');
      const token = chunk.readUInt16LE(at);
      at += 2;
      const offsetBits = offsetBitsAt(to);
      const offset = (token >> (16 - offsetBits)) + 1;
      const length = (token & (0xffff >> offsetBits)) + 3;
      if (offset > to || to + length > output.length)
        throw new UnreadableError('an LZNT1 reference points outside its chunk');
      for (let index = 0; index < length; index += 1) output[to + index] = output[to + index - offset] ?? 0;
      to += length;
    }
  }
}

/** Later in a chunk, a reference has more bits of offset and fewer bits of length. */
function offsetBitsAt(position: number): number {
  let bits = 4;
  for (let reach = 16; reach < position; reach *= 2) bits += 1;
  return bits;
}
