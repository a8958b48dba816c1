/** Decides which files of this host an import may read, and opens them. */
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, realpath, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type LocalFile, openLocalFile, pathOfOpenFile, unreadable } from '../sources/local-file.js';
import { sourceFailure } from '../sources/source.js';

export interface FileRules {
  /** Folders, or single files, that may be read. Empty: no file. Absent: any file that this process can read. */
  readonly roots?: readonly string[] | undefined;
  /** Folders that are never read, also below a root: with the keys and the data of the service itself. */
  readonly except?: readonly string[];
}

/** Files below these folders are interfaces of the kernel: they show its state, or that of any process. */
const KERNEL_FOLDERS = ['/proc', '/sys', '/dev'];
/** A file system in memory. */
const SHARED_MEMORY = '/dev/shm';
/** The types of such file systems, wherever they are mounted (statfs(2)): proc, sysfs, cgroup, debugfs, tracefs, … */
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  ...[0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0xde5e81e4, 0xcafe4a11],
  ...[0x62656570, 0x1cd1, 0x19800202],
]);
const WRITABLE_BY_ALL = 0o002n;

/**
 * Symbolic links are resolved before the check. What was opened is checked again, because a folder on the path may have been
 * replaced by a link in between.
 */
export function createFileOpener({ roots, except = [] }: FileRules): (file: string) => Promise<LocalFile> {
  return async (file) => {
    // Once for all checks of this file.
    const [real, inside, outOfBounds] = await Promise.all([
      realpath(file).catch(() => null),
      roots === undefined ? null : realFolders(roots),
      realFolders(except),
    ]);
    const requireInside = (place: string | null) => {
      if (place === null) throw outside(file, roots);
      if (inside !== null && !inside.some((root) => place === root || isInside(place, root)))
        throw outside(file, roots);
      if (isKernelFile(place)) throw sourceFailure('NotAFile', `${file} is an interface of the kernel, not a file`);
      if (outOfBounds.some((folder) => isInside(place, folder))) {
        throw sourceFailure('OutsideRoots', `${file} is in the data folder of the service, which imports never read`);
      }
    };
    // A file outside the roots is refused whether it exists or not.
    requireInside(real ?? (await expectedPlace(file)));
    if (real === null) throw await missing(file);
    const info = await stat(real).catch((error) => unreadable(error, file));
    if (!info.isFile()) {
      throw sourceFailure('NotAFile', `${file} is ${info.isDirectory() ? 'a directory' : 'not a regular file'}`);
    }
    return await openLocalFile(real, async (handle, opened) => {
      const [place, isOfKernel] = await Promise.all([whereOpened(handle, real), isOnKernelFileSystem(handle)]);
      requireInside(place);
      if (isOfKernel) throw sourceFailure('NotAFile', `${file} is an interface of the kernel, not a file`);
      if (roots !== undefined) await requireNoForeignLink(opened, file, real);
    });
  };
}

/** Why a path leads to no file. */
async function missing(file: string): Promise<Error> {
  const isThere = (await lstat(file).catch(() => null)) !== null;
  return isThere
    ? sourceFailure('NotFound', `${file} is a symbolic link to a file that does not exist`)
    : sourceFailure('NotFound', `file ${file} does not exist on this worker`);
}

function outside(file: string, roots: readonly string[] | undefined): Error {
  const folders = roots === undefined || roots.length === 0 ? 'there are none' : roots.join(', ');
  return sourceFailure('OutsideRoots', `${file} is outside the folders that imports may read (${folders})`);
}

/** Where a path leads as far as it exists. */
async function expectedPlace(file: string): Promise<string> {
  const real = await realpath(file).catch(() => null);
  if (real !== null) return real;
  const folder = path.dirname(file);
  return folder === file ? file : path.join(await expectedPlace(folder), path.basename(file));
}

/**
 * A hard link has no target that could be checked. Where any user can create links (`fs.protected_hardlinks`), one in a folder
 * with images may lead to a file that only the worker can read. Such a link belongs to another user than its folder, or is
 * in a folder that everyone writes to.
 */
async function requireNoForeignLink({ nlink, uid }: BigIntStats, file: string, real: string): Promise<void> {
  if (nlink < 2n) return;
  const folder = await stat(path.dirname(real), { bigint: true }).catch((error) => unreadable(error, file));
  if (folder.uid === uid && (folder.mode & WRITABLE_BY_ALL) === 0n) return;
  const message = `${file} has several hard links, and other users may have created this one. Copy the file into a folder of its owner`;
  throw sourceFailure('OutsideRoots', message);
}

function isKernelFile(place: string): boolean {
  return KERNEL_FOLDERS.some((folder) => isInside(place, folder)) && !isInside(place, SHARED_MEMORY);
}

async function isOnKernelFileSystem(handle: FileHandle): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const system = await statfs(`/proc/self/fd/${handle.fd}`).catch(() => null);
  // The type is a signed number on some platforms.
  return system !== null && KERNEL_FILE_SYSTEMS.has(system.type >>> 0);
}

/**
 * The real path of an open file. Without /proc (macOS) the path is resolved again and must lead to the same file: a link that
 * is there only while the file is opened is not noticed, except by the checks while it is read.
 */
async function whereOpened(handle: FileHandle, file: string): Promise<string | null> {
  const known = await pathOfOpenFile(handle);
  if (known !== null) return known;
  const real = await realpath(file).catch(() => null);
  const there = real === null ? null : await lstat(real, { bigint: true }).catch(() => null);
  const { dev, ino } = await handle.stat({ bigint: true });
  return there?.dev === dev && there.ino === ino ? real : null;
}

/** Folders are resolved for every file: one may be a symbolic link, or be mounted later. */
async function realFolders(folders: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(folders.map((one) => realpath(one).catch(() => path.resolve(one))));
}

function isInside(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
