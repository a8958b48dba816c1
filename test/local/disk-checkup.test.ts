/** The rows `cache` and `schema` of `doctor`, without a database server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkCache, checkSchema } from '../../local/disk-checkup.js';

const folder = mkdtempSync(path.join(tmpdir(), 'disk-checkup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a running `up` → the cache is the folder in its data folder, unless ECS_IMPORT_CACHE_DIR names another one', async () => {
  const dataDir = path.join(folder, 'data');
  mkdirSync(path.join(dataDir, 'images'), { recursive: true });
  const set = { ECS_IMPORT_CACHE_LIMIT: '1K' };
  expect(await checkCache(set, dataDir)).toMatchObject({
    status: 'ok',
    found: expect.stringContaining(`${dataDir}/images: `),
  });
  const other = path.join(folder, 'other');
  expect(await checkCache({ ...set, ECS_IMPORT_CACHE_DIR: other }, dataDir)).toMatchObject({
    status: 'ok',
    found: expect.stringContaining(`${other} (created when it is needed): `),
  });
});

test('a limit that the worker refuses → failed, with the variable', async () => {
  const check = await checkCache({ ECS_IMPORT_CACHE_DIR: folder, ECS_IMPORT_CACHE_LIMIT: 'lots' }, null);
  expect(check).toMatchObject({ status: 'failed', fault: 'request' });
  expect(check.found).toContain('ECS_IMPORT_CACHE_LIMIT: lots is not a number of bytes');
});

test('a folder that cannot exist, because a file is in its path → failed', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const check = await checkCache({ ECS_IMPORT_CACHE_DIR: path.join(file, 'images') }, null);
  expect(check).toMatchObject({ status: 'failed', found: expect.stringContaining('cannot be written: ENOTDIR') });
});

test('no DATABASE_URL, and a database that the row PostgreSQL already reports → no verdict on the schema', async () => {
  expect(await checkSchema({})).toMatchObject({ status: 'skipped' });
  const url = `postgres://app:secret@127.0.0.1:${await closedPort()}/ecs`;
  const wrong = [
    { DATABASE_URL: url },
    { DATABASE_URL: 'not a URL' },
    { DATABASE_URL: url, DATABASE_PASSWORD_FILE: path.join(folder, 'missing') },
  ];
  for (const env of wrong) {
    expect(await checkSchema(env)).toMatchObject({ status: 'skipped', found: 'PostgreSQL cannot be asked' });
  }
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
