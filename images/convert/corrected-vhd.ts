/**
 * A copy of a dynamic VHD with the size of its disk in both footers. QEMU reads the copy of the footer at byte 0 only, and the
 * right size may be in the one at the end.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { orHostFailure } from '../../domain/errors/index.js';
import { writeSparse } from './decompress.js';
import type { ImageBytes } from './qemu-img.js';

const FOOTER_BYTES = 512;
const PIECE_BYTES = 1024 * 1024;
const DYNAMIC = 3;

export interface CorrectionOptions {
  /** Throws where the reserved room is too small for so many bytes on the disk. */
  readonly onWritten: (bytesOnDisk: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Null: the image is no dynamic VHD with a footer at its end. */
export async function correctedVhd(
  source: FileHandle,
  image: ImageBytes,
  diskBytes: number,
  target: string,
  { onWritten, signal }: CorrectionOptions,
): Promise<FileHandle | null> {
  const { offset } = image;
  const size = image.size ?? (await source.stat()).size - offset;
  const footer = await readAt(source, offset + size - FOOTER_BYTES, FOOTER_BYTES);
  if (image.format !== 'VHD' || footer.toString('latin1', 0, 8) !== 'conectix') return null;
  if (footer.readUInt32BE(60) !== DYNAMIC) return null;
  footer.writeBigUInt64BE(BigInt(diskBytes), 48);
  footer.writeUInt32BE(0, 64);
  footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
  const copy = await open(target, 'wx+');
  try {
    await writeSparse(piecesOf(source, offset, size, signal), copy, { onWritten }, async () => undefined);
    await copy.write(footer, 0, FOOTER_BYTES, 0);
    await copy.write(footer, 0, FOOTER_BYTES, size - FOOTER_BYTES);
    return copy;
  } catch (error) {
    await copy.close();
    throw error;
  }
}

async function* piecesOf(
  source: FileHandle,
  offset: number,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < size; at += PIECE_BYTES) {
    signal.throwIfAborted();
    yield await readAt(source, offset + at, Math.min(PIECE_BYTES, size - at));
  }
}

/** A file that has become shorter reads as zeros; the check after the conversion reports that it has changed. */
async function readAt(source: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await source.read(bytes, 0, length, position).catch(orHostFailure('the VHD cannot be read'));
  return bytes;
}
