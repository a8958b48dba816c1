/** Where things lie on one machine, after the XDG base directory specification. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { errorCode, messageOf, StackError } from './stack-error.js';

const NAME = 'ecs-image-import';

function xdg(value: string | undefined, fallback: readonly string[]): string {
  // The specification: a relative path in these variables is invalid and ignored.
  return value !== undefined && path.isAbsolute(value) ? value : path.join(os.homedir(), ...fallback);
}

/** The state that `up` keeps unless told otherwise. */
export function defaultDataDir(env: NodeJS.ProcessEnv): string {
  return path.join(xdg(env.XDG_DATA_HOME, ['.local', 'share']), NAME);
}

/** What can be fetched or built again: the Temporal server. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  return path.join(xdg(env.XDG_CACHE_HOME, ['.cache']), NAME);
}

/**
 * One small file for each live `up`, so that the other commands find it. Not in XDG_RUNTIME_DIR: a session that lacks it
 * (cron, ssh without systemd) would not find the `up` of one that has it.
 */
export function instancesDir(env: NodeJS.ProcessEnv): string {
  return path.join(cacheDir(env), 'instances');
}

/** Makes a folder that only this user may enter; `StackError` where that can't be done. */
export async function makePrivateDir(folder: string, remedy: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!(await stat(folder)).isDirectory()) throw new Error('it is not a folder');
  } catch (error) {
    const reason = errorCode(error) === 'EEXIST' ? 'it is not a folder' : messageOf(error);
    throw new StackError(`can't use ${folder}: ${reason}; ${remedy}`, { cause: error });
  }
  // A folder that was there before keeps its owner's wishes, but secrets need a closed one.
  await chmod(folder, 0o700).catch(() => undefined);
}
