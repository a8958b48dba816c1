/** A file on this host. */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { SourceAccess } from './access.js';
import { requireDigest, sha256Of } from './digest.js';
import {
  type BufferPair,
  type OpenedSource,
  type OpenOptions,
  type Source,
  type SourceReader,
  sourceFailure,
} from './source.js';
import { dataExtents, type SparseMap, sparseMap } from './sparse-extents.js';

const CONTENT = ['dev', 'ino', 'size', 'mtimeNs'] as const;
/** Any writer can set back the modification time, but not the change time. */
const VERSION = [...CONTENT, 'ctimeNs'] as const;
type Stat = Readonly<Record<(typeof VERSION)[number], bigint>>;

type FileAccess = Pick<SourceAccess, 'resolveFile' | 'mapExtents' | 'digestOf'>;

export function fileSource(url: string, access: FileAccess): Source {
  const location = new URL(url);
  // file://HOST/path only selects the worker; on the worker only the path matters.
  location.host = '';
  const path = fileURLToPath(location);
  return {
    name: path,
    place: { kind: 'file', path },
    object: null,

    async describe() {
      const file = await access.resolveFile(path);
      const found = await stat(file, { bigint: true }).catch(unreadable);
      return { size: Number(found.size), version: versionOf(found), file, refusal: null };
    },

    inspect: async (inspector) => inspector.file(await access.resolveFile(path)),

    open: async (options) => openFile(await access.resolveFile(path), access, options),

    async digest(signal, onProgress) {
      const reader = await openFileReader(await access.resolveFile(path));
      return await digestOf(access, reader, signal, onProgress).finally(() => reader.close());
    },
  };
}

/** Opens a file of this host, a source of its own or the copy of another one. */
export async function openFile(
  file: string,
  access: Pick<SourceAccess, 'mapExtents' | 'digestOf'>,
  { sha256: wanted, signal, onProgress }: OpenOptions,
): Promise<OpenedSource> {
  await stat(file).catch(unreadable);
  const data = await dataExtents(file, access.mapExtents, signal);
  const reader = await openFileReader(file, data === null ? null : sparseMap(data));
  try {
    const sha256 = await digestOf(access, reader, signal, onProgress);
    if (wanted !== undefined) requireDigest(sha256, wanted, reader.name);
    return { reader, file, sha256, release: () => reader.close() };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** A version of a file is read once for its digest, however many imports use it. */
function digestOf(
  { digestOf: known }: Pick<SourceAccess, 'digestOf'>,
  reader: SourceReader,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<string> {
  const compute = () => sha256Of(reader, signal, (done) => onProgress(done / reader.size));
  return reader.version === null ? compute() : known(reader.version, signal, compute);
}

/**
 * Opens a regular file by its real path: a link or a pipe that has replaced it since the path was checked is rejected.
 * @param sparse the ranges without data; they are not read
 */
export async function openFileReader(path: string, sparse: SparseMap | null = null): Promise<SourceReader> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(unreadable);
  try {
    return await readerOf(path, file, sparse);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readerOf(path: string, file: FileHandle, sparse: SparseMap | null): Promise<SourceReader> {
  const opened = await file.stat({ bigint: true });
  if (!opened.isFile()) throw sourceFailure('NotAFile', `${path} is not a regular file`);
  const size = Number(opened.size);
  if (size === 0) throw sourceFailure('Empty', `${path} is empty`);

  const fill = async (position: number, into: Uint8Array): Promise<void> => {
    if (sparse?.isHole(position, into.byteLength)) {
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
    version: versionOf(opened),
    remote: false,
    mustReadAll: false,
    read: (offset, length, buffers) => readAhead(offset, length, buffers, fill),
    async check() {
      const now = await stat(path, { bigint: true }).catch(() => null);
      const same = CONTENT.every((field) => now?.[field] === opened[field]);
      if (!same) throw sourceFailure('Changed', `${path} was changed or replaced while it was read`);
    },
    close: () => file.close(),
  };
}

function unreadable(error: NodeJS.ErrnoException): never {
  throw sourceFailure(error.code === 'ENOENT' ? 'NotFound' : 'Unreadable', error.message, { cause: error });
}

function versionOf(found: Stat): string {
  return VERSION.map((field) => found[field]).join(':');
}

/** Reads the next chunk while the current one is in use. */
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
      // Awaited in the next round; until then its failure must not count as unhandled.
      coming?.catch(() => undefined);
      yield chunk;
      [current, other] = [other, current];
    }
  } finally {
    await coming?.catch(() => undefined);
  }
}
