/** Decompression of one gzip member (RFC 1952). The functions of Node.js fail if other data follow, and do not report where it ends. */
import { crc32, inflateRawSync } from 'node:zlib';
import { UnreadableError } from '../bytes.js';

const HEADER = 10;
const TRAILER = 8;
const FLAG = { headerChecksum: 2, extra: 4, name: 8, comment: 16 } as const;

/** The content in one piece. Returns where the member ends. */
export function* gzipPieces(input: Buffer, maxBytes: number): Generator<Buffer, number> {
  const start = afterHeader(input);
  const { content, size } = inflated(input.subarray(start), maxBytes);
  const end = start + size;
  if (end + TRAILER > input.length) throw cutOff();
  const isWhole = input.readUInt32LE(end) === crc32(content) && input.readUInt32LE(end + 4) === content.length;
  if (!isWhole) throw new UnreadableError('gzip data are damaged: their checksum differs');
  yield content;
  return end + TRAILER;
}

function afterHeader(input: Buffer): number {
  if (input.length < HEADER || input.readUInt8(2) !== 8) throw new UnreadableError('gzip data have an unknown header');
  const flags = input.readUInt8(3);
  let at = HEADER;
  if ((flags & FLAG.extra) !== 0) at += 2 + (input[at] ?? 0) + (input[at + 1] ?? 0) * 256;
  for (const flag of [FLAG.name, FLAG.comment]) {
    if ((flags & flag) === 0) continue;
    const zero = input.indexOf(0, at);
    if (zero < 0) throw cutOff();
    at = zero + 1;
  }
  return (flags & FLAG.headerChecksum) === 0 ? at : at + 2;
}

/** `size`: of the compressed data. */
function inflated(input: Buffer, maxBytes: number): { readonly content: Buffer; readonly size: number } {
  try {
    const result: unknown = inflateRawSync(input, { maxOutputLength: maxBytes, info: true });
    if (hasInfo(result)) return { content: result.buffer, size: result.engine.bytesWritten };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'Z_BUF_ERROR') throw cutOff();
    throw new UnreadableError(
      error.code === 'ERR_BUFFER_TOO_LARGE'
        ? `gzip data decompress to more than ${maxBytes} bytes`
        : `gzip data are damaged: ${error.message}`,
    );
  }
  throw new Error('zlib reported no size');
}

/** The types of `info` are missing in those of Node.js 20. */
function hasInfo(
  result: unknown,
): result is { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } } {
  if (typeof result !== 'object' || result === null || !('buffer' in result) || !('engine' in result)) return false;
  const { buffer, engine } = result;
  return Buffer.isBuffer(buffer) && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine;
}

const cutOff = () => new UnreadableError('gzip data are cut off');
