/** A lock file with the identity of its holder: the lock of a process that has ended is stale. */
import { link, mkdir, readFile, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifySelf, isAlive, type ProcessIdentity } from './processes.js';
import { errorCode } from './stack-error.js';

export type Lock =
  | { readonly held: true; readonly release: () => Promise<void> }
  | { readonly held: false; readonly holder: ProcessIdentity };

let drafts = 0;

/** Takes the lock, or returns the live process that holds it. */
export async function takeLock(file: string): Promise<Lock> {
  const mine = JSON.stringify(identifySelf());
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  drafts += 1;
  const draft = `${file}.${process.pid}.${drafts}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (;;) {
      try {
        // link(2) is atomic and fails if the file exists: no process reads a partly written lock.
        await link(draft, file);
        return { held: true, release: () => release(file, mine) };
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
      }
      const seen = await read(file);
      if (seen === null) continue;
      const holder = parseHolder(seen);
      if (holder !== null && isAlive(holder)) return { held: false, holder };
      await removeStale(file, seen);
    }
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** A guard older than this is stale: a live process holds it for milliseconds. */
const GUARD_TIMEOUT_MS = 10_000;

/** Only the holder of the guard removes a stale lock. Otherwise a slow process could remove a lock that was just taken. */
async function removeStale(file: string, stale: string): Promise<void> {
  const guard = `${file}.sweep`;
  try {
    await mkdir(guard);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const info = await stat(guard).catch(() => null);
    if (info !== null && Date.now() - info.mtimeMs > GUARD_TIMEOUT_MS) await rmdir(guard).catch(() => undefined);
    else await sleep(20);
    return;
  }
  try {
    if ((await read(file)) === stale) await unlink(file);
  } finally {
    await rmdir(guard);
  }
}

async function release(file: string, mine: string): Promise<void> {
  if ((await read(file)) === mine) await unlink(file).catch(() => undefined);
}

async function read(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

export function parseHolder(text: string): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return null;
    const { pid, startTime } = value;
    return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : null;
  } catch {
    return null;
  }
}
