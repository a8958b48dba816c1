/**
 * An image that lies elsewhere, for a reader that knows only blocking reads: the child asks over a socket for ranges,
 * and waits; its parent fetches them. A request is an offset and a length; the answer is as many bytes.
 */
import { readSync, writeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { cached, type FileSource, TooMuchWorkError, UnreadableError } from './bytes.js';

export interface RemoteImage {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Exactly the bytes asked for. Throws `FailureError`. */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
}

const REQUEST_BYTES = 16;
/** One trip over the network costs more than what it fetches. */
const BLOCK_BYTES = 256 * 1024;
const BLOCKS_KEPT = 256;
/** What one inspection may fetch; an honest guest is told from a fraction of it. */
const MAX_FETCHED_BYTES = 512 * 1024 ** 2;
const MAX_LENGTH = 64 * 1024 ** 2;

/** The child's side. `fd`: a socket in blocking mode, as a child inherits it. */
export function openRemote(fd: number, size: number, maxResidentBytes: number): FileSource {
  let fetched = 0;
  const line = {
    size,
    read(offset: number, length: number): Buffer {
      fetched += length;
      if (fetched > MAX_FETCHED_BYTES) throw new TooMuchWorkError(`more than ${MAX_FETCHED_BYTES} bytes to fetch`);
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
  return { ...cached(line, BLOCK_BYTES, BLOCKS_KEPT), allocatedSize: size, close: () => undefined };
}

/** The parent's side; ends when the child does. Rejects with the failure of a fetch, or when the child asks for nonsense. */
export async function serveRemote(line: Duplex, image: RemoteImage, signal: AbortSignal): Promise<void> {
  let asked = Buffer.alloc(0);
  try {
    for await (const piece of line as AsyncIterable<Buffer>) {
      asked = Buffer.concat([asked, piece]);
      while (asked.length >= REQUEST_BYTES) {
        const offset = Number(asked.readBigUInt64LE(0));
        const length = Number(asked.readBigUInt64LE(8));
        asked = asked.subarray(REQUEST_BYTES);
        if (length < 1 || length > MAX_LENGTH || offset + length > image.size) {
          throw new Error(`the inspection asked for ${length} bytes at ${offset} of ${image.size}`);
        }
        line.write(await image.read(offset, length, signal));
      }
    }
  } catch (error) {
    // The child's end of the line breaks when it is killed.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')))
      throw error;
  }
}
