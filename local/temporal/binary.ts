/** Finds the Temporal CLI on PATH or in the cache, else installs it into the cache: by download, else by build. */
import { spawn } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeLock } from '../supervisor/lock.js';
import { messageOf, StackError } from '../supervisor/stack-error.js';
import { buildTemporal } from './build.js';
import { downloadTemporal } from './download.js';
import type { TemporalInstaller, TemporalInstallOptions } from './installer.js';

export interface FindTemporalOptions extends TemporalInstallOptions {
  /** Tried in order. Tests inject their own. */
  readonly installers?: readonly TemporalInstaller[];
}

const INSTALLERS: readonly TemporalInstaller[] = [
  { name: 'download', install: downloadTemporal },
  { name: 'go install', install: buildTemporal },
];

/** Returns the path of a working Temporal CLI. Throws `StackError`. */
export async function findTemporal(options: FindTemporalOptions): Promise<string> {
  const installed = await installedTemporal(options.env, options.cacheDir);
  if (installed !== null) return installed;
  const cached = cachedBinary(options.cacheDir);
  await mkdir(path.dirname(cached), { recursive: true }).catch((error: unknown) => {
    throw new StackError(
      `can't install the Temporal server in ${path.dirname(cached)}: ${messageOf(error)}; set XDG_CACHE_HOME to a writable folder`,
    );
  });
  const release = await waitForLock(`${cached}.lock`, options);
  try {
    // Another process can have installed it while this one waited for the lock.
    if (await runs(cached)) return cached;
    await install(cached, options);
    return cached;
  } finally {
    await release();
  }
}

/** The path of an installed, working Temporal CLI; null if `findTemporal` would have to install it. */
export async function installedTemporal(env: NodeJS.ProcessEnv, cache: string): Promise<string | null> {
  const onPath = await searchPath('temporal', env);
  if (onPath !== null && (await runs(onPath))) return onPath;
  const cached = cachedBinary(cache);
  return (await runs(cached)) ? cached : null;
}

function cachedBinary(cache: string): string {
  return path.join(cache, 'bin', 'temporal');
}

async function install(cached: string, options: FindTemporalOptions): Promise<void> {
  const reasons: string[] = [];
  for (const installer of options.installers ?? INSTALLERS) {
    const folder = await mkdtemp(path.join(path.dirname(cached), '.installing-'));
    try {
      await installer.install(folder, options);
      const binary = path.join(folder, 'temporal');
      if (!(await runs(binary))) throw new Error('the installed program does not run on this machine');
      await rename(binary, cached);
      return;
    } catch (error) {
      options.signal.throwIfAborted();
      reasons.push(`${installer.name}: ${messageOf(error)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new StackError(
    `can't install the Temporal server (${reasons.join('; ')}): put \`temporal\` on PATH, install Go, or set TEMPORAL_ADDRESS to a running server`,
  );
}

async function waitForLock(file: string, options: FindTemporalOptions): Promise<() => Promise<void>> {
  let reported = false;
  for (;;) {
    const lock = await takeLock(file);
    if (lock.held) return lock.release;
    if (!reported) options.say(`process ${lock.holder.pid} is installing the Temporal server; waiting for it`);
    reported = true;
    await sleep(500, undefined, { signal: options.signal });
  }
}

async function searchPath(name: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const folder of (env.PATH ?? '').split(path.delimiter).filter((entry) => path.isAbsolute(entry))) {
    const file = path.join(folder, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return null;
}

/** Whether the file is a working Temporal CLI. Never throws. */
function runs(binary: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(binary, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 15_000 });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0 && /^temporal version .*Server/.test(text)));
  });
}
