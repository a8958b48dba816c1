/** The folder of downloaded and converted images: limited in size, cleaned after crashes, shared by callers that need the same file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cache, createCache, type Room } from '../../sources/scratch-cache.js';

const KIB = 1024;
const LIMIT = 1024 * KIB;
const signal = new AbortController().signal;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () => createCache({ folder, limitBytes: LIMIT });
const fill = (bytes: number) => (path: string) => writeFile(path, Buffer.alloc(bytes, 1));
const full = { failure: { code: 'Cache.Full', class: 'attention' } };

describe('a file', () => {
  test('needed by several callers → created once, and deleted by the last of them', async () => {
    const cache = open();
    let made = 0;
    const make = async (path: string) => {
      made += 1;
      await delay(20);
      await fill(KIB)(path);
    };
    const [one, other] = await Promise.all([
      cache.obtain('a', KIB, signal, make),
      cache.obtain('a', KIB, signal, make),
    ]);
    expect(made).toBe(1);
    await one.release('delete');
    expect(await readdir(folder)).toEqual(['a']);
    await other.release('delete');
    expect(await readdir(folder)).toEqual([]);
  });

  test('kept for a later attempt → available after a restart', async () => {
    const file = await open().obtain('a', KIB, signal, fill(KIB));
    await file.release('keep');
    await open().obtain('a', KIB, signal, () => Promise.reject(new Error('made again')));
  });

  test('that could not be created → nothing remains, and the next caller creates it', async () => {
    const cache = open();
    const broken = async (path: string) => {
      await fill(KIB)(path);
      await fill(KIB)(`${path}.raw`);
      throw new Error('damaged');
    };
    await expect(cache.obtain('a', KIB, signal, broken)).rejects.toThrow('damaged');
    expect(await readdir(folder)).toEqual([]);
    await cache.obtain('a', KIB, signal, fill(KIB));
  });

  test('whose creator was cancelled → a waiting caller creates it', async () => {
    const cache = open();
    const cancel = new AbortController();
    const first = cache.obtain('a', KIB, cancel.signal, async () => {
      await delay(10_000, undefined, { signal: cancel.signal });
    });
    const second = cache.obtain('a', KIB, signal, fill(KIB));
    cancel.abort();
    await expect(first).rejects.toThrow();
    expect((await second).path).toBe(join(folder, 'a'));
  });
});

describe('after a crash', () => {
  test('an unfinished file → deleted at the next start, unless its process still runs', async () => {
    await writeFile(join(folder, 'a.draft-999999999-1'), 'x');
    await writeFile(join(folder, 'a.draft-999999999-1.raw'), 'x');
    await writeFile(join(folder, `b.draft-${process.pid}-1`), 'x');
    await writeFile(join(folder, 'c.draft-1-1'), 'x');
    await open().obtain('z', KIB, signal, fill(1));
    expect((await readdir(folder)).sort()).toEqual(['c.draft-1-1', 'z']);
  });

  /** A process that writes a draft until it is killed; resolves with the draft's name. */
  async function writer() {
    const program = `
      import { writeFileSync } from 'node:fs';
      import { createCache } from '${resolve('sources/scratch-cache.ts')}';
      const cache = createCache({ folder: ${JSON.stringify(folder)}, limitBytes: ${LIMIT} });
      await cache.obtain('crashed', 1, new AbortController().signal, async (path) => {
        writeFileSync(path, 'x');
        writeFileSync(path + '.inner', 'x');
        console.log('writing');
        await new Promise((done) => setTimeout(done, 60_000));
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    await once(child.stdout, 'data');
    return child;
  }

  test('of a process while another one runs → its drafts are deleted by that one, no earlier', async () => {
    const child = await writer();
    const drafts = (await readdir(folder)).sort();
    expect(drafts).toEqual([expect.stringContaining('draft'), expect.stringMatching(/\.inner$/)]);
    await open().obtain('y', KIB, signal, fill(1));
    expect((await readdir(folder)).sort()).toEqual([...drafts, 'y']);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await open().obtain('z', KIB, signal, fill(1));
    expect((await readdir(folder)).sort()).toEqual(['y', 'z']);
  });

  describe('in another container with this folder, where process ids mean nothing', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });
    const foreign = `a.draft-00000000.1.${process.pid}-1`;
    const sweepAfter = async (cache: Cache, ms: number) => {
      vi.advanceTimersByTime(ms);
      await (await cache.obtain(`z`, 1, signal, fill(1))).release('delete');
      return await readdir(folder);
    };

    test('its draft is not touched any more → deleted after three minutes', async () => {
      const cache = open();
      await writeFile(join(folder, foreign), 'x');
      expect(await sweepAfter(cache, 0)).toEqual([foreign]);
      expect(await sweepAfter(cache, 120_000)).toEqual([foreign]);
      expect(await sweepAfter(cache, 61_000)).toEqual([]);
    });

    test('its draft is touched → kept, although nothing is written', async () => {
      const cache = open();
      await writeFile(join(folder, foreign), 'x');
      for (let minute = 1; minute < 10; minute += 1) {
        const then = new Date(Date.now() - 1_800_000 + minute * 60_000);
        await utimes(join(folder, foreign), then, then);
        expect(await sweepAfter(cache, 61_000)).toEqual([foreign]);
      }
    });

    test('its draft takes the room → a file waits until it is deleted', async () => {
      const cache = open();
      await writeFile(join(folder, foreign), Buffer.alloc(900 * KIB, 1));
      const cancel = new AbortController();
      const waiting = cache.obtain('b', 700 * KIB, cancel.signal, fill(1));
      await delay(20);
      cancel.abort(new Error('cancelled'));
      await expect(waiting).rejects.toThrow('cancelled');
      await rm(join(folder, foreign));
      await cache.obtain('b', 700 * KIB, signal, fill(1));
    });

    test('a draft of this process → touched while it is written', async () => {
      const old = new Date(Date.now() - 7_200_000);
      await open().obtain('a', KIB, signal, async (path) => {
        await fill(1)(path);
        await utimes(path, old, old);
        vi.advanceTimersByTime(21_000);
        await vi.waitFor(async () => expect((await stat(path)).mtimeMs).toBeGreaterThan(old.getTime() + 3_600_000));
      });
    });
  });

  test('a finished file that is not used for a day → deleted', async () => {
    await writeFile(join(folder, 'old'), 'x');
    await writeFile(join(folder, 'new'), 'x');
    const yesterday = new Date(Date.now() - 25 * 3600_000);
    await utimes(join(folder, 'old'), yesterday, yesterday);
    await open().obtain('z', KIB, signal, fill(1));
    expect((await readdir(folder)).sort()).toEqual(['new', 'z']);
  });
});

describe('the limit', () => {
  test('a larger file → refused immediately, before any work', async () => {
    const never = () => Promise.reject(new Error('work began'));
    await expect(open().obtain('a', LIMIT + 1, signal, never)).rejects.toMatchObject(full);
  });

  test('less free space on the disk → that is the limit, checked before any work', async () => {
    const { bavail, bsize } = await statfs(folder);
    const large = createCache({ folder, limitBytes: Number.MAX_SAFE_INTEGER });
    const never = () => Promise.reject(new Error('work began'));
    await expect(large.obtain('a', 2 * bavail * bsize, signal, never)).rejects.toMatchObject(full);
  });

  test('no room → unused files are deleted, the oldest first', async () => {
    const cache = open();
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      await (await cache.obtain(name, 300 * KIB, signal, fill(300 * KIB))).release('keep');
      await utimes(join(folder, name), new Date(), new Date(Date.now() - 60_000 + index * 1000));
    }
    await cache.obtain('d', 600 * KIB, signal, fill(600 * KIB));
    expect((await readdir(folder)).sort()).toEqual(['c', 'd']);
  });

  test('room in use → the next file waits until it is released', async () => {
    const cache = open();
    const first = await cache.obtain('a', 700 * KIB, signal, fill(700 * KIB));
    let done = false;
    const second = cache.obtain('b', 700 * KIB, signal, fill(700 * KIB)).then((file) => {
      done = true;
      return file;
    });
    await delay(50);
    expect(done).toBe(false);
    await first.release('delete');
    await second;
    expect(await readdir(folder)).toEqual(['b']);
  });

  test('a file that grows → stays within the limit', async () => {
    const cache = open();
    const rooms: Room[] = [];
    const hold = async (_path: string, room: Room) => {
      rooms.push(room);
      await room.grow(400 * KIB);
      await delay(50);
      await room.grow(600 * KIB);
      await fill(600 * KIB)(_path);
    };
    const results = await Promise.allSettled([
      cache.obtain('a', 100 * KIB, signal, hold),
      cache.obtain('b', 100 * KIB, signal, hold),
    ]);
    expect(rooms).toHaveLength(2);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject(full);
  });

  test('cancelled while waiting for room → rejects', async () => {
    const cache = open();
    await cache.obtain('a', 700 * KIB, signal, fill(700 * KIB));
    const cancel = new AbortController();
    const waiting = cache.obtain('b', 700 * KIB, cancel.signal, fill(1));
    await delay(20);
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });
});
