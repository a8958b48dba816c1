/** Which files an import may read: only files under the roots, regardless of how the path is written. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FailureError } from '../../domain/errors/failure.js';
import { fail } from '../../domain/errors/index.js';
import { createFileOpener } from '../../workers/file-roots.js';

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

/** Opens a file as a worker with these roots does; returns its real path. */
const opened = async (roots: readonly string[] | undefined, file: string): Promise<string> => {
  const { path: real, close } = await createFileOpener({ roots })(file);
  await close();
  return real;
};
const inRoot = (file: string) => opened([at('images')], file);

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
  ] as const)('%s → refused as Source.%s, with the remedy of the catalogue', async (file, code) => {
    const { remedy } = fail(`Source.${code}`, '').failure;
    await expect(inRoot(at(file))).rejects.toMatchObject({
      failure: { code: `Source.${code}`, class: 'request', remedy },
    });
  });

  test('that is a symbolic link → its files are allowed', async () => {
    expect(await opened([at('link-to-root')], at('link-to-root', 'disk'))).toBe(at('images/disk'));
    expect(await opened([at('link-to-root')], at('images/disk'))).toBe(at('images/disk'));
  });

  test('that is one of several → the files of each are allowed', async () => {
    expect(await opened([at('images'), at('other')], at('other/secret'))).toBe(at('other/secret'));
  });
});

test('a folder that is replaced by a link while files are opened → never a file outside the root', async () => {
  const script = 'cd "$1"; while :; do mv deep kept; ln -s ../other deep; rm deep; mv kept deep; done';
  writeFileSync(at('images/deep/secret'), 'bytes');
  const swapping = spawn('/bin/sh', ['-c', script, 'swap', at('images')], { stdio: 'ignore' });
  const secret = statSync(at('other/secret')).ino;
  const open = createFileOpener({ roots: [at('images')] });
  let inside = 0;
  try {
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      const file = await open(at('images/deep/secret')).catch((error: unknown) => {
        expect(error).toBeInstanceOf(FailureError);
        return null;
      });
      if (file === null) continue;
      inside += 1;
      expect((await file.handle.stat()).ino).not.toBe(secret);
      await file.close();
    }
  } finally {
    swapping.kill('SIGKILL');
    await once(swapping, 'exit');
  }
  expect(inside).toBeGreaterThan(0);
});

test.each(['/dev/zero', '/proc/self/environ', '/proc/self/root/proc/1/cmdline', '/sys/kernel/mm/ksm/run'])(
  'without roots, %s → refused as an interface of the kernel',
  async (file) => {
    await expect(opened(undefined, file)).rejects.toMatchObject({ failure: { code: 'Source.NotAFile' } });
    await expect(opened(['/'], file)).rejects.toMatchObject({ failure: { code: 'Source.NotAFile' } });
  },
);

test('without roots → any other file that the process can read', async () => {
  expect(await opened(undefined, at('other/secret'))).toBe(at('other/secret'));
});

test('an empty list of roots → no file', async () => {
  const failure = { code: 'Source.OutsideRoots', message: expect.stringContaining('there are none') };
  await expect(opened([], at('images/disk'))).rejects.toMatchObject({ failure });
});

test('a root that is a file → this file only', async () => {
  expect(await opened([at('images/disk')], at('images/link-in'))).toBe(at('images/disk'));
  await expect(opened([at('images/disk')], at('images/..disk'))).rejects.toMatchObject({
    failure: { code: 'Source.OutsideRoots' },
  });
});

test('a file that does not exist outside the roots → the same refusal as for one that exists', async () => {
  for (const file of ['other/none', 'images/folder-out/none', 'images/../none', 'none/at/all']) {
    await expect(inRoot(at(file))).rejects.toMatchObject({ failure: { code: 'Source.OutsideRoots' } });
  }
});

test('the folder of the service below a root → never read, also through a link', async () => {
  const open = createFileOpener({ roots: [home], except: [at('other')] });
  for (const file of ['other/secret', 'images/link-out']) {
    await expect(open(at(file))).rejects.toMatchObject({
      failure: { code: 'Source.OutsideRoots', message: expect.stringContaining('data folder of the service') },
    });
  }
});

describe('a hard link in a root', () => {
  test('in a folder of the same owner → allowed', async () => {
    linkSync(at('images/disk'), at('images/own-link'));
    expect(await inRoot(at('images/own-link'))).toBe(at('images/own-link'));
  });

  test('in a folder that everyone writes to → refused, because anyone may have created it', async () => {
    mkdirSync(at('images/drop'));
    chmodSync(at('images/drop'), 0o1777);
    linkSync(at('other/secret'), at('images/drop/link'));
    await expect(inRoot(at('images/drop/link'))).rejects.toMatchObject({
      failure: { code: 'Source.OutsideRoots', message: expect.stringContaining('several hard links') },
    });
  });
});
