import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../local/supervisor/lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lock-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a lock that is held → the second caller gets the identity of its holder', async () => {
  const file = path.join(folder, 'up.lock');
  const first = await takeLock(file);
  const second = await takeLock(file);
  expect(first.held).toBe(true);
  expect(second).toMatchObject({ held: false, holder: { pid: process.pid } });
});

test('a released lock → can be taken again', async () => {
  const file = path.join(folder, 'up.lock');
  const first = await takeLock(file);
  if (first.held) await first.release();
  expect((await takeLock(file)).held).toBe(true);
});

test.each([
  ['of a process that has ended', JSON.stringify({ pid: 999_999_999, startTime: 'then' })],
  ['of an earlier process with the same id', JSON.stringify({ pid: process.pid, startTime: 'then' })],
  ['with invalid content', 'invalid'],
])('a lock file %s → one of ten concurrent callers gets the lock', async (_condition, content) => {
  const file = path.join(folder, 'up.lock');
  await writeFile(file, content);
  const locks = await Promise.all(Array.from({ length: 10 }, () => takeLock(file)));
  expect(locks.filter((lock) => lock.held)).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['up.lock']);
});
