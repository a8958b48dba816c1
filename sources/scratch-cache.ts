/**
 * A folder for downloaded and converted images until they are sent: limited in size, never filling its disk, cleaned after use
 * and after a crash. A finished file is used again after a restart; an unfinished one is deleted.
 */

import { mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../domain/errors/failure.js';
import { fail, hostFailure, orHostFailure } from '../domain/errors/index.js';
import { abortable } from './abortable.js';
import { draftName, isDraft, ownerOf } from './draft-owner.js';

export interface CacheOptions {
  readonly folder: string;
  /** The total size of its files on the disk. */
  readonly limitBytes: number;
}

/** The space that is reserved for a file while it is written. */
export interface Room {
  /** Reserves this many bytes in total; throws `Cache.Full` if there is not enough space. */
  grow(bytes: number): Promise<void>;
}

export interface CachedFile {
  readonly path: string;
  /** This caller no longer needs the file. The last caller deletes it, or keeps it for a later attempt. */
  release(how: 'delete' | 'keep'): Promise<void>;
}

export interface Cache {
  /**
   * The file of this name; `make` writes it if it does not exist. `make` may also write to paths that begin with the path
   * that it gets; only the file at that path is kept. Waits while other files use the room that it needs. Throws `Cache.Full`
   * (attention) if the space would not suffice without them either.
   * @param bytes the most that it takes on the disk, as far as is known
   */
  obtain(
    name: string,
    bytes: number,
    signal: AbortSignal,
    make: (path: string, room: Room) => Promise<void>,
  ): Promise<CachedFile>;
}

/** Kept free on the disk for other programs. */
const RESERVE_BYTES = 512 * 1024 ** 2;
/** A finished file that no attempt has used for this time is deleted at the next start. */
const KEEP_UNUSED_MS = 24 * 3600_000;
/** How often the drafts that this process writes get a new modification time, so that other hosts see that it runs. */
const TOUCH_INTERVAL_MS = 20_000;
/** A draft of another container or host that was not touched for this time is abandoned: its process has ended. */
const ABANDONED_MS = 180_000;
/** By the clock of the file's host, which may differ from ours. */
const SURELY_ABANDONED_MS = 3600_000;
const SWEEP_INTERVAL_MS = 60_000;
/** Between two sweeps while a file waits for the room that drafts of other processes take. */
const WAIT_FOR_OTHERS_MS = 5_000;

interface Reservation {
  readonly draft: string;
  bytes: number;
}

export function createCache({ folder, limitBytes }: CacheOptions): Cache {
  const users = new Map<string, number>();
  const making = new Map<string, Promise<void>>();
  const rooms = new Set<Reservation>();
  let drafts = 0;
  let changed = waiter();
  const observed: Observations = new Map();
  let sweeping: Promise<void> | null = null;
  let sweptAt = Number.NEGATIVE_INFINITY;
  /** One at a time; not more often than `everyMs`. */
  const sweepEvery = async (everyMs: number): Promise<void> => {
    if (performance.now() - sweptAt >= everyMs) {
      sweeping ??= sweep(folder, observed)
        .then(() => {
          sweptAt = performance.now();
        })
        .finally(() => {
          sweeping = null;
        });
    }
    await sweeping;
  };
  // Another process may end while this one has nothing to do.
  setInterval(() => void sweepEvery(0).catch(() => undefined), SWEEP_INTERVAL_MS).unref();

  /** Makes room for `bytes` more by deleting unused files; throws if that does not suffice. */
  const makeRoom = async (bytes: number): Promise<void> => {
    const files = await finished(folder);
    const idle = files.filter((file) => !users.has(file.name)).sort((one, other) => one.usedAt - other.usedAt);
    const drafts = await draftBytes(folder, [...rooms]);
    let inCache = files.reduce((sum, file) => sum + file.bytes, drafts.ofOthers);
    const reserved = [...rooms].reduce((sum, room) => sum + room.bytes, 0);
    const unwritten = reserved - drafts.own;
    for (;;) {
      const free = Math.min(limitBytes - inCache - reserved, (await freeBytes(folder)) - RESERVE_BYTES - unwritten);
      if (free >= bytes) return;
      const oldest = idle.shift();
      if (oldest === undefined) throw full(folder, bytes, Math.max(0, free), limitBytes);
      await rm(path.join(folder, oldest.name), { force: true });
      inCache -= oldest.bytes;
    }
  };

  /** One at a time, so that free space is not reserved twice. */
  let turn: Promise<unknown> = Promise.resolve();
  const reserve = (room: Reservation, bytes: number): Promise<void> => {
    const mine = turn.then(async () => {
      await makeRoom(bytes - (rooms.has(room) ? room.bytes : 0));
      room.bytes = bytes;
      rooms.add(room);
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  const take = async (draft: string, bytes: number, signal: AbortSignal): Promise<Reservation> => {
    const room = { draft, bytes: 0 };
    for (;;) {
      signal.throwIfAborted();
      const woken = changed.promise;
      try {
        await reserve(room, bytes);
        return room;
      } catch (error) {
        // The caller itself is counted as a user.
        const othersMayRelease = rooms.size > 0 || users.size > 1;
        const { ofOthers } = await draftBytes(folder, [...rooms]);
        const mayWait = othersMayRelease || ofOthers > 0;
        if (!(error instanceof FailureError) || !mayWait || bytes > limitBytes) throw error;
        if (ofOthers === 0) await abortable(woken, signal);
        else await abortable(Promise.race([woken, delay(WAIT_FOR_OTHERS_MS, undefined, { ref: false })]), signal);
        await sweepEvery(WAIT_FOR_OTHERS_MS / 2);
      }
    }
  };

  const wake = () => {
    changed.resolve();
    changed = waiter();
  };

  const makeFile = async (name: string, bytes: number, signal: AbortSignal, make: Parameters<Cache['obtain']>[3]) => {
    drafts += 1;
    const draft = path.join(folder, draftName(name, drafts));
    const room = await take(draft, bytes, signal);
    const touching = setInterval(() => void touch(draft).catch(() => undefined), TOUCH_INTERVAL_MS);
    try {
      await make(draft, {
        async grow(wanted) {
          if (wanted > room.bytes) await reserve(room, wanted);
        },
      });
      await toDisk(draft);
      await rename(draft, path.join(folder, name));
    } catch (error) {
      throw hostFailure(error, `${folder} cannot be written`) ?? error;
    } finally {
      clearInterval(touching);
      await removeDrafts(draft);
      rooms.delete(room);
      wake();
    }
  };

  return {
    async obtain(name, bytes, signal, make) {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(orHostFailure(`${folder} cannot be created`));
      await sweepEvery(SWEEP_INTERVAL_MS);
      users.set(name, (users.get(name) ?? 0) + 1);
      const release = async (how: 'delete' | 'keep') => {
        const left = (users.get(name) ?? 1) - 1;
        if (left > 0) users.set(name, left);
        else users.delete(name);
        if (left === 0 && how === 'delete') await rm(path.join(folder, name), { force: true });
        wake();
      };
      try {
        while ((await stat(path.join(folder, name)).catch(() => null)) === null) {
          const other = making.get(name);
          if (other !== undefined) {
            // The caller that started it gets its failure; this one then makes its own attempt.
            await abortable(
              other.catch(() => undefined),
              signal,
            );
            continue;
          }
          const own = makeFile(name, bytes, signal, make).finally(() => making.delete(name));
          making.set(name, own);
          await own;
        }
      } catch (error) {
        await release('keep');
        throw error;
      }
      return { path: path.join(folder, name), release };
    },
  };
}

/** The bytes on the disk of all files in the folder of a cache; 0: it does not exist yet; null: it cannot be read. */
export async function cacheUsage(folder: string): Promise<number | null> {
  try {
    const [files, drafts] = await Promise.all([finished(folder), draftBytes(folder, [])]);
    return files.reduce((sum, { bytes }) => sum + bytes, drafts.ofOthers);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 0 : null;
  }
}

interface FinishedFile {
  readonly name: string;
  readonly bytes: number;
  readonly usedAt: number;
}

async function finished(folder: string): Promise<FinishedFile[]> {
  const names = (await readdir(folder)).filter((name) => !isDraft(name));
  const files = await Promise.all(
    names.map(async (name) => {
      const info = await stat(path.join(folder, name)).catch(() => null);
      return info === null ? [] : [{ name, bytes: info.blocks * 512, usedAt: info.mtimeMs }];
    }),
  );
  return files.flat();
}

/** Of drafts whose owner is unknown: the last modification time, and since when it is known, by this process's own clock. */
type Observations = Map<string, { readonly mtimeMs: number; readonly since: number }>;

/** Deletes drafts of processes that have ended, and finished files that were not used again. */
async function sweep(folder: string, observed: Observations): Promise<void> {
  const names = await readdir(folder);
  for (const name of observed.keys()) if (!names.includes(name)) observed.delete(name);
  for (const name of names.filter(isDraft)) {
    const owner = ownerOf(name);
    const isAbandoned = owner === 'ended' || (owner === 'unknown' && (await isUntouched(folder, name, observed)));
    if (isAbandoned) await rm(path.join(folder, name), { force: true });
  }
  for (const file of await finished(folder)) {
    if (Date.now() - file.usedAt > KEEP_UNUSED_MS) await rm(path.join(folder, file.name), { force: true });
  }
}

async function isUntouched(folder: string, name: string, observed: Observations): Promise<boolean> {
  const info = await stat(path.join(folder, name)).catch(() => null);
  if (info === null) return false;
  const { mtimeMs } = info;
  if (Date.now() - mtimeMs > SURELY_ABANDONED_MS) return true;
  const before = observed.get(name);
  if (before?.mtimeMs === mtimeMs) return performance.now() - before.since >= ABANDONED_MS;
  observed.set(name, { mtimeMs, since: performance.now() });
  return false;
}

/** Sets the modification time of the draft and of the intermediate files beside it. */
async function touch(draft: string): Promise<void> {
  const now = new Date();
  for (const file of await withIntermediates(draft)) await utimes(file, now, now).catch(() => undefined);
}

async function withIntermediates(draft: string): Promise<string[]> {
  const { dir, base } = path.parse(draft);
  return (await readdir(dir))
    .filter((name) => name === base || name.startsWith(`${base}.`))
    .map((name) => path.join(dir, name));
}

/** Deletes the draft and the intermediate files beside it. */
async function removeDrafts(draft: string): Promise<void> {
  for (const file of await withIntermediates(draft)) await rm(file, { force: true });
}

async function toDisk(file: string): Promise<void> {
  const handle = await open(file, 'r');
  await handle.sync().finally(() => handle.close());
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Bytes on the disk of the drafts that belong to these reservations, and of all others. */
async function draftBytes(
  folder: string,
  rooms: readonly Reservation[],
): Promise<{ readonly own: number; readonly ofOthers: number }> {
  const sum = { own: 0, ofOthers: 0 };
  for (const name of (await readdir(folder)).filter(isDraft)) {
    const info = await stat(path.join(folder, name)).catch(() => null);
    const file = path.join(folder, name);
    const isOwn = rooms.some(({ draft }) => file === draft || file.startsWith(`${draft}.`));
    sum[isOwn ? 'own' : 'ofOthers'] += (info?.blocks ?? 0) * 512;
  }
  return sum;
}

function full(folder: string, wanted: number, free: number, limitBytes: number): FailureError {
  const mib = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
  return fail(
    'Cache.Full',
    `${folder} requires ${mib(wanted)} but has ${mib(free)} free (limit ${mib(limitBytes)}; ${mib(RESERVE_BYTES)} of its disk are reserved)`,
  );
}

function waiter(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
