/** Folders of this user, according to the XDG base directory specification. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { homeFolder, substituteHome, temporaryFolders } from '../../config/home.js';
import { errorCode, messageOf, StackError } from './stack-error.js';

const NAME = 'ecs-image-import';

/** Folders below the home folder, and their names in the folder that replaces it. */
const PLACES = {
  data: { variable: 'XDG_DATA_HOME', inHome: ['.local', 'share'] },
  cache: { variable: 'XDG_CACHE_HOME', inHome: ['.cache'] },
} as const;

function placeOf(name: keyof typeof PLACES, env: NodeJS.ProcessEnv): string {
  const { variable, inHome } = PLACES[name];
  const value = env[variable];
  // The specification: relative paths in these variables are invalid and must be ignored.
  if (value !== undefined && path.isAbsolute(value)) return path.join(value, NAME);
  const home = homeFolder();
  const folder = home === null ? null : path.join(home, ...inHome, NAME);
  if (folder !== null && (existsSync(folder) || canBeMade(folder))) return folder;
  return path.join(substituteHome(), name);
}

/** The default of `up --data`. */
export function defaultDataDir(env: NodeJS.ProcessEnv): string {
  return placeOf('data', env);
}

/** The file with an admin key of the API of `up`. */
export function apiTokenFile(dataDir: string): string {
  return path.join(dataDir, 'api-token');
}

/** The default of `ECS_IMPORT_CACHE_DIR` under `up`. */
export function upCacheDir(dataDir: string): string {
  return path.join(dataDir, 'images');
}

/** For files that can be downloaded or built again: the Temporal server. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  return placeOf('cache', env);
}

/**
 * One file for each running `up`, so that other commands find it. Not in XDG_RUNTIME_DIR: sessions without this
 * variable (cron, ssh without systemd) must find the same files.
 */
export function instancesDir(env: NodeJS.ProcessEnv): string {
  const folder = path.join(cacheDir(env), 'instances');
  // A cache in a read-only image is still good for programs.
  return canBeMade(folder) ? folder : path.join(substituteHome(), 'cache', 'instances');
}

/** Where a copy of the PostgreSQL programs may be kept, best first. Root's must be open to the account of PostgreSQL. */
export function programFolders(env: NodeJS.ProcessEnv): readonly string[] {
  const uid = process.getuid?.() ?? 0;
  const shared = temporaryFolders().map((folder) => path.join(folder, `${NAME}-programs-${uid}`));
  return [uid === 0 ? path.join('/var/cache', NAME) : path.join(cacheDir(env), 'programs'), ...shared];
}

/** Whether the folder is there and writable, or can be made. */
export function canBeMade(folder: string): boolean {
  if (!existsSync(folder)) {
    const parent = path.dirname(folder);
    return parent !== folder && canBeMade(parent);
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

const NOT_A_DIRECTORY = 'it is not a directory';

/** Creates a folder that only this user can read. Throws `StackError`. */
export async function makePrivateDir(folder: string, remedy: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!(await stat(folder)).isDirectory()) throw new Error(NOT_A_DIRECTORY);
  } catch (error) {
    const reason = errorCode(error) === 'EEXIST' ? NOT_A_DIRECTORY : messageOf(error);
    throw new StackError(`can't use ${folder}: ${reason}; ${remedy}`, { cause: error });
  }
  // An existing folder can have other permissions. This fails for a folder of another user, who decides on them.
  await chmod(folder, 0o700).catch(() => undefined);
}
