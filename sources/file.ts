/** A source that is a file on this host. */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type BufferPair, type ByteSource, sourceFailure } from './source.js';
import type { HoleMap } from './sparse-extents.js';

const CONTENT = ['dev', 'ino', 'size', 'mtimeNs'] as const;
/** The modification time can be set back by anyone who may write; the change time can't. */
const VERSION = [...CONTENT, 'ctimeNs'] as const;

/**
 * Opens a regular file by its real path: a link or a pipe that took its place since the path was checked is refused.
 * `holes`: where the file has none of its own bytes; these are not read.
 */
export async function openFileSource(path: string, holes: HoleMap | null = null): Promise<ByteSource> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw sourceFailure(error.code === 'ENOENT' ? 'NotFound' : 'Unreadable', error.message, { cause: error });
  });
  try {
    return await fileSource(path, file, holes);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function fileSource(path: string, file: FileHandle, holes: HoleMap | null): Promise<ByteSource> {
  const opened = await file.stat({ bigint: true });
  if (!opened.isFile()) throw sourceFailure('NotAFile', `${path} is not a regular file`);
  const size = Number(opened.size);
  if (size === 0) throw sourceFailure('Empty', `${path} is empty`);

  const fill = async (position: number, into: Uint8Array): Promise<void> => {
    if (holes?.covers(position, into.byteLength)) {
      into.fill(0);
      return;
    }
    for (let filled = 0; filled < into.byteLength; ) {
      const { bytesRead } = await file.read(into, filled, into.byteLength - filled, position + filled);
      if (bytesRead === 0) {
        throw sourceFailure('Changed', `${path} became shorter than ${size} bytes while it was read`);
      }
      filled += bytesRead;
    }
  };

  return {
    name: path,
    size,
    version: VERSION.map((field) => opened[field]).join(':'),
    remote: false,
    inFull: false,
    read: (offset, length, buffers) => readAhead(offset, length, buffers, fill),
    async check() {
      const now = await stat(path, { bigint: true }).catch(() => null);
      const same = CONTENT.every((field) => now?.[field] === opened[field]);
      if (!same) throw sourceFailure('Changed', `${path} was changed or replaced while it was read`);
    },
    close: () => file.close(),
  };
}

/** While one chunk is used, the next one is read. */
async function* readAhead(
  offset: number,
  length: number,
  buffers: BufferPair,
  fill: (position: number, into: Uint8Array) => Promise<void>,
): AsyncIterable<Uint8Array> {
  const end = offset + length;
  const readAt = async (position: number, into: Uint8Array): Promise<Uint8Array> => {
    const chunk = into.subarray(0, Math.min(into.byteLength, end - position));
    await fill(position, chunk);
    return chunk;
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
}
