/**
 * Decompresses data that other bytes may follow, e.g. a signature. gzip ignores them; xz and zstd end with an error. The
 * inspection finds the end of the data within limits. Beyond those it is searched here, after the error.
 */
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as pause } from 'node:timers/promises';
import type { Finding } from '../../domain/import.js';
import { type ByteSource, openFile, slice, UnreadableError } from '../bytes.js';
import { xzExtent } from '../compression/xz.js';
import { walkFrames } from '../compression/zstd.js';
import { trailingBytes } from '../formats/compressed.js';
import {
  type Compression,
  DecompressionError,
  type DecompressOptions,
  decompress,
  type FileRange,
} from './decompress.js';

/** As long as one read may be. */
const MAX_XZ_TRAILING = 64 * 1024 ** 2;

export interface CompressedLayer {
  readonly handle: FileHandle;
  readonly range: FileRange;
  /** The same file with a position of its own. */
  readonly reopen: () => Promise<FileHandle>;
}

/** Returns a finding where other bytes follow. */
export async function decompressLayer(
  compression: Compression,
  { handle, range, reopen }: CompressedLayer,
  target: FileHandle,
  options: DecompressOptions,
): Promise<readonly Finding[]> {
  const fileSize = (await handle.stat()).size;
  const { offset, size } = range ?? { offset: 0, size: fileSize };
  const name = compression.toLowerCase();
  try {
    const { hasTrailingBytes } = await decompress(compression, handle, range, target, options);
    return hasTrailingBytes ? [trailingBytes(name, size, null)] : [];
  } catch (error) {
    if (!(error instanceof DecompressionError)) throw error;
    const data = slice(openFile(handle.fd), offset, size, 'the compressed data');
    const end = await endOfData(compression, data, options.signal);
    if (end === null || end >= size) throw error;
    await target.truncate(0);
    const again = await reopen();
    await decompress(compression, again, { offset, size: end }, target, options).finally(() => again.close());
    return [trailingBytes(name, size, end)];
  }
}

async function endOfData(compression: Compression, data: ByteSource, signal: AbortSignal): Promise<number | null> {
  try {
    if (compression === 'GZIP') return null;
    if (compression === 'XZ') return xzExtent(data, MAX_XZ_TRAILING)?.end ?? null;
    const walk = walkFrames(data, Number.POSITIVE_INFINITY);
    for (;;) {
      const step = walk.next();
      if (step.done === true) return step.value?.end ?? null;
      await pause(undefined, { signal });
    }
  } catch (error) {
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}
