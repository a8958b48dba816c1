/** The folders that the imports of `up` and `demo` may read: from the command line to the worker, and checked before a request is sent. */
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isObject } from '../domain/json-value.js';
import { liveInstances } from '../local/supervisor/instances.js';
import { CommandError, EXIT } from './exit.js';
import { clean } from './format.js';

/** Absent: any file that the worker can read. */
export type ImageFolders = readonly string[] | undefined;

/** A service that starts in one of these, or above it, must not offer its files by default. */
const SYSTEM_FOLDERS = ['/etc', '/proc', '/sys', '/dev', '/run', '/boot', '/root/.ssh'];

/**
 * The folders of `--images`, else those of ECS_IMPORT_FILE_ROOTS, else the current folder, unless it is one of the system.
 * @returns `variable` for the worker, and `note` for the user
 */
export function imageFolders(
  given: readonly string[] | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
): { readonly variable: string; readonly note: string } {
  if (given !== undefined) return chosen(given.map((folder) => checked(path.resolve(cwd, folder))));
  const variable = env.ECS_IMPORT_FILE_ROOTS;
  if (variable !== undefined && variable !== '') return { variable, note: `imports read files below ${variable}` };
  if (SYSTEM_FOLDERS.some((folder) => isSameOrInside(cwd, folder) || isSameOrInside(folder, cwd))) {
    const note = `imports read no files of this machine, because ${cwd} has files of the system: add --images DIR`;
    return { variable: '[]', note };
  }
  return chosen([cwd], '; add --images DIR for other folders');
}

function chosen(folders: readonly string[], hint = ''): { readonly variable: string; readonly note: string } {
  return { variable: JSON.stringify(folders), note: `imports read files below ${folders.join(' and ')}${hint}` };
}

function checked(folder: string): string {
  const info = statSync(folder, { throwIfNoEntry: false });
  if (info?.isDirectory()) return folder;
  const reason = info === undefined ? 'it does not exist' : 'it is not a folder';
  throw new CommandError(EXIT.usage, [clean(`--images ${folder}: ${reason}; give a folder with disk images`)]);
}

/** The value of ECS_IMPORT_FILE_ROOTS as the worker reads it. */
export function foldersOf(variable: string | undefined): ImageFolders {
  if (variable === undefined || variable === '') return undefined;
  return variable.startsWith('[') ? JSON.parse(variable) : variable.split(':').filter((folder) => folder !== '');
}

/**
 * Throws if a disk is a file that the `up` at this address does not read. Only a help for the user: the worker decides. An
 * `up` of another machine or user is not known here.
 * @param disks of a request, not validated yet
 */
export async function requireReadableDisks(disks: unknown, api: string, env: NodeJS.ProcessEnv): Promise<void> {
  const files = (Array.isArray(disks) ? disks : []).flatMap((disk: unknown) =>
    isObject(disk) && typeof disk.source === 'string' ? localFile(disk.source) : [],
  );
  if (files.length === 0) return;
  const folders = (await liveInstances(env)).find((instance) => instance.api === api)?.images;
  if (folders === undefined) return;
  const roots = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  for (const file of files) {
    // A file that does not exist is the worker's to report.
    const real = await realpath(file).catch(() => null);
    if (real === null || roots.some((root) => isSameOrInside(real, root))) continue;
    const which = folders.length === 0 ? 'reads no files' : `reads files below ${folders.join(' and ')} only`;
    throw new CommandError(EXIT.usage, [
      clean(`can't import ${file}: the service at ${api} ${which}`),
      clean(adviceFor(path.dirname(real))),
    ]);
  }
}

/** A folder of the system is no folder for images. */
function adviceFor(folder: string): string {
  const isOfSystem = folder === '/' || SYSTEM_FOLDERS.some((one) => isSameOrInside(folder, one));
  return isOfSystem
    ? 'Copy the image into one of its folders, or restart it with `--images DIR` for a folder with images.'
    : `Restart it with \`--images ${folder}\`, or move the image into one of its folders.`;
}

function localFile(source: string): string[] {
  try {
    const url = new URL(source);
    return url.protocol === 'file:' && ['', 'localhost'].includes(url.host) ? [fileURLToPath(url)] : [];
  } catch {
    return [];
  }
}

function isSameOrInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}
