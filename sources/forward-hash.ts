/**
 * SHA-256 of a source over the same reads that an upload makes: pieces are read concurrently and hashed in the order of their
 * offsets. What the upload does not read, because an earlier attempt sent it, is read for the digest alone.
 */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { setImmediate as pause } from 'node:timers/promises';
import type { BufferPair, SourceReader } from './source.js';

export interface ForwardHash {
  /**
   * The bytes from `offset`, which are zeros after the end of the source. Resolves when they and all bytes before them are
   * hashed: a piece that is read again must have the same bounds, and is hashed once.
   */
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Like `read`, for bytes that are read for the digest alone. */
  readAgain: ForwardHash['read'];
  /** True: all bytes before `offset` are hashed. */
  has(offset: number): boolean;
  /** Hashes zeros, which are not read. */
  zeros(offset: number, length: number, signal: AbortSignal): Promise<void>;
  /** Bytes that were read for the digest alone. */
  bytesReadAgain(): number;
  /** Reads what was not asked for up to the end of the source. Lower-case hex. */
  end(signal: AbortSignal): Promise<string>;
}

const PIECE_BYTES = 1024 * 1024;
const FETCH_BYTES = 256 * 1024;
const ZEROS = new Uint8Array(PIECE_BYTES);

export function createForwardHash(source: SourceReader): ForwardHash {
  const hash = createHash('sha256');
  let position = 0;
  let digest: string | null = null;
  let again = 0;
  const moved = new EventEmitter().setMaxListeners(0);

  const until = async (offset: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    while (position < Math.min(offset, source.size))
      await once(moved, 'moved', { signal }).catch(() => signal.throwIfAborted());
  };
  /** Adds the next bytes. Other work gets its turn between the pieces. */
  const add = async (length: number, piece: (done: number, count: number) => Uint8Array): Promise<void> => {
    for (let done = 0; done < length; ) {
      const count = Math.min(PIECE_BYTES, length - done);
      hash.update(piece(done, count));
      done += count;
      await pause();
    }
    position += length;
    moved.emit('moved');
  };
  const storedOf = (offset: number, length: number) => Math.max(0, Math.min(length, source.size - offset));

  const read: ForwardHash['read'] = async (offset, length, signal) => {
    const stored = storedOf(offset, length);
    const bytes = new Uint8Array(length);
    await readInto(source, offset, bytes.subarray(0, stored), signal);
    await until(offset, signal);
    if (position < offset + stored) await add(stored, (done, count) => bytes.subarray(done, done + count));
    return bytes;
  };

  return {
    read,
    has: (offset) => position >= Math.min(offset, source.size),

    async readAgain(offset, length, signal) {
      const bytes = await read(offset, length, signal);
      again += storedOf(offset, length);
      return bytes;
    },

    bytesReadAgain: () => again,

    async zeros(offset, length, signal) {
      await until(offset, signal);
      const stored = storedOf(offset, length);
      if (position < offset + stored) await add(stored, (_, count) => ZEROS.subarray(0, count));
    },

    async end(signal) {
      if (digest !== null) return digest;
      const buffers: BufferPair = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
      for await (const chunk of source.read(position, source.size - position, buffers, signal)) {
        signal.throwIfAborted();
        again += chunk.byteLength;
        await add(chunk.byteLength, (done, count) => chunk.subarray(done, done + count));
      }
      digest = hash.digest('hex');
      return digest;
    },
  };
}

/** Reads exactly these bytes of a source. */
export async function readInto(
  source: SourceReader,
  offset: number,
  target: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (target.byteLength === 0) return;
  const buffers: BufferPair = [new Uint8Array(FETCH_BYTES), new Uint8Array(FETCH_BYTES)];
  let done = 0;
  for await (const chunk of source.read(offset, target.byteLength, buffers, signal)) {
    target.set(chunk, done);
    done += chunk.byteLength;
  }
}
