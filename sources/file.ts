/** A file on this host. */
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SourceAccess } from './access.js';
import { requireDigest, sha256Of } from './digest.js';
import { type LocalFile, openLocalFile, unreadable } from './local-file.js';
import {
  type BufferPair,
  type OpenedSource,
  type OpenOptions,
  type RequiredDigest,
  type Source,
  type SourceReader,
  sourceFailure,
} from './source.js';
import { dataExtents, type SparseMap, sparseMap } from './sparse-extents.js';

type FileAccess = Pick<SourceAccess, 'openFile' | 'mapExtents' | 'digestOf' | 'knownDigest'>;

export function fileSource(url: string, access: FileAccess): Source {
  const location = new URL(url);
  // file://HOST/path only selects the worker; on the worker only the path matters.
  location.host = '';
  const path = fileURLToPath(location);
  let described: string | null = null;
  return {
    name: path,
    place: { kind: 'file', path },
    object: null,

    async describe() {
      const file = await access.openFile(path);
      await file.close();
      described = file.version;
      return { size: file.size, version: file.version, versionIsExact: true, file: file.path, refusal: null };
    },

    async inspect(inspector) {
      const file = await access.openFile(path);
      try {
        // The plan records the described version with what is found here.
        if (described !== null && described !== file.version) {
          throw sourceFailure('Changed', `${path} was changed or replaced before it was inspected`);
        }
        const report = await inspector.file(file);
        await file.check();
        return report;
      } finally {
        await file.close();
      }
    },

    open: async (options) => openUnread(await access.openFile(path), access, options),

    async digest(signal, onProgress) {
      const reader = readerOf(await access.openFile(path));
      return await digestOf(access, reader, signal, onProgress).finally(() => reader.close());
    },
  };
}

/** A file that changed within this time may be changed again without another change time: some file systems store whole seconds. */
const SETTLED_MS = 2_000;

/**
 * Waits until a later change of the file has another change time: only then does its version identify the bytes that are
 * read from now on. Returns false without waiting for a change time in the future, as of a file server with another clock.
 */
async function untilSettled({ changedAtMs }: LocalFile, signal: AbortSignal): Promise<boolean> {
  const waitMs = changedAtMs + SETTLED_MS - Date.now();
  if (waitMs > SETTLED_MS) return false;
  if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  return true;
}

/**
 * Opens a file without reading it. It closes the file with the source. A file that was written a moment ago is opened when it
 * has an identity, so that imports of it share one upload.
 */
async function openUnread(
  file: LocalFile,
  access: Pick<SourceAccess, 'mapExtents' | 'digestOf' | 'knownDigest'>,
  { sha256: wanted, signal }: OpenOptions,
): Promise<OpenedSource> {
  try {
    const isSettled = await untilSettled(file, signal);
    const data = await dataExtents(file.handle, access.mapExtents, signal);
    const reader = readerOf(file, data === null ? null : sparseMap(data));
    const sha256 = await access.knownDigest(file.version);
    if (sha256 !== null) {
      if (wanted !== undefined) requireDigest(sha256, wanted, reader.name);
      file.expectDigest(sha256);
    }
    return {
      ...{ reader, guarantee: reader.guarantee, file, sha256, release: () => file.close() },
      identity: isSettled ? file.version : null,
      required: wanted === undefined || sha256 !== null ? null : requiredOf(file, access, reader, wanted),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function requiredOf(
  file: LocalFile,
  access: Pick<SourceAccess, 'digestOf'>,
  reader: SourceReader,
  wanted: string,
): RequiredDigest {
  return {
    async read(signal) {
      const found = await digestOf(access, reader, signal, () => undefined);
      requireDigest(found, wanted, reader.name);
      return found;
    },
    async accept(sha256) {
      requireDigest(sha256, wanted, reader.name);
      file.expectDigest(sha256);
      await access.digestOf(file.version, NEVER, async () => sha256);
    },
  };
}

const NEVER = new AbortController().signal;

/** Opens a copy of a source on this host, and reads it for its digest. It closes the file with the source. */
export async function openFile(
  file: LocalFile,
  access: Pick<SourceAccess, 'mapExtents' | 'digestOf'>,
  { sha256: wanted, signal, onProgress }: OpenOptions,
): Promise<OpenedSource> {
  try {
    const data = await dataExtents(file.handle, access.mapExtents, signal);
    const reader = readerOf(file, data === null ? null : sparseMap(data));
    const sha256 = await digestOf(access, reader, signal, onProgress);
    if (wanted !== undefined) requireDigest(sha256, wanted, reader.name);
    file.expectDigest(sha256);
    const opened = { reader, guarantee: reader.guarantee, file, sha256, release: () => file.close() };
    return { ...opened, identity: null, required: null };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens a file that was made from a source, and that has its name and version. It closes the file with the source. */
export async function openMade(
  file: LocalFile,
  { name, version }: Pick<SourceReader, 'name' | 'version'>,
  { mapExtents }: Pick<SourceAccess, 'mapExtents'>,
  signal: AbortSignal,
): Promise<OpenedSource> {
  try {
    const data = await dataExtents(file.handle, mapExtents, signal);
    const reader = { ...readerOf(file, data === null ? null : sparseMap(data)), name, version };
    const opened = { reader, guarantee: reader.guarantee, file, sha256: null, release: () => file.close() };
    return { ...opened, identity: null, required: null };
  } catch (error) {
    await file.close();
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

/** @param sparse the ranges without data; they are not read */
export async function openFileReader(path: string, sparse: SparseMap | null = null): Promise<SourceReader> {
  return readerOf(await openLocalFile(path), sparse);
}

function readerOf(file: LocalFile, sparse: SparseMap | null = null): SourceReader {
  const { path, size, handle } = file;
  const isHole = (position: number, length: number) => sparse?.isHole(position, length) === true;
  const fill = async (position: number, into: Uint8Array): Promise<void> => {
    if (isHole(position, into.byteLength)) {
      into.fill(0);
      // Without a read, the event loop would not run until the hole ends, which may be terabytes later.
      await setImmediate();
      return;
    }
    for (let filled = 0; filled < into.byteLength; ) {
      const { bytesRead } = await handle
        .read(into, filled, into.byteLength - filled, position + filled)
        .catch((error) => unreadable(error, path));
      if (bytesRead === 0) {
        throw sourceFailure('Changed', `${path} became shorter than ${size} bytes while it was read`);
      }
      filled += bytesRead;
    }
  };

  return {
    name: path,
    size,
    version: file.version,
    remote: false,
    mustReadAll: false,
    guarantee: () => 'file',
    read: (offset, length, buffers) => readAhead(offset, length, buffers, fill),
    file: { fd: handle.fd, isHole, fill },
    check: () => file.check(),
    close: () => file.close(),
  };
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
