/** The first command works wherever Node.js runs. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheDir } from '../../local/supervisor/folders.js';
import { findTemporal } from '../../local/temporal/binary.js';

const execute = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const MAIN = ['dist', 'cli', 'main.js'];

let folder: string;
let binFolder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "any env's ü ✓ "));
  // The Temporal server on a PATH that every user can read.
  const binary = await findTemporal({
    env: process.env,
    cacheDir: cacheDir(process.env),
    say: () => undefined,
    signal: AbortSignal.timeout(600_000),
  });
  const bin = await mkdtemp('/var/tmp/any-env-bin-');
  await execute('cp', [binary, bin]);
  await execute('chmod', ['-R', 'a+rX', bin]);
  binFolder = bin;
});
afterEach(async () => {
  for (const name of [folder, binFolder]) await rm(name, { recursive: true, force: true });
});

/** Only these variables: no HOME, no TMPDIR. */
function demo(main: string, wrapper: readonly string[] = [], variables: NodeJS.ProcessEnv = {}) {
  const command = [...wrapper, 'sh', '-c', 'umask 077; exec "$@"', 'sh', process.execPath, main, 'demo', '--json'];
  const [file = '', ...args] = command;
  return execute(file, args, {
    cwd: '/',
    env: { PATH: `${binFolder}:${process.env.PATH}`, ...variables },
    timeout: 110_000,
  });
}

const isRoot = process.getuid?.() === 0;

if (isRoot)
  test('root, checkout and data in a folder of mode 0700, umask 077, HOME unset → demo succeeds', async () => {
    await chmod(folder, 0o700);
    const checkout = path.join(folder, 'checkout');
    await mkdir(path.join(checkout, 'store'), { recursive: true });
    for (const name of ['dist', 'package.json', 'assets', 'store/migrations', 'node_modules']) {
      // -L: node_modules may be a link.
      await execute('cp', ['-rL', path.join(ROOT, name), path.join(checkout, name)]);
    }
    await execute('chmod', ['-R', 'go-rwx', checkout]);
    const temporary = path.join(folder, 'tmp');
    await mkdir(temporary, { mode: 0o700 });
    const { stdout } = await demo(path.join(checkout, ...MAIN), [], { TMPDIR: temporary });
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded' });
    expect((await stat('/var/cache/ecs-image-import')).mode & 0o022).toBe(0);
  });

if (isRoot)
  test.each([
    ['nobody, HOME does not exist', 65_534, '/nonexistent'],
    ['a user id without a name, HOME unset', 54_321, ''],
  ])('%s → demo succeeds', async (_condition, uid, home) => {
    const wrapper = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    try {
      const { stdout } = await demo(path.join(ROOT, ...MAIN), wrapper, home === '' ? {} : { HOME: home });
      expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded' });
    } finally {
      for (const name of [`/var/tmp/ecs-image-import-${uid}`, `/var/tmp/ecs-image-import-programs-${uid}`]) {
        await rm(name, { recursive: true, force: true });
      }
    }
  });

if (!isRoot)
  test('HOME unset, umask 077 → demo succeeds', async () => {
    const { stdout } = await demo(path.join(ROOT, ...MAIN));
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded' });
  });
