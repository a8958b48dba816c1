/** Reads of a sparse file's holes need no input or output, and still leave time for everything else in the process. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256Of } from '../../sources/digest.js';
import { openFileReader } from '../../sources/file.js';
import { sparseMap } from '../../sources/sparse-extents.js';

const SIZE = 256 * 1024 * 1024;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the digest of a hole of hundreds of MiB → timers run meanwhile, so that the worker is not taken for blocked', async () => {
  const file = join(folder, 'sparse.raw');
  await writeFile(file, '');
  await truncate(file, SIZE);
  const reader = await openFileReader(file, sparseMap([]));
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  try {
    const { signal } = new AbortController();
    expect(await sha256Of(reader, signal)).toBe('a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484');
    expect(ticks).toBeGreaterThan(10);
  } finally {
    clearInterval(timer);
    await reader.close();
  }
});
