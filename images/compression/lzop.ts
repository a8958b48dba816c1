/** Decompression of lzop files, as the kernel reads them (lib/decompress_unlzo.c): one checksum a block. */
import { crc32 } from 'node:zlib';
import { UnreadableError } from '../bytes.js';
import { lzo1x } from './lzo.js';

const MAGIC = '894c5a4f000d0a1a0a';
/** The first version with two more fields. */
const WITH_LEVEL = 0x0940;
const HAS_FILTER = 0x800;
const CONTENT_CHECKSUM = { adler32: 0x1, crc32: 0x100 } as const;
/** Of the compressed bytes, which the kernel does not skip. */
const STORED_CHECKSUM = 0x202;
const MAX_BLOCK = 256 * 1024;

/** The content block by block. Returns where the file ends. */
export function* lzopPieces(input: Buffer): Generator<Buffer, number> {
  const { end, flags } = header(input);
  const isCrc = (flags & CONTENT_CHECKSUM.crc32) !== 0;
  if ((flags & STORED_CHECKSUM) !== 0 || isCrc === ((flags & CONTENT_CHECKSUM.adler32) !== 0)) {
    throw new UnreadableError('lzop data have checksums that the kernel does not read');
  }
  for (let at = end; ; ) {
    const size = wordAt(input, at);
    if (size === 0) return at + 4;
    const stored = wordAt(input, at + 4);
    const checksum = wordAt(input, at + 8);
    at += 12;
    if (size > MAX_BLOCK || stored === 0 || stored > size) throw new UnreadableError('an lzop block is damaged');
    if (at + stored > input.length) throw new UnreadableError('lzop data are cut off');
    const bytes = input.subarray(at, at + stored);
    const content = stored === size ? bytes : lzo1x(bytes, size);
    if (content.length !== size) throw new UnreadableError('an lzop block is damaged');
    if (checksum !== (isCrc ? crc32(content) : adler32(content))) {
      throw new UnreadableError('an lzop block is damaged: its checksum differs');
    }
    yield content;
    at += stored;
  }
}

function header(input: Buffer): { readonly end: number; readonly flags: number } {
  if (input.toString('hex', 0, 9) !== MAGIC) throw new UnreadableError('lzop data have no header');
  const version = wordAt(input, 9) >>> 16;
  const flagsAt = 16 + (version >= WITH_LEVEL ? 1 : 0);
  const flags = wordAt(input, flagsAt);
  const timesAt = flagsAt + ((flags & HAS_FILTER) === 0 ? 4 : 8);
  const nameAt = timesAt + 8 + (version >= WITH_LEVEL ? 4 : 0);
  const name = input[nameAt] ?? 0;
  return { end: nameAt + 1 + name + 4, flags };
}

function wordAt(input: Buffer, at: number): number {
  if (at + 4 > input.length) throw new UnreadableError('lzop data are cut off');
  return input.readUInt32BE(at);
}

const ADLER = 65_521;
/** As many bytes as fit into 32 bits without a remainder. */
const ADLER_STEP = 3_800;

function adler32(bytes: Buffer): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + ADLER_STEP, bytes.length);
    for (; at < end; at += 1) {
      low += bytes[at] ?? 0;
      high += low;
    }
    low %= ADLER;
    high %= ADLER;
  }
  return high * 65_536 + low;
}
