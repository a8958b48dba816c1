/** Which files of this host an import may read. */
import { constants } from 'node:fs';
import { access, lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { FailureError } from '../domain/failure.js';

function refusal(code: string, message: string, remedy: string): FailureError {
  return new FailureError({ code, class: 'request', message, remedy, field: 'disks' });
}

/** `roots`: folders separated by `:`; empty: any file that this process can read. Links are followed before the check. */
export function createFileResolver(roots: string): (file: string) => Promise<string> {
  const allowed = roots.split(':').filter((root) => root !== '');
  return async (file) => {
    if ((await lstat(file).catch(() => null)) === null) {
      throw refusal(
        'Source.NotFound',
        `there is no file ${file} on this worker`,
        'Check the path, and that the worker’s host has it.',
      );
    }
    const real = await realpath(file).catch(() => null);
    if (real === null)
      throw refusal('Source.NotFound', `${file} is a link that leads nowhere`, 'Give the path of the image itself.');
    const inside = allowed.length === 0 || (await realRoots(allowed)).some((root) => isInside(real, root));
    if (!inside) {
      throw refusal(
        'Source.OutsideRoots',
        `${file} lies outside the folders that imports may read (${allowed.join(', ')})`,
        'Move the image there, or have the operator add its folder to ECS_IMPORT_FILE_ROOTS.',
      );
    }
    const info = await stat(real);
    if (!info.isFile()) {
      const what = info.isDirectory() ? 'a directory' : 'no regular file';
      throw refusal('Source.NotAFile', `${file} is ${what}`, 'Give the path of a disk image.');
    }
    if (info.size === 0) throw refusal('Source.Empty', `${file} is empty`, 'Give the path of a disk image.');
    try {
      await access(real, constants.R_OK);
    } catch {
      throw refusal('Source.Unreadable', `${file} may not be read by the worker`, `Run: chmod a+r ${file}`);
    }
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
