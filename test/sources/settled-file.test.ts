/** What identifies a file that was written a moment ago. */
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileSource } from '../../sources/file.js';
import { openLocalFile } from '../../sources/local-file.js';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settled-'));
  path = join(folder, 'disk.raw');
  writeFileSync(path, 'first');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The file, as if it had changed `agoMs` before it is opened. */
function sourceChanged(agoMs: number) {
  let handle: { readonly fd: number } | null = null;
  let readAtMs = 0;
  const source = fileSource(pathToFileURL(path).href, {
    async openFile(name) {
      const file = { ...(await openLocalFile(name)), changedAtMs: Date.now() - agoMs };
      handle = file.handle;
      return file;
    },
    mapExtents: async () => null,
    async knownDigest() {
      readAtMs = Date.now();
      return null;
    },
    digestOf: () => Promise.reject(new Error('no digest is required')),
  });
  const open = (signal = new AbortController().signal) =>
    source.open({ sha256: undefined, asFile: true, signal, onProgress: () => undefined });
  return { open, handle: () => handle, readAtMs: () => readAtMs };
}

test('a file that changed less than 2 s ago → identified when 2 s have passed', async () => {
  const { open, readAtMs } = sourceChanged(1_900);
  const settlesAtMs = Date.now() + 100;
  const source = await open();
  expect(source.identity).not.toBeNull();
  expect(source.identity).toBe(source.reader.version);
  // Timers may run a millisecond early.
  expect(readAtMs()).toBeGreaterThanOrEqual(settlesAtMs - 1);
  await source.release('delete');
});

test('a file that changes again during this time → the reader reports the change', async () => {
  const { open, handle } = sourceChanged(1_800);
  const opening = open();
  await expect.poll(handle, { interval: 1 }).not.toBeNull();
  writeFileSync(path, 'other');
  const source = await opening;
  await expect(source.reader.check()).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
  await source.release('delete');
});

test('a change time in the future → no wait, and no identity', async () => {
  const { open } = sourceChanged(-60_000);
  const source = await open();
  expect(source.identity).toBeNull();
  await source.release('delete');
});

test('a cancel during the wait → ends it with the reason, and the file is closed', async () => {
  const { open, handle } = sourceChanged(0);
  const cancel = new AbortController();
  const opening = open(cancel.signal);
  await expect.poll(handle, { interval: 1 }).not.toBeNull();
  const reason = new Error('cancelled');
  cancel.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(handle()?.fd).toBe(-1);
});
