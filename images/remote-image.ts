/**
 * Blocking reads of a remote image: the child process requests ranges over a socket and waits, the parent fetches them.
 * A request is an offset and a length, 64 bits each, little-endian. The response is exactly `length` bytes.
 */
import { readSync, writeSync } from 'node:fs';
import { cached, type FileSource, UnreadableError, WorkLimitError } from './bytes.js';

export interface RemoteImage {
  /** Used in messages. */
  readonly name: string;
  readonly size: number;
  /** Bytes allocated in its storage. Default: its size. */
  readonly allocatedSize?: number;
  /** Changes whenever the content may have changed, e.g. an ETag; absent or null if unknown. */
  readonly version?: string | null;
  /** Returns exactly `length` bytes. Throws `FailureError`. */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
}

const REQUEST_BYTES = 16;
/** Large blocks: a round trip over the network costs more than its transfer. */
const BLOCK_BYTES = 256 * 1024;
const CACHED_BLOCKS = 256;
const MAX_LENGTH = 64 * 1024 ** 2;

export interface RemoteOptions {
  readonly size: number;
  readonly allocatedSize: number;
  /** Bytes that one inspection may fetch. A well-formed guest needs a fraction of it. */
  readonly maxFetchedBytes: number;
  /** How many of them may be read only to verify them. */
  readonly bulkBytes: number;
  readonly maxResidentBytes: number;
}

/** The child's side. `fd`: a socket in blocking mode, as a child process inherits it. */
export function openRemote(fd: number, options: RemoteOptions): FileSource {
  const { size, allocatedSize, maxFetchedBytes, bulkBytes, maxResidentBytes } = options;
  let fetched = 0;
  const channel = {
    size,
    read(offset: number, length: number): Buffer {
      fetched += length;
      if (fetched > maxFetchedBytes) throw new WorkLimitError(`inspection needs more than ${maxFetchedBytes} bytes`);
      if (process.memoryUsage.rss() > maxResidentBytes) {
        throw new WorkLimitError(`inspection needs more than ${maxResidentBytes} bytes of memory`);
      }
      const request = Buffer.alloc(REQUEST_BYTES);
      request.writeBigUInt64LE(BigInt(offset), 0);
      request.writeBigUInt64LE(BigInt(length), 8);
      writeSync(fd, request);
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const got = readSync(fd, bytes, done, length - done, null);
        if (got === 0) throw new UnreadableError('the parent process closed the connection to the image');
        done += got;
      }
      return bytes;
    },
  };
  return { ...cached(channel, BLOCK_BYTES, CACHED_BLOCKS), bulkBytes, allocatedSize, close: () => undefined };
}

/**
 * The parent's side: returns a function that takes the child's output and answers its requests in order.
 * Calls `failed` if a read fails or a request is out of range.
 */
export function serveRequests(
  image: RemoteImage,
  signal: AbortSignal,
  { respond, failed }: { readonly respond: (bytes: Uint8Array) => void; readonly failed: (error: unknown) => void },
): (chunk: Buffer) => void {
  let received = Buffer.alloc(0);
  let previous: Promise<void> = Promise.resolve();
  const serve = async (offset: number, length: number) => {
    if (length < 1 || length > MAX_LENGTH || offset + length > image.size) {
      throw new Error(`the inspection requested ${length} bytes at offset ${offset} of ${image.size}`);
    }
    const bytes = await image.read(offset, length, signal);
    if (!signal.aborted) respond(bytes);
  };
  return (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= REQUEST_BYTES) {
      const offset = Number(received.readBigUInt64LE(0));
      const length = Number(received.readBigUInt64LE(8));
      received = received.subarray(REQUEST_BYTES);
      previous = previous
        .then(() => serve(offset, length))
        .catch((error: unknown) => {
          // After an abort the inspection is over, so a failed fetch has no effect.
          if (!signal.aborted) failed(error);
        });
    }
  };
}
