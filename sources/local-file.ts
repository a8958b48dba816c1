/**
 * A file of this host that is opened once. Every later step (waiting, inspection, conversion, sending) reads its descriptor and
 * never opens the path again: by then, a link or another file may be there.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { fail, hostFailure } from '../domain/errors/index.js';

export interface LocalFile {
  /** For messages, and to notice that the file was replaced. */
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
  /** Differs whenever the bytes may differ. */
  readonly version: string;
  /** When its bytes, owner, permissions or links last changed; ms since 1970. */
  readonly changedAtMs: number;
  /**
   * Throws `Source.Changed` where the file was written or another one is at its path, also with the old times. Throws
   * `Source.StatusChanged` where only the change time differs, and no digest is known.
   */
  check(): Promise<void>;
  /**
   * From now on the digest decides where only the change time differs: a permission, an owner or a hard link may have
   * changed, but any writer can set back the modification time.
   */
  expectDigest(sha256: string): void;
  /** The same file with a position of its own, for a program that reads it in order. */
  reopen(): Promise<FileHandle>;
  close(): Promise<void>;
}

const CONTENT = ['dev', 'ino', 'size', 'mtimeNs'] as const;
const VERSION = [...CONTENT, 'ctimeNs'] as const;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const PIECE_BYTES = 1024 * 1024;

/**
 * Opens a regular file by its real path: a link or a pipe that has replaced it since the path was resolved is rejected.
 * @param verify throws if the opened file must not be read; it is closed then
 */
export async function openLocalFile(
  path: string,
  verify: (handle: FileHandle, opened: BigIntStats) => Promise<void> = async () => undefined,
): Promise<LocalFile> {
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error) => unreadable(error, path));
  try {
    const opened = await handle.stat({ bigint: true });
    await verify(handle, opened);
    if (!opened.isFile()) throw fail('Source.NotAFile', `${path} is not a regular file`);
    if (opened.size === 0n) throw fail('Source.Empty', `${path} is empty`);
    return localFile(path, handle, opened);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function localFile(path: string, handle: FileHandle, opened: BigIntStats): LocalFile {
  let knownChange = opened.ctimeNs;
  let sha256: string | null = null;
  let comparison: Promise<void> | null = null;

  const changed = () => fail('Source.Changed', `${path} was changed or replaced while it was read`);
  const compareDigest = async (ctimeNs: bigint) => {
    if (sha256 === null) {
      const message = `the permissions, the owner or the links of ${path} were changed, or its bytes and its modification time`;
      throw fail('Source.StatusChanged', message);
    }
    if ((await digestOf(handle, path)) !== sha256) throw changed();
    knownChange = ctimeNs;
  };

  return {
    path,
    handle,
    size: Number(opened.size),
    version: VERSION.map((field) => opened[field]).join(':'),
    changedAtMs: Number(opened.ctimeMs),
    async check() {
      const [now, there] = await Promise.all([
        handle.stat({ bigint: true }),
        lstat(path, { bigint: true }).catch(() => null),
      ]);
      const isThere = there?.dev === opened.dev && there.ino === opened.ino;
      if (!isThere || CONTENT.some((field) => now[field] !== opened[field])) throw changed();
      if (now.ctimeNs === knownChange) return;
      // Many parts check concurrently: one reads the file.
      comparison ??= compareDigest(now.ctimeNs).finally(() => {
        comparison = null;
      });
      await comparison;
    },
    expectDigest(digest) {
      sha256 = digest;
    },
    async reopen() {
      const copy = await open(`/proc/self/fd/${handle.fd}`, O_RDONLY | O_NONBLOCK).catch((error) =>
        hasProc(error) ? unreadable(error, path) : open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
      );
      const { dev, ino } = await copy.stat({ bigint: true });
      if (dev === opened.dev && ino === opened.ino) return copy;
      await copy.close();
      throw changed();
    },
    close: () => handle.close(),
  };
}

/**
 * The path of an open file, as the kernel knows it, whatever links led there. Null where the system has no /proc (macOS).
 */
export async function pathOfOpenFile(handle: FileHandle): Promise<string | null> {
  return await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null);
}

async function digestOf(handle: FileHandle, path: string): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(piece, 0, piece.length, at).catch((error) => unreadable(error, path));
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** False: the system has no /proc, so that an open file has no path there. */
function hasProc(error: NodeJS.ErrnoException): boolean {
  return error.code !== 'ENOENT' && error.code !== 'ENOTDIR';
}

/** Throws the failure for an error of a system call on a file. */
export function unreadable(error: NodeJS.ErrnoException, path: string): never {
  if (error.code === 'ELOOP') {
    throw fail('Source.Changed', `${path} was replaced by a symbolic link while it was read`, { cause: error });
  }
  const host = hostFailure(error, `${path} cannot be read`);
  if (host !== null) throw host;
  if (error.code === 'ENOENT') throw fail('Source.NotFound', `${path} does not exist`, { cause: error });
  const isDenied = error.code === 'EACCES' || error.code === 'EPERM';
  const reason = isDenied ? 'the worker has no permission' : error.message;
  throw fail('Source.Unreadable', `${path} cannot be read: ${reason}`, { cause: error });
}
