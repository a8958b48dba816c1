/**
 * A folder for downloaded and converted images until they are sent: limited in size, never filling its disk, cleaned after use
 * and after a crash. A finished file is used again after a restart; an unfinished one is deleted.
 */

import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { FailureError } from '../domain/errors/failure.js';
import { fail, hostFailure } from '../domain/errors/index.js';
import { abortable } from './abortable.js';
import { isProcessAlive } from './process-alive.js';

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
const DRAFT = /\.draft-(\d+)-\d+(\.[a-z]+)?$/;

interface Reservation {
  readonly draft: string;
  bytes: number;
}

export function createCache({ folder, limitBytes }: CacheOptions): Cache {
  const users = new Map<string, number>();
  const making = new Map<string, Promise<void>>();
  const rooms = new Set<Reservation>();
  let drafts = 0;
  let cleared: Promise<void> | null = null;
  let changed = waiter();

  /** Makes room for `bytes` more by deleting unused files; throws if that does not suffice. */
  const makeRoom = async (bytes: number): Promise<void> => {
    const files = await finished(folder);
    const idle = files.filter((file) => !users.has(file.name)).sort((one, other) => one.usedAt - other.usedAt);
    let inCache = files.reduce((sum, file) => sum + file.bytes, 0);
    const reserved = [...rooms].reduce((sum, room) => sum + room.bytes, 0);
    const unwritten = reserved - (await draftBytes(folder));
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
        if (!(error instanceof FailureError) || !othersMayRelease || bytes > limitBytes) throw error;
        await abortable(woken, signal);
      }
    }
  };

  const wake = () => {
    changed.resolve();
    changed = waiter();
  };

  const makeFile = async (name: string, bytes: number, signal: AbortSignal, make: Parameters<Cache['obtain']>[3]) => {
    drafts += 1;
    const draft = path.join(folder, `${name}.draft-${process.pid}-${drafts}`);
    const room = await take(draft, bytes, signal);
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
      await removeDrafts(draft);
      rooms.delete(room);
      wake();
    }
  };

  return {
    async obtain(name, bytes, signal, make) {
      cleared ??= clear(folder);
      await cleared;
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

interface FinishedFile {
  readonly name: string;
  readonly bytes: number;
  readonly usedAt: number;
}

async function finished(folder: string): Promise<FinishedFile[]> {
  const names = (await readdir(folder)).filter((name) => !DRAFT.test(name));
  const files = await Promise.all(
    names.map(async (name) => {
      const info = await stat(path.join(folder, name)).catch(() => null);
      return info === null ? [] : [{ name, bytes: info.blocks * 512, usedAt: info.mtimeMs }];
    }),
  );
  return files.flat();
}

/** Deletes drafts of processes that have ended, and finished files that were not used again. */
async function clear(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    const owner = DRAFT.exec(name)?.[1];
    if (owner !== undefined && (Number(owner) === process.pid || !isProcessAlive(Number(owner)))) {
      await rm(path.join(folder, name), { force: true });
    }
  }
  for (const file of await finished(folder)) {
    if (Date.now() - file.usedAt > KEEP_UNUSED_MS) await rm(path.join(folder, file.name), { force: true });
  }
}

/** Deletes the draft and the intermediate files beside it. */
async function removeDrafts(draft: string): Promise<void> {
  const { dir, base } = path.parse(draft);
  for (const name of await readdir(dir)) {
    if (name.startsWith(base)) await rm(path.join(dir, name), { force: true });
  }
}

async function toDisk(file: string): Promise<void> {
  const handle = await open(file, 'r');
  await handle.sync().finally(() => handle.close());
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function draftBytes(folder: string): Promise<number> {
  const drafts = (await readdir(folder)).filter((name) => DRAFT.test(name));
  const infos = await Promise.all(drafts.map((name) => stat(path.join(folder, name)).catch(() => null)));
  return infos.reduce((sum, info) => sum + (info?.blocks ?? 0) * 512, 0);
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
