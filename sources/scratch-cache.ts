/**
 * A folder for what is made of sources on the way to the cloud: bounded, never filling its disk, emptied after use, and
 * cleared of what a crash left. A finished file is found again after a restart; a half-made one is not.
 */

import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { abortable } from './abortable.js';

export interface CacheOptions {
  readonly folder: string;
  /** Of all files in it together, on the disk. */
  readonly limitBytes: number;
}

/** What is promised to a file while it is made. */
export interface Room {
  /** The file will take so many bytes in all; throws `Cache.Full` where there is no room for that. */
  grow(bytes: number): Promise<void>;
}

export interface CachedFile {
  readonly path: string;
  /** Not needed any more by this caller. The last one deletes the file, unless it is kept for another try. */
  release(how: 'delete' | 'keep'): Promise<void>;
}

export interface Cache {
  /**
   * The file of this name, made by `make` where it is not there yet: it writes to the path that it is given, and to
   * others that begin with it; the first is then renamed. Waits while others take up the room that it needs. Throws `Cache.Full` (attention) where the room
   * would not do even if they were gone.
   * @param bytes at most, on the disk, as far as is known
   */
  obtain(
    name: string,
    bytes: number,
    signal: AbortSignal,
    make: (path: string, room: Room) => Promise<void>,
  ): Promise<CachedFile>;
}

/** Left free on the disk for everybody else. */
const RESERVE_BYTES = 512 * 1024 ** 2;
/** What nobody came back for within this time is in nobody's way to be finished. */
const KEEP_UNUSED_MS = 24 * 3600_000;
const DRAFT = /\.draft-(\d+)-\d+(\.[a-z]+)?$/;

interface Promised {
  readonly draft: string;
  bytes: number;
}

export function createCache({ folder, limitBytes }: CacheOptions): Cache {
  const users = new Map<string, number>();
  const making = new Map<string, Promise<void>>();
  const rooms = new Set<Promised>();
  let drafts = 0;
  let cleared: Promise<void> | null = null;
  let changed = waiter();

  /** Throws unless there is room for `bytes` more; removes what nobody uses to make some. */
  const makeRoom = async (bytes: number): Promise<void> => {
    const files = await finished(folder);
    const idle = files.filter((file) => !users.has(file.name)).sort((one, other) => one.usedAt - other.usedAt);
    let inCache = files.reduce((sum, file) => sum + file.bytes, 0);
    const promised = [...rooms].reduce((sum, room) => sum + room.bytes, 0);
    const unwritten = promised - (await draftBytes(folder));
    for (;;) {
      const free = Math.min(limitBytes - inCache - promised, (await freeBytes(folder)) - RESERVE_BYTES - unwritten);
      if (free >= bytes) return;
      const oldest = idle.shift();
      if (oldest === undefined) throw full(folder, bytes, Math.max(0, free), limitBytes);
      await rm(path.join(folder, oldest.name), { force: true });
      inCache -= oldest.bytes;
    }
  };

  /** One at a time: what is free must not be promised twice. */
  let turn: Promise<unknown> = Promise.resolve();
  const promise = (room: Promised, bytes: number): Promise<void> => {
    const mine = turn.then(async () => {
      await makeRoom(bytes - (rooms.has(room) ? room.bytes : 0));
      room.bytes = bytes;
      rooms.add(room);
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  const take = async (draft: string, bytes: number, signal: AbortSignal): Promise<Promised> => {
    const room = { draft, bytes: 0 };
    for (;;) {
      signal.throwIfAborted();
      const woken = changed.promise;
      try {
        await promise(room, bytes);
        return room;
      } catch (error) {
        // The caller itself is one of the users.
        const othersMayLeave = rooms.size > 0 || users.size > 1;
        if (!(error instanceof FailureError) || !othersMayLeave || bytes > limitBytes) throw error;
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
          if (wanted > room.bytes) await promise(room, wanted);
        },
      });
      await toDisk(draft);
      await rename(draft, path.join(folder, name));
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
            // Its failure is told to whoever began it; the next one tries for itself.
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

/** Removes drafts of processes that live no more, and finished files that nobody came back for. */
async function clear(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    const owner = DRAFT.exec(name)?.[1];
    if (owner !== undefined && (Number(owner) === process.pid || !lives(Number(owner)))) {
      await rm(path.join(folder, name), { force: true });
    }
  }
  for (const file of await finished(folder)) {
    if (Date.now() - file.usedAt > KEEP_UNUSED_MS) await rm(path.join(folder, file.name), { force: true });
  }
}

/** With what was made on the way to it. */
async function removeDrafts(draft: string): Promise<void> {
  const { dir, base } = path.parse(draft);
  for (const name of await readdir(dir)) {
    if (name.startsWith(base)) await rm(path.join(dir, name), { force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
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
    `${folder} needs ${mib(wanted)} and has ${mib(free)} (limit ${mib(limitBytes)}; ${mib(RESERVE_BYTES)} of its disk stay free)`,
  );
}

function waiter(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
