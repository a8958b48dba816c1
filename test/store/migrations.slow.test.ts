/** Programs of different versions on one database: which may migrate it and which may still use it, on a real PostgreSQL. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../config/environment.js';
import { migrate } from '../../store/migrate.js';
import { readMigrations } from '../../store/migration-files.js';
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
  await database.pool.query('drop table if exists ecs_image_import.many, ecs_image_import.others');
});

function newerMigration(name: string, lowestVersion: string): void {
  writeFileSync(path.join(folder, name), `-- lowest version: ${lowestVersion}\nselect 1;\n`);
}

test('a migration that excludes older programs → an older program refuses to start and names both versions', async () => {
  newerMigration('900_new_shape.sql', '2.0.0');
  await expect(migrate(database.url, { folder, version: '2.0.0' })).resolves.toEqual(['900_new_shape.sql']);
  const refused = await migrate(database.url, { version: '1.9.3' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(refused).toMatchObject({
    message:
      'DATABASE_URL: the database was migrated for ecs-image-import 2.0.0 or later (migration 900_new_shape.sql), but this is version 1.9.3. Update this program, or use another database.',
  });
});

test('a migration that excludes no version → an older program that does not have it runs', async () => {
  newerMigration('901_new_index.sql', '1.0.0');
  await migrate(database.url, { folder, version: '2.0.0' });
  await expect(migrate(database.url, { version: '1.0.0' })).resolves.toEqual([]);
});

test('a program that refuses to start → applies none of its own migrations', async () => {
  newerMigration('902_newer.sql', '3.0.0');
  await migrate(database.url, { folder, version: '3.0.0' });
  newerMigration('903_of_the_older.sql', '1.0.0');
  await expect(migrate(database.url, { folder, version: '2.0.0' })).rejects.toBeInstanceOf(ConfigError);
  const { rows } = await database.pool.query("select name from ecs_image_import.migrations where name like '9%'");
  expect(rows).toEqual([{ name: '902_newer.sql' }]);
});

test('a database without recorded versions → the program runs and records them from now on', async () => {
  await database.pool.query('alter table ecs_image_import.migrations drop column lowest_version');
  newerMigration('904_next.sql', '0.1.0');
  await expect(migrate(database.url, { folder })).resolves.toEqual(['904_next.sql']);
  const { rows } = await database.pool.query(
    "select lowest_version from ecs_image_import.migrations where name = '904_next.sql'",
  );
  expect(rows).toEqual([{ lowest_version: '0.1.0' }]);
});

describe('while other processes use the database', () => {
  const ADD_INDEX = 'create index concurrently if not exists many_by_value on many (value);';

  beforeEach(async () => {
    await database.pool.query(
      'create table ecs_image_import.many as select n as id, n % 100 as value from generate_series(1, 1000) n',
    );
    await database.pool.query('create table ecs_image_import.others (id int)');
  });

  function migrationOf(name: string, sql: string, isOutside = false): void {
    writeFileSync(
      path.join(folder, name),
      `-- lowest version: 0.1.0\n${isOutside ? '-- outside a transaction\n' : ''}-- A comment; with a semicolon.\n\n${sql}\n`,
    );
  }

  /** Also called after a failed test: an open transaction would block the next ones, and the end of the pool. */
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end().catch(() => undefined);
  });

  /** Opens a transaction that keeps its locks until the returned function is called. */
  async function holding(sql: string): Promise<() => Promise<void>> {
    const client = await database.pool.connect();
    await client.query('begin; set local idle_in_transaction_session_timeout = 0');
    await client.query(sql);
    let ended: Promise<void> | null = null;
    const end = async () => {
      await client.query('commit').finally(() => client.release());
    };
    const endOnce = () => {
      ended ??= end();
      return ended;
    };
    ends.push(endOnce);
    return endOnce;
  }

  /** Reads and writes a table every 20 ms. The returned function rejects if a statement has waited for a lock for a second. */
  function using(table: string): () => Promise<void> {
    let stopped = false;
    const running = (async () => {
      const client = await database.pool.connect();
      try {
        await client.query('set lock_timeout = 1000');
        while (!stopped) {
          await client.query(`with read as (select count(*) from ${table}) insert into ${table} select 1 from read`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      } finally {
        client.release(true);
      }
    })();
    running.catch(() => undefined);
    const end = async () => {
      stopped = true;
      await running;
    };
    ends.push(end);
    return end;
  }

  const rowsOf = async <Row extends pg.QueryResultRow>(sql: string) => (await database.pool.query<Row>(sql)).rows;
  const indexStates = () =>
    rowsOf(`select indisvalid as valid from pg_index where indexrelid = to_regclass('ecs_image_import.many_by_value')`);
  const building = () =>
    vi.waitFor(
      async () => {
        const rows = await rowsOf<{ pid: number }>('select pid from pg_stat_progress_create_index');
        expect(rows).toHaveLength(1);
        return rows[0]?.pid ?? 0;
      },
      { timeout: 10_000 },
    );

  test('a table is locked for seconds → the migration waits briefly and often, no other statement waits for a second', async () => {
    migrationOf('910_column.sql', 'alter table many add column more int;');
    const release = await holding('select count(*) from ecs_image_import.many');
    const stop = using('ecs_image_import.many');
    const lines: string[] = [];
    const migrating = migrate(database.url, { folder, onProgress: (line) => lines.push(line) });
    await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await release();
    await expect(migrating).resolves.toEqual(['910_column.sql']);
    await stop();
    expect(lines[0]).toMatch(
      /^migration 910_column\.sql: waits for a lock of process \d+ of PostgreSQL \(test, idle in transaction, transaction open for \d+ s\), and tries again$/,
    );
  });

  test('a migration has one table and waits for others → it releases the first before another statement waits for a second', async () => {
    const more = Array.from({ length: 5 }, (_, n) => `alter table others add column if not exists more_${n} int;`);
    migrationOf('911_tables.sql', `alter table many add column more int;\nselect pg_sleep(0.3);\n${more.join('\n')}`);
    const release = await holding('select count(*) from ecs_image_import.others');
    const stop = using('ecs_image_import.many');
    const migrating = migrate(database.url, { folder });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await release();
    await expect(migrating).resolves.toEqual(['911_tables.sql']);
    await stop();
  });

  test('a migration itself works for seconds under a lock → it is cancelled while others wait, and applied when none does', async () => {
    migrationOf('912_slow.sql', 'alter table many add column more int;\nselect pg_sleep(1.5);');
    const lines: string[] = [];
    const stop = using('ecs_image_import.many');
    const migrating = migrate(database.url, { folder, onProgress: (line) => lines.push(line) });
    await vi.waitFor(
      () =>
        expect(lines).toEqual([
          'migration 912_slow.sql: other sessions would wait for it for longer than a second; it tries again',
        ]),
      { timeout: 5_000 },
    );
    await stop();
    await expect(migrating).resolves.toEqual(['912_slow.sql']);
  });

  test('an index is built while transactions are open → writes go on, progress is reported, and the index is valid', async () => {
    migrationOf('913_index.sql', ADD_INDEX, true);
    const release = await holding('insert into ecs_image_import.many values (0, 0)');
    const stop = using('ecs_image_import.many');
    const lines: string[] = [];
    const migrating = migrate(database.url, { folder, onProgress: (line) => lines.push(line) });
    await vi.waitFor(() => expect(lines[0]).toMatch(/^migration 913_index\.sql: waiting for writers before build/), {
      timeout: 15_000,
    });
    await release();
    await expect(migrating).resolves.toEqual(['913_index.sql']);
    await stop();
    expect(await indexStates()).toEqual([{ valid: true }]);
  });

  test('the connection of a concurrent build is terminated → the next start removes the invalid index and builds it again', async () => {
    migrationOf('914_index.sql', ADD_INDEX, true);
    const release = await holding('insert into ecs_image_import.many values (0, 0)');
    const killed = migrate(database.url, { folder }).catch((error: unknown) => error);
    const pid = await building();
    await database.pool.query('select pg_terminate_backend($1)', [pid]);
    expect(await killed).toMatchObject({ code: '57P01' });
    expect(await indexStates()).toEqual([{ valid: false }]);
    await release();
    await expect(migrate(database.url, { folder })).resolves.toEqual(['914_index.sql']);
    expect(await indexStates()).toEqual([{ valid: true }]);
  });

  test('a process is killed during a concurrent build → the next one waits for the server to finish it, and records it', async () => {
    migrationOf('915_index.sql', ADD_INDEX, true);
    const release = await holding('insert into ecs_image_import.many values (0, 0)');
    const proxy = await relay(new URL(database.url));
    const killed = migrate(proxy.url, { folder }).catch((error: unknown) => error);
    const pid = await building();
    proxy.close();
    expect(await killed).toBeInstanceOf(Error);
    const lines: string[] = [];
    const next = migrate(database.url, { folder, onProgress: (line) => lines.push(line) });
    await vi.waitFor(() =>
      expect(lines).toEqual([`waits for another process that migrates the database (process ${pid} from 127.0.0.1)`]),
    );
    await release();
    await expect(next).resolves.toEqual(['915_index.sql']);
    expect(await indexStates()).toEqual([{ valid: true }]);
  });

  test('three processes migrate at the same time → one of them applies each migration, also a concurrent build', async () => {
    migrationOf('916_column.sql', 'alter table many add column more int;');
    migrationOf('917_index.sql', ADD_INDEX, true);
    const applied = await Promise.all([1, 2, 3].map(() => migrate(database.url, { folder })));
    expect(applied.flat()).toEqual(['916_column.sql', '917_index.sql']);
    expect(await indexStates()).toEqual([{ valid: true }]);
  });

  test('a process of an earlier version waits for the lock of the migrations → the build ends all the same', async () => {
    migrationOf('918_index.sql', ADD_INDEX, true);
    const release = await holding('insert into ecs_image_import.many values (0, 0)');
    const migrating = migrate(database.url, { folder });
    await building();
    const earlier = database.pool.query('select pg_advisory_lock(7203114051), pg_advisory_unlock(7203114051)');
    // The server checks for a deadlock a second after a wait has begun: it finds this one only when the build waits.
    await vi.waitFor(
      async () =>
        expect(
          await rowsOf(
            `select from pg_locks where locktype = 'advisory' and not granted and waitstart < now() - interval '1.2 s'`,
          ),
        ).toHaveLength(1),
      { timeout: 5_000 },
    );
    await release();
    await expect(migrating).resolves.toEqual(['918_index.sql']);
    await earlier;
    expect(await indexStates()).toEqual([{ valid: true }]);
  });

  test('a unique index that existing rows contradict → refused with the reason, and no index remains', async () => {
    migrationOf('919_unique.sql', ADD_INDEX.replace('create index', 'create unique index'), true);
    await expect(migrate(database.url, { folder })).rejects.toMatchObject({
      message: 'migration 919_unique.sql failed and was rolled back',
      cause: { code: '23505' },
    });
    expect(await indexStates()).toEqual([]);
  });

  test.each([
    ['create index concurrently a on b (c);', true, 'must begin with "create index concurrently if not exists"'],
    ['update imports set id = id;', true, 'must begin with "create index concurrently if not exists"'],
    [ADD_INDEX, false, 'its second line must be "-- outside a transaction"'],
  ])('%s outside a transaction: %s → refused before anything is applied', async (sql, isOutside, reason) => {
    migrationOf('920_wrong.sql', sql, isOutside);
    await expect(readMigrations(folder)).rejects.toThrow(reason);
  });
});

/** Connections to the database that end for the client alone, as when its process is killed. */
async function relay(to: URL) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect({ host: to.hostname, port: Number(to.port) });
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    sockets.add(client).add(upstream);
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const url = new URL(to);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
