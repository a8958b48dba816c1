/**
 * Reads parts of sources with their CRC64. Files are read and checked in a thread, so that the event loop only sends: on it, both
 * take as long as sending. While the thread starts, and for small files, the event loop does everything.
 */
import type { BufferPair, OpenFile, SourceReader } from '../../sources/source.js';
import { crc64, crc64OfZeros } from '../crc64.js';
import { isShared } from './buffers.js';
import { type ReadingThread, startReadingThread } from './reading-thread.js';

export interface CheckedPiece {
  /** Valid until the next piece is requested. */
  readonly bytes: Uint8Array;
  /** Of the part from its beginning to the end of this piece. */
  readonly crc64: bigint;
}

type CheckedRange = { readonly offset: number; readonly length: number };

/** A smaller file is sent before the thread has started. */
const MIN_BYTES_FOR_THREAD = 64 * 1024 ** 2;
/**
 * Nothing more waits for a piece that takes so long. It may be on a file server that does not answer; and a slow disk is faster
 * with several reads at a time, which the event loop starts.
 */
const SLOW_READ_MS = 10;

/** @param buffers for a file of this host: fastest in the memory of the checksum (`withBuffers`) */
export function readChecked(
  source: SourceReader,
  range: CheckedRange,
  buffers: BufferPair,
  signal: AbortSignal,
): AsyncGenerator<CheckedPiece> {
  const { file } = source;
  // Not with `yield*`, which passes each piece through a second generator.
  if (file === undefined) return readSourceChecked(source, range, buffers, signal);
  // The thread writes the memory of the checksum only.
  const inThread = source.size >= MIN_BYTES_FOR_THREAD && isShared(buffers[0]);
  return readFileChecked(file, range, buffers, inThread);
}

async function* readSourceChecked(
  source: SourceReader,
  { offset, length }: CheckedRange,
  buffers: BufferPair,
  signal: AbortSignal,
): AsyncGenerator<CheckedPiece> {
  let crc = 0n;
  for await (const bytes of source.read(offset, length, buffers, signal)) {
    crc = crc64(bytes, crc);
    yield { bytes, crc64: crc };
  }
}

/** Reads the next piece while the current one is in use. */
async function* readFileChecked(
  file: OpenFile,
  { offset, length }: CheckedRange,
  [first, second]: BufferPair,
  inThread: boolean,
): AsyncGenerator<CheckedPiece> {
  const end = offset + length;
  const readAt = async (position: number, buffer: Uint8Array, before: bigint): Promise<CheckedPiece> => {
    const bytes = buffer.subarray(0, Math.min(buffer.byteLength, end - position));
    if (file.isHole(position, bytes.byteLength)) {
      await file.fill(position, bytes);
      return { bytes, crc64: crc64OfZeros(bytes.byteLength, before) };
    }
    const crc = inThread ? await readInThread(file.fd, position, bytes, before) : null;
    if (crc !== null) return { bytes, crc64: crc };
    await file.fill(position, bytes);
    return { bytes, crc64: crc64(bytes, before) };
  };
  let [buffer, other] = [first, second];
  let coming = readAt(offset, buffer, 0n);
  try {
    for (let position = offset; position < end; ) {
      const piece = await coming;
      position += piece.bytes.byteLength;
      [buffer, other] = [other, buffer];
      if (position < end) {
        coming = readAt(position, buffer, piece.crc64);
        // Awaited in the next round; until then its failure must not count as unhandled.
        coming.catch(() => undefined);
      }
      yield piece;
    }
  } finally {
    // The buffers, and the file, are in use until then.
    await coming.catch(() => undefined);
  }
}

let thread: ReadingThread | undefined;

/** Call it before the first part is read: the thread takes some 30 ms to start. One that has ended is not started again. */
export function prepareChecked({ file, size }: SourceReader): void {
  if (file !== undefined && size >= MIN_BYTES_FOR_THREAD) thread ??= startReadingThread(0);
}

/** Null: the thread is not ready or takes too long, or the piece could not be read. */
async function readInThread(fd: number, position: number, into: Uint8Array, before: bigint): Promise<bigint | null> {
  if (thread === undefined || thread.busyMs > SLOW_READ_MS) return null;
  return await thread.read({ fd, position, into, crc64: before });
}
