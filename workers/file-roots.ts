/** Which files of this host an import may read. */
import { constants } from 'node:fs';
import { access, lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { sourceFailure } from '../sources/source.js';

/** `roots`: folders separated by `:`; empty: any file that this process can read. Links are followed before the check. */
export function createFileResolver(roots: string): (file: string) => Promise<string> {
  const allowed = roots.split(':').filter((root) => root !== '');
  return async (file) => {
    if ((await lstat(file).catch(() => null)) === null) {
      throw sourceFailure('NotFound', `there is no file ${file} on this worker`);
    }
    const real = await realpath(file).catch(() => null);
    if (real === null) throw sourceFailure('NotFound', `${file} is a link that leads nowhere`);
    const inside = allowed.length === 0 || (await realRoots(allowed)).some((root) => isInside(real, root));
    if (!inside) {
      const message = `${file} lies outside the folders that imports may read (${allowed.join(', ')})`;
      throw sourceFailure('OutsideRoots', message);
    }
    const info = await stat(real);
    if (!info.isFile()) {
      throw sourceFailure('NotAFile', `${file} is ${info.isDirectory() ? 'a directory' : 'no regular file'}`);
    }
    if (info.size === 0) throw sourceFailure('Empty', `${file} is empty`);
    await access(real, constants.R_OK).catch(() => {
      throw sourceFailure('Unreadable', `${file} may not be read by the worker`);
    });
    return real;
  };
}

/** A root may be a link itself, or be mounted only later: looked at each time. */
async function realRoots(roots: readonly string[]): Promise<readonly string[]> {
  return Promise.all(roots.map((root) => realpath(root).catch(() => path.resolve(root))));
}

function isInside(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
