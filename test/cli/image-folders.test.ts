/** Which folders `up` and `demo` let imports read, and what `import` says before it sends a request for another file. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldersOf, imageFolders, requireReadableDisks } from '../../cli/image-folders.js';
import { workerConfigFromEnvironment } from '../../config/worker.js';
import { registerInstance } from '../../local/supervisor/instances.js';

let home = '';
const at = (...names: string[]) => path.join(home, ...names);
beforeAll(() => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'image-folders-')));
  mkdirSync(at('images:new'));
  mkdirSync(at('other'));
  for (const file of ['images:new/disk.qcow2', 'other/disk.qcow2']) writeFileSync(at(file), 'bytes');
  symlinkSync(at('other'), at('images:new/link'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('without --images', () => {
  test('→ the current folder, as the worker reads the variable', () => {
    const { variable } = imageFolders(undefined, {}, at('images:new'));
    expect(foldersOf(variable)).toEqual([at('images:new')]);
    const env = { DATABASE_URL: 'postgres://localhost/db', ECS_IMPORT_FILE_ROOTS: variable };
    expect(workerConfigFromEnvironment(env).fileRoots).toEqual([at('images:new')]);
  });

  test.each(['/', '/etc', '/etc/ssl', '/proc', '/run'])('in %s → no file, and the flag is named', (cwd) => {
    const { variable, note } = imageFolders(undefined, {}, cwd);
    expect(foldersOf(variable)).toEqual([]);
    expect(note).toContain('--images DIR');
    const env = { DATABASE_URL: 'postgres://localhost/db', ECS_IMPORT_FILE_ROOTS: variable };
    expect(workerConfigFromEnvironment(env).fileRoots).toEqual([]);
  });

  test('→ ECS_IMPORT_FILE_ROOTS decides where it is set', () => {
    expect(foldersOf(imageFolders(undefined, { ECS_IMPORT_FILE_ROOTS: '/a:/b' }, '/').variable)).toEqual(['/a', '/b']);
  });
});

test('--images → these folders, relative ones to the current folder, instead of the variable', () => {
  const env = { ECS_IMPORT_FILE_ROOTS: '/a' };
  expect(foldersOf(imageFolders(['other', at('images:new')], env, home).variable)).toEqual([
    at('other'),
    at('images:new'),
  ]);
});

test.each([
  ['none', 'it does not exist'],
  ['other/disk.qcow2', 'it is not a folder'],
])('--images %s → wrong usage: %s', (folder, reason) => {
  expect(() => imageFolders([folder], {}, home)).toThrow(reason);
});

describe('import of a file', () => {
  const API = 'http://127.0.0.1:59999';
  const env = () => ({ XDG_CACHE_HOME: at('cache') });
  const check = (source: string, api = API) => requireReadableDisks([{ source }], api, env());
  beforeAll(async () => {
    await registerInstance(env(), { dataDir: at('data'), api: API, images: [at('images:new')] });
  });

  test.each(['other/disk.qcow2', 'images:new/link/disk.qcow2', 'images:new/../other/disk.qcow2'])(
    '%s outside the folders of this up → refused before it is sent, with the command that allows it',
    async (file) => {
      await expect(check(`file://${at(file)}`)).rejects.toMatchObject({
        exitCode: 2,
        lines: [expect.stringContaining('reads files below'), expect.stringContaining(`--images ${at('other')}`)],
      });
    },
  );

  test('in a folder of the system → another folder is suggested', async () => {
    await expect(check('file:///etc/hostname')).rejects.toMatchObject({
      lines: [expect.anything(), expect.not.stringContaining('--images /etc')],
    });
  });

  test('in a folder of this up, of another up or host, or not there → sent', async () => {
    await check(`file://${at('images:new/disk.qcow2')}`);
    await check(`file://${at('other/disk.qcow2')}`, 'http://127.0.0.1:59998');
    await check(`file://worker-2${at('other/disk.qcow2')}`);
    await check(`file://${at('other/none.qcow2')}`);
    await check('https://images.example.com/disk.qcow2');
    await check('no URL');
  });
});
