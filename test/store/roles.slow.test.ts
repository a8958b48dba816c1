/** A role that owns the tables and a role that only reads and writes them, on a real PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkSchema } from '../../local/disk-checkup.js';
import { openIntake } from '../../store/batch-intake.js';
import { openPool } from '../../store/database.js';
import { createImportStore } from '../../store/imports.js';
import { migrateForRole } from '../../store/migrate-for-role.js';
import { openSchema } from '../../store/open-schema.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../store/migrations');

let cluster: TestDatabase;
let count = 0;
/** An empty database in which `owner` may create a schema. */
let owner: string;
let runtime: string;
let folder: string;

beforeAll(async () => {
  cluster = await startTestDatabase();
  await cluster.pool.query(`create role owner login password 'owner'; create role "app-1" login password 'app'`);
});
afterAll(async () => {
  for (let n = 1; n <= count; n++) await cluster?.pool.query(`drop database db${n} with (force)`);
  await cluster?.pool.query('drop role owner, "app-1"');
  await cluster?.close();
});
beforeEach(async () => {
  const name = `db${++count}`;
  await cluster.pool.query(`create database ${name}`);
  await cluster.pool.query(`grant create on database ${name} to owner`);
  owner = urlOf(name, 'owner', 'owner');
  runtime = urlOf(name, 'app-1', 'app');
  folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-migrations-'));
  cpSync(MIGRATIONS, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function urlOf(database: string, user: string, password: string): string {
  const url = new URL(cluster.url);
  return Object.assign(url, { pathname: `/${database}`, username: user, password }).href;
}

const migrateAsOwner = (runtimeRoles: readonly string[] = ['app-1']) =>
  migrateForRole({ url: owner, variable: 'DATABASE_MIGRATE_URL', runtimeRoles, folder });
const start = (url = runtime) => openSchema({ databaseUrl: url }, { folder });

async function asOwner(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: owner });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

test('an empty database → the schema check of doctor names the first migration; after migrate → ok for the role of the processes', async () => {
  expect(await checkSchema({ DATABASE_URL: runtime })).toMatchObject({
    status: 'failed',
    found: expect.stringMatching(/^the database does not have 001_imports\.sql and \d+ other migrations/),
  });
  await migrateAsOwner();
  expect(await checkSchema({ DATABASE_URL: runtime })).toMatchObject({
    status: 'ok',
    found: 'has all migrations of this version',
  });
});

test('the owner migrates for a runtime role → that role starts, runs an import and takes in a batch, and may change no table', async () => {
  await migrateAsOwner();
  await start();
  const pool = openPool({ url: runtime, applicationName: 'test' });
  try {
    const store = createImportStore(pool);
    const step = { importId: 'imp-1', version: 1, phase: 'accepted' } as const;
    await store.accept(step, REQUEST, 'files');
    await store.finish({ ...step, version: 2 }, 'succeeded', null);
    expect(await store.get('imp-1')).toMatchObject({ state: 'succeeded' });
    await openIntake(pool);
    for (const refused of [
      'create table ecs_image_import.other (id int)',
      'drop table ecs_image_import.imports',
      'truncate ecs_image_import.events',
      `insert into ecs_image_import.migrations (name) values ('${randomBytes(4).toString('hex')}')`,
    ]) {
      await expect(pool.query(refused)).rejects.toMatchObject({ code: '42501' });
    }
  } finally {
    await pool.end();
  }
});

test('a later migration adds a table → the running role may use it without another grant', async () => {
  await migrateAsOwner();
  writeFileSync(path.join(folder, '900_more.sql'), '-- lowest version: 0.1.0\n\ncreate table more (id int);\n');
  expect(await migrateAsOwner([])).toMatchObject({ applied: ['900_more.sql'] });
  await start();
  const pool = openPool({ url: runtime, applicationName: 'test' });
  await pool.query('insert into ecs_image_import.more values ($1)', [1]);
  await pool.end();
});

test('new functions are not public in the database → the runtime role may call those of the schema, also of later migrations', async () => {
  await asOwner('alter default privileges revoke execute on functions from public');
  await migrateAsOwner();
  const later = '-- lowest version: 0.1.0\n\ncreate function more() returns int language sql as $$ select 1 $$;\n';
  writeFileSync(path.join(folder, '900_more.sql'), later);
  await migrateAsOwner([]);
  await start();
  const pool = openPool({ url: runtime, applicationName: 'test' });
  try {
    const store = createImportStore(pool);
    const step = { importId: 'imp-1', version: 1, phase: 'accepted' } as const;
    await store.accept(step, REQUEST, 'files');
    expect(await store.finish({ ...step, version: 2 }, 'succeeded', null)).not.toBeNull();
    await pool.query('select ecs_image_import.more()');
  } finally {
    await pool.end();
  }
});

test.each([
  [
    'a right is missing on two tables',
    'revoke update, delete on ecs_image_import.imports from "app-1"; revoke insert on ecs_image_import.events from "app-1"',
    'DATABASE_URL: role app-1 does not have INSERT on ecs_image_import.events and UPDATE, DELETE on ecs_image_import.imports. Run as owner: GRANT INSERT ON ecs_image_import.events TO "app-1"; GRANT UPDATE, DELETE ON ecs_image_import.imports TO "app-1"; Or run ecs-image-import migrate --runtime-role app-1 with the URL of owner in DATABASE_MIGRATE_URL.',
  ],
  [
    'the functions may not be called',
    'revoke execute on all functions in schema ecs_image_import from public, "app-1"',
    'DATABASE_URL: role app-1 does not have EXECUTE on the functions of schema ecs_image_import. Run as owner: GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ecs_image_import TO "app-1"; Or run ecs-image-import migrate --runtime-role app-1 with the URL of owner in DATABASE_MIGRATE_URL.',
  ],
  [
    'the schema may not be used',
    'revoke usage on schema ecs_image_import from "app-1"',
    /does not have USAGE on schema ecs_image_import\. Run as owner: GRANT USAGE ON SCHEMA ecs_image_import TO "app-1";/,
  ],
  [
    'rights are missing on all tables',
    'revoke all on all tables in schema ecs_image_import from "app-1"',
    /other tables\. Run as owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ecs_image_import TO "app-1";/,
  ],
])('%s → the start fails with the right and the GRANT', async (_what, sql, message) => {
  await migrateAsOwner();
  await asOwner(sql);
  await expect(start()).rejects.toMatchObject({
    name: 'ConfigError',
    message: message instanceof RegExp ? expect.stringMatching(message) : message,
  });
});

test('the schema is too old for a runtime role → the start fails with the command to run', async () => {
  await migrateAsOwner();
  writeFileSync(path.join(folder, '901_more.sql'), '-- lowest version: 0.1.0\n\ncreate table more (id int);\n');
  await expect(start()).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(
      /needs 901_more\.sql, which the database does not have, and role app-1 may not create tables\. Run this version's ecs-image-import migrate --runtime-role app-1/,
    ),
  });
});

