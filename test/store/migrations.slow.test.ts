/** Programs of different versions on one database: which may migrate it and which may still use it, on a real PostgreSQL. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../config/environment.js';
import { migrate } from '../../store/database.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
/** The migrations of this program, and of the newer program in a test. */
let folder: string;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.close());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-migrations-'));
  cpSync(path.resolve(import.meta.dirname, '../../store/migrations'), folder, { recursive: true });
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.pool.query("delete from ecs_image_import.migrations where name like '9%'");
});

function newerMigration(name: string, lowestVersion: string): void {
  writeFileSync(path.join(folder, name), `-- lowest version: ${lowestVersion}\nselect 1;\n`);
}

test('a migration that excludes older programs → an older program refuses to start and names both versions', async () => {
  newerMigration('900_new_shape.sql', '2.0.0');
  await expect(migrate(database.pool, { folder, version: '2.0.0' })).resolves.toEqual(['900_new_shape.sql']);
  const refused = await migrate(database.pool, { version: '1.9.3' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(refused).toMatchObject({
    message:
      'DATABASE_URL: the database was migrated for ecs-image-import 2.0.0 or later (migration 900_new_shape.sql), but this is version 1.9.3. Update this program, or use another database.',
  });
});

test('a migration that excludes no version → an older program that does not have it runs', async () => {
  newerMigration('901_new_index.sql', '1.0.0');
  await migrate(database.pool, { folder, version: '2.0.0' });
  await expect(migrate(database.pool, { version: '1.0.0' })).resolves.toEqual([]);
});

test('a program that refuses to start → applies none of its own migrations', async () => {
  newerMigration('902_newer.sql', '3.0.0');
  await migrate(database.pool, { folder, version: '3.0.0' });
  newerMigration('903_of_the_older.sql', '1.0.0');
  await expect(migrate(database.pool, { folder, version: '2.0.0' })).rejects.toBeInstanceOf(ConfigError);
  const { rows } = await database.pool.query("select name from ecs_image_import.migrations where name like '9%'");
  expect(rows).toEqual([{ name: '902_newer.sql' }]);
});

test('a database without recorded versions → the program runs and records them from now on', async () => {
  await database.pool.query('alter table ecs_image_import.migrations drop column lowest_version');
  newerMigration('904_next.sql', '0.1.0');
  await expect(migrate(database.pool, { folder })).resolves.toEqual(['904_next.sql']);
  const { rows } = await database.pool.query(
    "select lowest_version from ecs_image_import.migrations where name = '904_next.sql'",
  );
  expect(rows).toEqual([{ lowest_version: '0.1.0' }]);
});
