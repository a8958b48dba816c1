/** The pool of inspection processes: reuse, concurrency, and isolation of failures. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { inspectImage } from '../../images/inspect.js';
import { createInspector, createRemoteInspector } from '../../images/inspect-in-child.js';
import { LONE_SYSTEM_DISK } from '../../images/inspection.js';
import { ReaderPool } from '../../images/reader-pool.js';
import { openLocalFile } from '../../sources/local-file.js';
import { DEMO, qcow2 } from '../support/images/made-images.js';

let home = '';
let small = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'readers-'));
  small = path.join(home, 'small.qcow2');
  writeFileSync(small, qcow2());
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const imageOfBytes = (bytes: Buffer) => ({
  name: 'small.qcow2',
  size: bytes.length,
  read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
});

/** Process ids of this process's inspection children. */
function readers(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('inspect-child');
    } catch {
      return false;
    }
  });
}

describe('the reader pool', () => {
  test('sequential inspections → one process, with the same results as inspectImage', async () => {
    const before = readers();
    const inspect = createInspector();
    const alone = { small: await inspectImage(small), demo: await inspectImage(DEMO) };
    for (let round = 0; round < 3; round++) {
      expect(await inspect(small)).toEqual(alone.small);
      expect(await inspect(DEMO)).toEqual(alone.demo);
    }
    expect(readers().filter((pid) => !before.includes(pid))).toHaveLength(1);
  });

  test('concurrent inspections → at most one process per processor', async () => {
    const inspect = createInspector();
    const before = readers();
    const all = await Promise.all(Array.from({ length: 12 }, () => inspect(small)));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(readers().filter((pid) => !before.includes(pid)).length).toBeLessThanOrEqual(8);
  });

  describe('with images that wait', () => {
    const limits = { timeLimitMs: 60_000, elapsedLimitMs: 60_000, memoryLimitMiB: 1024, outputLimitBytes: 1024 * 1024 };
    const reading = {
      kind: 'inspection',
      context: LONE_SYSTEM_DISK,
      maxFetchedBytes: 1024 ** 3,
      bulkBytes: 0,
    } as const;
    const image = imageOfBytes(qcow2());
    const long = 10 * 60_000;

    /** An image whose reads wait until it is released. */
    function heldImage() {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const read = (offset: number, length: number) => held.then(() => image.read(offset, length));
      return { image: { ...image, read }, release: () => release() };
    }

    test('for a short time → one process inspects all of them', async () => {
      const before = readers();
      const pool = new ReaderPool(limits, 8, long);
      const ends = await Promise.all(
        Array.from({ length: 12 }, () => pool.read({ ...reading, image, signal: undefined })),
      );
      expect(ends.map(({ reason }) => reason)).toEqual(ends.map(() => 'complete'));
      expect(readers().filter((pid) => !before.includes(pid))).toHaveLength(1);
    });

    test('for a long time behind a slow one → another process inspects them, up to the limit', async () => {
      const before = readers();
      const pool = new ReaderPool(limits, 2, 10);
      const [slow, slower] = [heldImage(), heldImage()];
      const first = pool.read({ ...reading, image: slow.image, signal: undefined });
      expect(await pool.read({ ...reading, image, signal: undefined })).toMatchObject({ reason: 'complete' });
      const second = pool.read({ ...reading, image: slower.image, signal: undefined });
      const abort = new AbortController();
      const aborted = pool.read({ ...reading, image, signal: abort.signal });
      const last = pool.read({ ...reading, image, signal: undefined });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(readers().filter((pid) => !before.includes(pid))).toHaveLength(2);
      abort.abort(new Error('cancelled'));
      await expect(aborted).rejects.toThrow('cancelled');
      slow.release();
      expect(await last).toMatchObject({ reason: 'complete' });
      slower.release();
      for (const end of [await first, await second]) expect(end).toMatchObject({ reason: 'complete' });
      expect(await pool.read({ ...reading, image, signal: undefined })).toMatchObject({ reason: 'complete' });
    });
  });

  test('processes that end after each image, because their memory has grown → no inspection meets the end', async () => {
    const inspect = createInspector({ memoryLimitMiB: 256 });
    for (let round = 0; round < 4; round++) expect(await inspect(DEMO)).toMatchObject({ depth: 'guest' });
  });

  test('an idle process that is killed → the next inspection gets another one', async () => {
    const inspect = createInspector();
    const before = readers();
    for (let round = 0; round < 3; round++) {
      expect(await inspect(small)).toMatchObject({ format: 'QCOW2' });
      for (const pid of readers().filter((one) => !before.includes(one))) process.kill(Number(pid), 'SIGKILL');
    }
  });

  test('a killed process → the next inspection still succeeds', async () => {
    const inspect = createInspector();
    const abort = new AbortController();
    const stopped = inspect(DEMO, { signal: abort.signal });
    abort.abort(new Error('cancelled'));
    await expect(stopped).rejects.toThrow('cancelled');
    expect(await inspect(small)).toMatchObject({ format: 'QCOW2' });
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'a process that %s ends in the middle of an inspection → Host.ProcessKilled, with no partial result',
    async (signal) => {
      const file = await openLocalFile(DEMO);
      const before = readers();
      let reads = 0;
      const inspect = createRemoteInspector();
      const inspection = inspect({
        name: 'disk.qcow2',
        size: file.size,
        async read(offset, length) {
          reads += 1;
          // The first reads are of the container: by now its facts are known.
          if (reads === 4) process.kill(Number(readers().find((pid) => !before.includes(pid))), signal);
          const bytes = Buffer.alloc(length);
          await file.handle.read(bytes, 0, length, offset);
          return bytes;
        },
      });
      await expect(inspection).rejects.toMatchObject({ failure: { code: 'Host.ProcessKilled', class: 'attention' } });
      await file.close();
    },
  );

  test.each([
    ['a process that is stopped', 'SIGSTOP', /of which its process got \d+ s of processor time/],
    ['an image that is read slowly', null, /of which reading the image took \d+ s/],
  ] as const)('%s → too slow, with the cause', async (_, signal, cause) => {
    const before = readers();
    const bytes = readFileSync(DEMO);
    let reads = 0;
    const image = {
      name: 'disk.qcow2',
      size: bytes.length,
      async read(offset: number, length: number) {
        reads += 1;
        if (reads === 4 && signal !== null) {
          process.kill(Number(readers().find((pid) => !before.includes(pid))), signal);
        }
        if (reads === 4 && signal === null) await new Promise((resolve) => setTimeout(resolve, 4_000));
        return bytes.subarray(offset, offset + length);
      },
    };
    const limits = { timeLimitMs: 60_000, elapsedLimitMs: 3_000, memoryLimitMiB: 1024, outputLimitBytes: 1024 * 1024 };
    const reading = { kind: 'inspection', context: LONE_SYSTEM_DISK, signal: undefined } as const;
    const bounds = { maxFetchedBytes: 1024 ** 3, bulkBytes: 0 };
    const pool = new ReaderPool(limits);
    // Starts the process, which takes long on a busy machine: it may be ended for that.
    const first = () => pool.read({ ...reading, ...bounds, image: imageOfBytes(qcow2()) });
    await vi.waitFor(async () => expect(await first()).toMatchObject({ reason: 'complete' }), { timeout: 60_000 });
    const end = await pool.read({ ...reading, ...bounds, image });
    expect(end).toMatchObject({ reason: 'too-slow', detail: expect.stringMatching(cause) });
  });

  test('the same image as system and data disk → separate results', async () => {
    const inspect = createInspector();
    const [system, data] = [await inspect(DEMO), await inspect(DEMO, { role: 'data', moreDisks: true })];
    expect([system.platform, data.platform]).toEqual(['Debian', null]);
  });
});
