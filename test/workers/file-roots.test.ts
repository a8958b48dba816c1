/** Which files an import may read: only files under the roots, regardless of how the path is written. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookUp } from '../../domain/errors/index.js';
import { createFileResolver } from '../../workers/file-roots.js';

let home = '';
const at = (...names: string[]) => path.join(home, ...names);

beforeAll(() => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'roots-')));
  for (const folder of ['images', 'images/deep', 'images-of-others', 'other']) mkdirSync(at(folder));
  for (const file of ['images/disk', 'images/deep/disk', 'images/..disk', 'images-of-others/disk', 'other/secret']) {
    writeFileSync(at(file), 'bytes');
  }
  writeFileSync(at('images/empty'), '');
  symlinkSync(at('other/secret'), at('images/link-out'));
  symlinkSync(at('other'), at('images/folder-out'));
  symlinkSync(at('images/disk'), at('images/link-in'));
  symlinkSync(at('nowhere'), at('images/dangling'));
  symlinkSync(at('images'), at('link-to-root'));
  execFileSync('mkfifo', [at('images/pipe')]);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const inRoot = (file: string) => createFileResolver([at('images')])(file);

describe('with a root', () => {
  test.each(['images/disk', 'images/deep/disk', 'images/..disk', 'images/link-in', 'images/deep/../disk'])(
    '%s may be read',
    async (file) => {
      expect(await inRoot(at(file))).toMatch(/disk$/);
    },
  );

  test.each([
    'other/secret',
    'images-of-others/disk',
    'images/../other/secret',
    'images/link-out',
    'images/folder-out/secret',
  ])('%s → outside the roots', async (file) => {
    await expect(inRoot(at(file))).rejects.toMatchObject({
      failure: { code: 'Source.OutsideRoots', class: 'request' },
    });
  });

  test.each([
    ['images/none', 'NotFound'],
    ['images/dangling', 'NotFound'],
    ['images/deep', 'NotAFile'],
    ['images/pipe', 'NotAFile'],
    ['images/empty', 'Empty'],
  ])('%s → refused as Source.%s, with the remedy of the catalogue', async (file, code) => {
    const { remedy } = lookUp('own', `Source.${code}`) ?? {};
    await expect(inRoot(at(file))).rejects.toMatchObject({
      failure: { code: `Source.${code}`, class: 'request', remedy },
    });
  });

  test('that is a symbolic link → its files are allowed', async () => {
    const resolve = createFileResolver([at('link-to-root')]);
    expect(await resolve(at('link-to-root', 'disk'))).toBe(at('images/disk'));
    expect(await resolve(at('images/disk'))).toBe(at('images/disk'));
  });

  test('that is one of several → the files of each are allowed', async () => {
    const resolve = createFileResolver([at('images'), at('other')]);
    expect(await resolve(at('other/secret'))).toBe(at('other/secret'));
  });
});

test('no roots → a device is still refused', async () => {
  await expect(createFileResolver([])('/dev/zero')).rejects.toMatchObject({ failure: { code: 'Source.NotAFile' } });
  expect(await createFileResolver([])(at('other/secret'))).toBe(at('other/secret'));
});
