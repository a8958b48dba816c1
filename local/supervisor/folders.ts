/** Folders of this user, according to the XDG base directory specification. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { errorCode, messageOf, StackError } from './stack-error.js';

const NAME = 'ecs-image-import';

function xdg(value: string | undefined, fallback: readonly string[]): string {
  // The specification: relative paths in these variables are invalid and must be ignored.
  return value !== undefined && path.isAbsolute(value) ? value : path.join(os.homedir(), ...fallback);
}

/** The default of `up --data`. */
export function defaultDataDir(env: NodeJS.ProcessEnv): string {
  return path.join(xdg(env.XDG_DATA_HOME, ['.local', 'share']), NAME);
}

/** For files that can be downloaded or built again: the Temporal server. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  return path.join(xdg(env.XDG_CACHE_HOME, ['.cache']), NAME);
}

/**
 * One file for each running `up`, so that other commands find it. Not in XDG_RUNTIME_DIR: sessions without this
 * variable (cron, ssh without systemd) must find the same files.
 */
export function instancesDir(env: NodeJS.ProcessEnv): string {
  return path.join(cacheDir(env), 'instances');
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
