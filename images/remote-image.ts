/**
 * An image that lies elsewhere, for a reader that knows only blocking reads: the child asks over a socket for ranges,
 * and waits; its parent fetches them. A request is an offset and a length; the answer is as many bytes.
 */
import { readSync, writeSync } from 'node:fs';
import { cached, type FileSource, TooMuchWorkError, UnreadableError } from './bytes.js';

export interface RemoteImage {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Bytes that it takes where it lies; absent: as many as its size. */
  readonly allocatedSize?: number;
  /** Changes whenever the bytes may have; absent or null where that can't be told. */
  readonly version?: string | null;
  /** Exactly the bytes asked for. Throws `FailureError`. */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
}

const REQUEST_BYTES = 16;
/** One trip over the network costs more than what it fetches. */
const BLOCK_BYTES = 256 * 1024;
const BLOCKS_KEPT = 256;
const MAX_LENGTH = 64 * 1024 ** 2;

export interface RemoteTerms {
  readonly size: number;
  readonly allocatedSize: number;
  /** What one inspection may fetch; an honest guest is told from a fraction of it. */
  readonly maxFetchedBytes: number;
  readonly maxResidentBytes: number;
}

/** The child's side. `fd`: a socket in blocking mode, as a child inherits it. */
export function openRemote(fd: number, terms: RemoteTerms): FileSource {
  const { size, allocatedSize, maxFetchedBytes, maxResidentBytes } = terms;
  let fetched = 0;
  const line = {
    size,
    read(offset: number, length: number): Buffer {
      fetched += length;
      if (fetched > maxFetchedBytes) throw new TooMuchWorkError(`more than ${maxFetchedBytes} bytes to fetch`);
      if (process.memoryUsage.rss() > maxResidentBytes) {
        throw new TooMuchWorkError(`more than ${maxResidentBytes} bytes of memory`);
      }
      const request = Buffer.alloc(REQUEST_BYTES);
      request.writeBigUInt64LE(BigInt(offset), 0);
      request.writeBigUInt64LE(BigInt(length), 8);
      writeSync(fd, request);
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const got = readSync(fd, bytes, done, length - done, null);
        if (got === 0) throw new UnreadableError('the image cannot be fetched any more');
        done += got;
      }
      return bytes;
    },
  };
  return { ...cached(line, BLOCK_BYTES, BLOCKS_KEPT), allocatedSize, close: () => undefined };
}

/** The parent's side: takes what the child writes, and answers it in order. `failed`: a fetch failed, or it asked for nonsense. */
export function requestsOf(
  image: RemoteImage,
  signal: AbortSignal,
  to: { readonly answer: (bytes: Uint8Array) => void; readonly failed: (error: unknown) => void },
): (piece: Buffer) => void {
  let asked = Buffer.alloc(0);
  let answered: Promise<void> = Promise.resolve();
  const answer = async (offset: number, length: number) => {
    if (length < 1 || length > MAX_LENGTH || offset + length > image.size) {
      throw new Error(`the inspection asked for ${length} bytes at ${offset} of ${image.size}`);
    }
    const bytes = await image.read(offset, length, signal);
    if (!signal.aborted) to.answer(bytes);
  };
  return (piece) => {
    asked = Buffer.concat([asked, piece]);
    while (asked.length >= REQUEST_BYTES) {
      const offset = Number(asked.readBigUInt64LE(0));
      const length = Number(asked.readBigUInt64LE(8));
      asked = asked.subarray(REQUEST_BYTES);
      answered = answered
        .then(() => answer(offset, length))
        .catch((error: unknown) => {
          // What is fetched for a reading that is over is nobody's loss.
          if (!signal.aborted) to.failed(error);
        });
    }
  };
}
