/** A registry of the running `up` processes of this user, where other commands find the address of the API. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defaultDataDir, instancesDir } from './folders.js';
import { identifySelf, isAlive } from './processes.js';
import { errorCode } from './stack-error.js';
import { type PartRecord, readStackFile, stackFileOf } from './stack-file.js';

export interface Instance {
  readonly pid: number;
  readonly startTime: string;
  readonly dataDir: string;
  readonly api: string;
  /** The folders that imports may read; absent: any file, or an older version started it. */
  readonly images?: readonly string[] | undefined;
}

/** Returns a function that removes the entry. */
export async function registerInstance(
  env: NodeJS.ProcessEnv,
  instance: Pick<Instance, 'dataDir' | 'api' | 'images'>,
): Promise<() => Promise<void>> {
  const folder = instancesDir(env);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${process.pid}.json`);
  const entry: Instance = { ...identifySelf(), ...instance };
  await writeFile(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  return () => rm(file, { force: true });
}

/** Also removes the entries of processes that have ended. */
export async function liveInstances(env: NodeJS.ProcessEnv): Promise<readonly Instance[]> {
  const folder = instancesDir(env);
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const live: Instance[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const file = path.join(folder, name);
    const instance = parseInstance(await readFile(file, 'utf8').catch(() => ''));
    if (instance !== null && isAlive(instance)) live.push(instance);
    else await rm(file, { force: true }).catch(() => undefined);
  }
  return live;
}

export interface LiveUp {
  readonly dataDir: string;
  readonly parts: readonly PartRecord[];
}

/** The `up` that commands use by default; null if none runs or the choice is ambiguous. */
export async function liveUp(env: NodeJS.ProcessEnv): Promise<LiveUp | null> {
  const live = await liveInstances(env);
  const preferred = live.find(({ dataDir }) => path.resolve(dataDir) === path.resolve(defaultDataDir(env)));
  const chosen = preferred ?? (live.length === 1 ? live[0] : undefined);
  if (chosen === undefined) return null;
  const { dataDir } = chosen;
  return { dataDir, parts: readStackFile(stackFileOf(dataDir))?.parts ?? [] };
}

function parseInstance(text: string): Instance | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    if (!('pid' in value && 'startTime' in value && 'dataDir' in value && 'api' in value)) return null;
    const { pid, startTime, dataDir, api } = value;
    const complete =
      typeof pid === 'number' &&
      typeof startTime === 'string' &&
      typeof dataDir === 'string' &&
      typeof api === 'string';
    const images = 'images' in value && Array.isArray(value.images) ? value.images.map(String) : undefined;
    return complete ? { pid, startTime, dataDir, api, images } : null;
  } catch {
    return null;
  }
}
