/** Where an upload's bytes come from, and the source that is a file on this host. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { describeError, ossFailure } from '../oss-errors.js';
import type { BufferPair } from './buffers.js';

export interface ByteSource {
  /** For messages; holds no secret. */
  readonly name: string;
  readonly size: number;
  /**
   * The bytes from `offset`, in chunks that fill the buffers by turns: a chunk is the reader's until the next is asked
   * for. Throws `Source.Changed` when there are fewer.
   */
  read(offset: number, length: number, buffers: BufferPair, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Throws `Source.Changed` when the source is not what it was when it was opened. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export function sourceFailure(code: string, message: string, cause?: unknown) {
  return ossFailure({ action: 'UploadFile', code: `Source.${code}`, message, cause });
}

/** Opens a regular file. A hole in it costs no disk access (the system hands out zeros), and is sent like any other bytes. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const { code, message } = describeError(error);
    throw sourceFailure(code === 'ENOENT' ? 'NotFound' : 'Unreadable', message, error);
  });
  try {
    return await fileSource(path, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function fileSource(path: string, file: FileHandle): Promise<ByteSource> {
  const opened = await file.stat({ bigint: true });
  if (!opened.isFile()) throw sourceFailure('NotAFile', `${path} is not a regular file`);
  const size = Number(opened.size);
  if (size === 0) throw sourceFailure('Empty', `${path} is empty`);

  return {
    name: path,
    size,
    async *read(offset, length, buffers) {
      const end = offset + length;
      const readAt = async (position: number, into: Uint8Array): Promise<Uint8Array> => {
        const wanted = Math.min(into.byteLength, end - position);
        let filled = 0;
        while (filled < wanted) {
          const { bytesRead } = await file.read(into, filled, wanted - filled, position + filled);
          if (bytesRead === 0)
            throw sourceFailure('Changed', `${path} became shorter than ${size} bytes while it was read`);
          filled += bytesRead;
        }
        return into.subarray(0, wanted);
      };
      let [current, other] = buffers;
      let coming: Promise<Uint8Array> | undefined = readAt(offset, current);
      try {
        for (let position = offset; position < end; ) {
          const chunk = await (coming ?? readAt(position, current));
          position += chunk.byteLength;
          coming = position < end ? readAt(position, other) : undefined;
          // Awaited in its turn; until then its failure must not count as unhandled.
          coming?.catch(() => undefined);
          yield chunk;
          [current, other] = [other, current];
        }
      } finally {
        await coming?.catch(() => undefined);
      }
    },
    async check() {
      const now = await stat(path, { bigint: true }).catch(() => null);
      const same = (['dev', 'ino', 'size', 'mtimeNs'] as const).every((field) => now?.[field] === opened[field]);
      if (!same) throw sourceFailure('Changed', `${path} was changed or replaced while it was uploaded`);
    },
    close: () => file.close(),
  };
}
