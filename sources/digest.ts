/** SHA-256 of a source: computed in a read of its own, or while its parts are sent. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type BufferPair, type SourceReader, sourceFailure } from './source.js';

/** Lower-case hex. */
export async function sha256Of(
  source: SourceReader,
  signal: AbortSignal,
  onProgress: (bytesDone: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const buffers: BufferPair = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
  let done = 0;
  for await (const chunk of source.read(0, source.size, buffers, signal)) {
    signal.throwIfAborted();
    hash.update(chunk);
    done += chunk.byteLength;
    onProgress(done);
  }
  await source.check();
  return hash.digest('hex');
}

const CHUNK_BYTES = 1024 * 1024;

export function requireDigest(found: string, wanted: string, name: string): void {
  if (found.toLowerCase() === wanted.toLowerCase()) return;
  throw sourceFailure('DigestMismatch', `${name} has sha256 ${found}; the request has ${wanted.toLowerCase()}`);
}

/** The most memory for parts that were fetched but not yet sent; a larger part is streamed. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/**
 * The same source, read in order, so that its SHA-256 is known when all bytes have been read: a part waits until the one
 * before it has been fetched, then keeps its own bytes until they are sent. Reads must begin in the order of their
 * offsets and skip nothing. `check()` throws `Source.DigestMismatch` when all bytes were read and the digest differs.
 */
export function hashedInOrder(source: SourceReader, wanted: string): SourceReader {
  const hash = createHash('sha256');
  let position = 0;
  let digest: string | null = null;
  let keptBytes = 0;
  const changed = new EventEmitter().setMaxListeners(0);
  const until = async (holds: () => boolean, signal: AbortSignal): Promise<void> => {
    while (!holds()) await once(changed, 'change', { signal }).catch(() => signal.throwIfAborted());
  };

  /** Adds the bytes from `offset` to the hash, unless an earlier read of them did. */
  const add = (offset: number, bytes: Uint8Array): void => {
    const end = offset + bytes.byteLength;
    if (end <= position) return;
    hash.update(bytes.subarray(Math.max(0, position - offset)));
    position = end;
    if (position === source.size) digest = hash.digest('hex');
    changed.emit('change');
  };

  const ready = (offset: number, length: number, signal: AbortSignal): Promise<void> =>
    until(() => position >= offset && (length > MEMORY_BYTES || keptBytes + length <= MEMORY_BYTES), signal);

  return {
    ...source,
    mustReadAll: true,
    guarantee: () => 'sha256',
    ready,
    async *read(offset, length, buffers, signal) {
      const streamed = length > MEMORY_BYTES;
      await ready(offset, length, signal);
      if (!streamed) keptBytes += length;
      const kept: Uint8Array[] = [];
      try {
        let at = offset;
        for await (const chunk of source.read(offset, length, buffers, signal)) {
          add(at, chunk);
          at += chunk.byteLength;
          if (streamed) yield chunk;
          else kept.push(chunk.slice());
        }
        yield* kept;
      } finally {
        if (!streamed) keptBytes -= length;
        changed.emit('change');
      }
    },
    async check() {
      // The digest proves the bytes, also where the server has other ones by now.
      if (digest === null) await source.check();
      else requireDigest(digest, wanted, source.name);
    },
  };
}
