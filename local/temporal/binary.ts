/** Finds the Temporal command line, or gets it once into the cache: `temporal` on PATH, the cache, a download, a build. */
import { spawn } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeLock } from '../supervisor/lock.js';
import { messageOf, StackError } from '../supervisor/stack-error.js';
import { buildTemporal } from './build.js';
import { downloadTemporal } from './download.js';
import type { TemporalGetting, TemporalSource } from './source.js';

export interface FindTemporalOptions extends TemporalGetting {
  /** How the binary is got where there is none; tests put their own here. */
  readonly sources?: readonly TemporalSource[];
}

const SOURCES: readonly TemporalSource[] = [
  { name: 'download', get: downloadTemporal },
  { name: 'go install', get: buildTemporal },
];

/** The path of a Temporal command line that runs; `StackError` when none can be had. */
export async function findTemporal(options: FindTemporalOptions): Promise<string> {
  const atHand = await temporalAtHand(options.env, options.cacheDir);
  if (atHand !== null) return atHand;
  const cached = cachedBinary(options.cacheDir);
  await mkdir(path.dirname(cached), { recursive: true }).catch((error: unknown) => {
    throw new StackError(
      `can't keep the Temporal server in ${path.dirname(cached)}: ${messageOf(error)}; set XDG_CACHE_HOME to a folder that can be written`,
    );
  });
  const release = await lockOnceFree(`${cached}.lock`, options);
  try {
    // Another start may have put it there while this one waited.
    if (await runs(cached)) return cached;
    await obtain(cached, options);
    return cached;
  } finally {
    await release();
  }
}

/** The path of one that is here already and runs; null where `findTemporal` would have to get it. */
export async function temporalAtHand(env: NodeJS.ProcessEnv, cache: string): Promise<string | null> {
  const onPath = await searchPath('temporal', env);
  if (onPath !== null && (await runs(onPath))) return onPath;
  const cached = cachedBinary(cache);
  return (await runs(cached)) ? cached : null;
}

function cachedBinary(cache: string): string {
  return path.join(cache, 'bin', 'temporal');
}

async function obtain(cached: string, options: FindTemporalOptions): Promise<void> {
  const reasons: string[] = [];
  for (const source of options.sources ?? SOURCES) {
    const folder = await mkdtemp(path.join(path.dirname(cached), '.getting-'));
    try {
      await source.get(folder, options);
      const binary = path.join(folder, 'temporal');
      if (!(await runs(binary))) throw new Error('what it brought does not run on this machine');
      await rename(binary, cached);
      return;
    } catch (error) {
      options.signal.throwIfAborted();
      reasons.push(`${source.name}: ${messageOf(error)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new StackError(
    `no Temporal server (${reasons.join('; ')}): put \`temporal\` on PATH, install Go, or set TEMPORAL_ADDRESS to a server that runs`,
  );
}

async function lockOnceFree(file: string, options: FindTemporalOptions): Promise<() => Promise<void>> {
  let told = false;
  for (;;) {
    const lock = await takeLock(file);
    if (lock.held) return lock.release;
    if (!told) options.say(`process ${lock.holder.pid} is already getting the Temporal server; waiting for it`);
    told = true;
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

/** Whether it is the Temporal command line, whole and for this machine. Never throws. */
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
