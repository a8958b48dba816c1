/** The key file of the local user: there before the API serves, readable by its user only, never another user's choice. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureApiToken, readPrivate } from '../../config/api-token.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-token-'));
  file = path.join(folder, 'api-token');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const content = () => readFileSync(file, 'utf8').trim();
const mode = () => statSync(file).mode & 0o777;

test('no file → a new key that only this user can read; the next start keeps it', () => {
  const key = ensureApiToken(file, null);
  expect(key).toMatch(/^eii_local_[\w-]{43}$/);
  expect([content(), mode()]).toEqual([key, 0o600]);
  expect(ensureApiToken(file, null)).toBe(key);
});

test('ECS_IMPORT_API_TOKEN → the file has its value; without it, the file gets a key of its own again', () => {
  const before = ensureApiToken(file, null);
  expect(ensureApiToken(file, 'given by the operator')).toBe('given by the operator');
  expect([content(), mode()]).toEqual(['given by the operator', 0o600]);
  const after = ensureApiToken(file, null);
  expect([after === before, content()]).toEqual([false, after]);
});

test.each([0o644, 0o640, 0o602])(
  'a key in a file with mode %o → replaced: others may have read or written it',
  (open) => {
    const key = ensureApiToken(file, null);
    chmodSync(file, open);
    expect(readPrivate(file)).toBeNull();
    expect(ensureApiToken(file, null)).not.toBe(key);
    expect(mode()).toBe(0o600);
  },
);

test('a link in place of the file → replaced, and its target is neither read nor changed', () => {
  const target = path.join(folder, 'target');
  writeFileSync(target, 'planted', { mode: 0o600 });
  symlinkSync(target, file);
  expect(readPrivate(file)).toBeNull();
  expect(ensureApiToken(file, null)).toBe(content());
  expect(readFileSync(target, 'utf8')).toBe('planted');
});

test.each(['', 'short', `eii_local_${'x'.repeat(42)}`, 'x'.repeat(5_000)])('a damaged key (%#) → replaced', (text) => {
  writeFileSync(file, text, { mode: 0o600 });
  expect(ensureApiToken(file, null)).toMatch(/^eii_local_[\w-]{43}$/);
});

test('a folder that cannot be written → an error that names the file', () => {
  expect(() => ensureApiToken(path.join(folder, 'none', 'api-token'), null)).toThrow(
    /can't write the API key to .*none.*: its folder does not exist\. Create the folder/,
  );
});
