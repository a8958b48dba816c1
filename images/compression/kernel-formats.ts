/** The compressions that Linux has for its own content and for an initramfs, recognised by their magic numbers as it does. */
import { bzip2Pieces } from './bzip2.js';
import { gzipPieces } from './gzip.js';
import { lz4Pieces } from './lz4.js';
import { lzopPieces } from './lzop.js';
import { lzmaPieces, xzPieces } from './xz.js';
import { zstdFrames } from './zstd.js';

/** Bounds of the content. */
export interface ContentLimits {
  readonly maxBytes: number;
  /** The size of the content, if it is known: then a dictionary may be as large. */
  readonly contentBytes?: number;
}

export interface KernelFormat {
  readonly name: 'gzip' | 'xz' | 'lzma' | 'zstd' | 'lz4' | 'lzo' | 'bzip2';
  /** Hexadecimal. */
  readonly magic: string;
  /**
   * The content in pieces, each valid until the next one is requested. Returns where the compressed data end. Throws
   * UnreadableError where they are damaged, cut off or not supported.
   */
  readonly decompress: (bytes: Buffer, limits: ContentLimits) => Generator<Buffer, number>;
}

const FORMATS: readonly KernelFormat[] = [
  { name: 'gzip', magic: '1f8b', decompress: (bytes, { maxBytes }) => gzipPieces(bytes, maxBytes) },
  { name: 'zstd', magic: '28b52ffd', decompress: (bytes, { maxBytes }) => zstdFrames(bytes, maxBytes) },
  { name: 'xz', magic: 'fd377a585a', decompress: (bytes, { contentBytes }) => xzPieces(bytes, contentBytes) },
  { name: 'lz4', magic: '02214c18', decompress: lz4Pieces },
  { name: 'lzma', magic: '5d0000', decompress: (bytes, { contentBytes }) => lzmaPieces(bytes, contentBytes) },
  { name: 'lzo', magic: '894c5a', decompress: lzopPieces },
  { name: 'bzip2', magic: '425a68', decompress: bzip2Pieces },
];

export function kernelFormatOf(bytes: Buffer): KernelFormat | null {
  const magic = bytes.toString('hex', 0, 8);
  return FORMATS.find((format) => magic.startsWith(format.magic)) ?? null;
}
