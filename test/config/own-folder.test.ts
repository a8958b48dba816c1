import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openOwnFolder } from '../../config/own-folder.js';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'own-folder-test-'));
  folder = path.join(parent, 'mine');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('no folder, umask 077 → made with the mode asked for', () => {
  const before = process.umask(0o077);
  try {
    openOwnFolder(folder, 0o755);
  } finally {
    process.umask(before);
  }
  expect(statSync(folder).mode & 0o777).toBe(0o755);
  openOwnFolder(folder, 0o755);
});

test('a symbolic link in its place → rejected', () => {
  mkdirSync(path.join(parent, 'elsewhere'));
  symlinkSync('elsewhere', folder);
  expect(() => openOwnFolder(folder, 0o755)).toThrow('it is not a folder');
});

test('a folder that others can write to → rejected', () => {
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  expect(() => openOwnFolder(folder, 0o755)).toThrow('other users can write to it');
});

test('a parent in which others can replace entries → rejected; with the sticky bit → accepted', () => {
  chmodSync(parent, 0o777);
  expect(() => openOwnFolder(folder, 0o755)).toThrow('other users can replace entries');
  chmodSync(parent, 0o1777);
  openOwnFolder(folder, 0o755);
});

test.runIf(process.getuid?.() === 0)('a folder of another user → rejected', async () => {
  mkdirSync(folder, { mode: 0o755 });
  const { chownSync } = await import('node:fs');
  chownSync(folder, 65_534, 65_534);
  expect(() => openOwnFolder(folder, 0o755)).toThrow('it belongs to another user');
});
