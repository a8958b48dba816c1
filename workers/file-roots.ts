/** Decides which files of this host an import may read, and opens them. */
import type { FileHandle } from 'node:fs/promises';
import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type LocalFile, openLocalFile, pathOfOpenFile, unreadable } from '../sources/local-file.js';
import { sourceFailure } from '../sources/source.js';

/**
 * If `allowed` is empty, any file that this process can read is allowed. Symbolic links are resolved before the check. What
 * was opened is checked again, because a folder on the path may have been replaced by a link in between.
 */
export function createFileOpener(allowed: readonly string[]): (file: string) => Promise<LocalFile> {
  return async (file) => {
    if ((await lstat(file).catch(() => null)) === null) {
      throw sourceFailure('NotFound', `file ${file} does not exist on this worker`);
    }
    const real = await realpath(file).catch(() => null);
    if (real === null) throw sourceFailure('NotFound', `${file} is a symbolic link to a file that does not exist`);
    const requireInside = async (opened: string | null) => {
      const inside = opened !== null && (await realRoots(allowed)).some((root) => isInside(opened, root));
      if (inside || allowed.length === 0) return;
      const message = `${file} is outside the folders that imports may read (${allowed.join(', ')})`;
      throw sourceFailure('OutsideRoots', message);
    };
    await requireInside(real);
    const info = await stat(real).catch((error) => unreadable(error, file));
    if (!info.isFile()) {
      throw sourceFailure('NotAFile', `${file} is ${info.isDirectory() ? 'a directory' : 'not a regular file'}`);
    }
    return await openLocalFile(real, async (handle) => requireInside(await whereOpened(handle, real)));
  };
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

/** Roots are resolved for every file: a folder may be a symbolic link, or be mounted later. */
async function realRoots(roots: readonly string[]): Promise<readonly string[]> {
  return Promise.all(roots.map((root) => realpath(root).catch(() => path.resolve(root))));
}

function isInside(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
