/** Decides which files of this host an import may read. */
import { constants } from 'node:fs';
import { access, lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { sourceFailure } from '../sources/source.js';

/** If `allowed` is empty, any file that this process can read is allowed. Symbolic links are resolved before the check. */
export function createFileResolver(allowed: readonly string[]): (file: string) => Promise<string> {
  return async (file) => {
    if ((await lstat(file).catch(() => null)) === null) {
      throw sourceFailure('NotFound', `file ${file} does not exist on this worker`);
    }
    const real = await realpath(file).catch(() => null);
    if (real === null) throw sourceFailure('NotFound', `${file} is a symbolic link to a file that does not exist`);
    const inside = allowed.length === 0 || (await realRoots(allowed)).some((root) => isInside(real, root));
    if (!inside) {
      const message = `${file} is outside the folders that imports may read (${allowed.join(', ')})`;
      throw sourceFailure('OutsideRoots', message);
    }
    const info = await stat(real);
    if (!info.isFile()) {
      throw sourceFailure('NotAFile', `${file} is ${info.isDirectory() ? 'a directory' : 'not a regular file'}`);
    }
    if (info.size === 0) throw sourceFailure('Empty', `${file} is empty`);
    await access(real, constants.R_OK).catch(() => {
      throw sourceFailure('Unreadable', `the worker has no permission to read ${file}`);
    });
    return real;
  };
}

/** Roots are resolved for every file: a folder may be a symbolic link, or be mounted later. */
async function realRoots(roots: readonly string[]): Promise<readonly string[]> {
  return Promise.all(roots.map((root) => realpath(root).catch(() => path.resolve(root))));
}

function isInside(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