test('the schema is too new for a runtime role → the start fails with the version to install', async () => {
  writeFileSync(path.join(folder, '902_new.sql'), '-- lowest version: 9.0.0\n\ncreate table more (id int);\n');
  await migrateForRole({
    url: owner,
    variable: 'DATABASE_MIGRATE_URL',
    runtimeRoles: ['app-1'],
    folder,
    version: '9.0.0',
  });
  await expect(openSchema({ databaseUrl: runtime })).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/migrated for ecs-image-import 9\.0\.0 or later .* Update this program/),
  });
});

test('there is no schema → a runtime role names the command, a role that may create it does', async () => {
  await expect(start()).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(
      /there is no schema ecs_image_import yet, .*ecs-image-import migrate --runtime-role app-1/,
    ),
  });
  await start(owner);
  await start(owner);
});

test.each([
  [
    'the runtime role does not exist',
    () => migrateAsOwner(['nobody-1']),
    'role nobody-1 does not exist. Create it with a role that may: CREATE ROLE "nobody-1" LOGIN PASSWORD \'…\';',
  ],
  [
    'the tables belong to another role',
    async () => {
      await migrateAsOwner();
      return await migrateForRole({ url: runtime, variable: 'DATABASE_URL', runtimeRoles: [] });
    },
    'DATABASE_URL: the schema ecs_image_import belongs to role owner, and role app-1 may not change its tables. Set DATABASE_URL to a URL of owner, or run as a superuser: GRANT "owner" TO "app-1";',
  ],
  [
    'the role may not create the schema',
    () => migrateForRole({ url: runtime, variable: 'DATABASE_MIGRATE_URL', runtimeRoles: [] }),
    expect.stringMatching(/may not create the schema .*GRANT CREATE ON DATABASE "db\d+" TO "app-1";$/),
  ],
])('migrate: %s → fails with the statement to run', async (_what, run, message) => {
  await expect(run()).rejects.toMatchObject({ name: 'ConfigError', message });
});
