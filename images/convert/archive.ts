/** Takes a sparse disk out of an archive, and verifies the digests of an OVA's manifest. */
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { type ByteSource, openFile, printable, UnreadableError } from '../bytes.js';
import { assembleChunks } from '../formats/chunks.js';
import { expectedDigests } from '../formats/manifest.js';
import { type TarFile, tarFiles } from '../formats/tar.js';
import { DecompressionError } from './decompress.js';

const PIECE = 1024 * 1024;

export interface ExtractOptions {
  /** Throws where the reserved room is too small for so many bytes on the disk. */
  readonly onWritten: (bytesOnDisk: number) => Promise<void>;
  /** 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Writes the stored parts of the file that starts at `offset` of the archive; the rest become holes. */
export async function extractSparse(
  archive: FileHandle,
  offset: number,
  target: FileHandle,
  { onWritten, onProgress, signal }: ExtractOptions,
): Promise<void> {
  const file = listed(archive, (bytes, files) =>
    assembleChunks(bytes, files).files.find((other) => other.offset === offset),
  );
  if (file === undefined) throw new DecompressionError('the disk is not in the archive any more');
  const stored = (file.extents ?? []).reduce((sum, { length }) => sum + length, 0);
  let written = 0;
  for (const { start, length, offset: from } of file.extents ?? []) {
    for await (const { bytes, at } of piecesOf(archive, from, length)) {
      signal.throwIfAborted();
      await target.write(bytes, 0, bytes.length, start + at);
      written += bytes.length;
      await onWritten(written);
      onProgress(written / stored);
    }
  }
  await target.truncate(file.size);
}

/** Throws DecompressionError for the first file that is not the one in the manifest. */
export async function verifyManifests(archive: FileHandle, signal: AbortSignal): Promise<void> {
  const expected = listed(archive, (bytes, files) => {
    const whole = assembleChunks(bytes, files).files.filter((file) => !files.includes(file));
    return expectedDigests(bytes, [...files, ...whole]);
  });
  for (const { file, algorithm, digest } of expected) {
    const hash = createHash(algorithm);
    const extents = file.extents ?? [{ start: 0, offset: file.offset, length: file.size }];
    let end = 0;
    for (const { start, offset, length } of extents) {
      hashZeros(hash, start - end);
      end = start + length;
      for await (const { bytes } of piecesOf(archive, offset, length)) {
        signal.throwIfAborted();
        hash.update(bytes);
      }
    }
    hashZeros(hash, file.size - end);
    if (hash.digest('hex') !== digest) {
      throw new DecompressionError(
        `the file ${printable(file.name)} in the archive is not the one that the manifest describes (${algorithm})`,
      );
    }
  }
}

/** What a sparse file does not store. */
function hashZeros(hash: Hash, count: number): void {
  const zeros = Buffer.alloc(Math.min(PIECE, Math.max(0, count)));
  for (let left = count; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, Math.min(left, zeros.length)));
}

function listed<T>(archive: FileHandle, use: (bytes: ByteSource, files: readonly TarFile[]) => T): T {
  try {
    const bytes = openFile(archive.fd);
    return use(bytes, tarFiles(bytes));
  } catch (error) {
    if (error instanceof UnreadableError) throw new DecompressionError(error.message);
    throw error;
  }
}

async function* piecesOf(
  file: FileHandle,
  offset: number,
  length: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly at: number }> {
  const piece = Buffer.allocUnsafe(Math.min(PIECE, length));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, length - at), offset + at);
    if (bytesRead === 0) throw new DecompressionError(`the archive ends at byte ${offset + at}`);
    yield { bytes: piece.subarray(0, bytesRead), at };
    at += bytesRead;
  }
}
