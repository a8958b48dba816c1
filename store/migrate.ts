/**
 * Applies the migrations of the schema, one process at a time. Other processes keep running: a migration waits only briefly
 * for a lock, and again later; indexes are built concurrently. Every step can be repeated after a crash.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ConfigError } from '../config/environment.js';
import { createClient } from './client.js';
import { SCHEMA } from './database.js';
import { databaseFailure } from './database-failure.js';
import { type IndexStatement, type Migration, readMigrations } from './migration-files.js';
import { watchMigration } from './migration-watch.js';
import { packageRoot } from './package-root.js';
import { demandProgramVersion, programVersion } from './program-version.js';
import { isPooled, openSession } from './session.js';

/** An arbitrary number that no other program uses for advisory locks. */
const MIGRATION_LOCK = 7_203_114_051;

/** Earlier names of renamed migrations, as older databases recorded them. */
const FORMER_NAMES: Readonly<Record<string, string>> = { '005_import_files.sql': '003_import_files.sql' };

/** While a statement waits for a lock, other sessions that need the table wait behind it. */
const LOCK_WAIT_MS = 400;
/** Sessions that waited behind a migration proceed in this time. */
const RETRY_MS = [500, 1_000, 2_000, 5_000] as const;
const OTHER_PROCESS_EVERY_MS = 500;
const REPORT_EVERY_MS = 15_000;

/** A migrating process that is frozen or has lost its network releases the lock of the migrations after this time; s. */
const LOST_AFTER_S = 60;

/** Lock not available, statement cancelled. */
const IN_THE_WAY = ['55P03', '57014'];
const DEADLOCK = '40P01';

export interface MigrateOptions {
  /** Default: the migrations of this package. */
  readonly folder?: string;
  /** Default: the version of this package. */
  readonly version?: string;
  /** Called with one line every few seconds while a migration waits or runs. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Ends the wait for locks and for another process. A statement that runs is not interrupted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Applies the missing migrations. Returns their names. Throws `ConfigError` and applies nothing if a newer program has applied
 * a migration that excludes this version.
 * @param url of the server itself: a connection pooler in transaction mode does not keep the session
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<readonly string[]> {
  const { version = programVersion() } = options;
  const files = await filesOf(options);
  for (;;) {
    try {
      return await withSession(url, (session) => applyMissing(url, session, files, version, options));
    } catch (error) {
      // Versions before 0.2 wait for the lock with a statement, for which a concurrent index build waits. The end of the
      // session has released the lock.
      if (stateOf(error) !== DEADLOCK) throw error;
      await sleep(RETRY_MS[0], undefined, { signal: options.signal });
    }
  }
}

/** The names of the missing migrations. Throws `ConfigError` as `migrate` does. Changes nothing. */
export async function pendingMigrations(
  session: pg.ClientBase,
  options: MigrateOptions = {},
): Promise<readonly string[]> {
  const missing = await missingMigrations(session, await filesOf(options), options.version ?? programVersion());
  return missing.map(({ name }) => name);
}

function filesOf({ folder = path.join(packageRoot(), 'store', 'migrations') }: MigrateOptions) {
  return readMigrations(folder);
}

async function applyMissing(
  url: string,
  session: pg.Client,
  files: readonly Migration[],
  version: string,
  options: MigrateOptions,
): Promise<readonly string[]> {
  if ((await missingMigrations(session, files, version)).length === 0) return [];
  await lockMigrations(session, options);
  await createSchema(session);
  // Another process may have applied some of them in the meantime.
  const missing = await missingMigrations(session, files, version);
  await withSession(url, async (observer) => {
    for (const migration of missing) await apply(session, observer, migration, options);
  });
  return missing.map(({ name }) => name);
}

/** A session without time limits for statements: an index on a large table takes minutes. */
export async function withSession<Result>(url: string, body: (session: pg.Client) => Promise<Result>): Promise<Result> {
  const session = createClient(url, {
    application_name: 'ecs-image-import migrations',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  // A lost connection fails the next statement.
  session.on('error', () => undefined);
  try {
    await session.connect();
    await openSession(session, {});
    if (isPooled(session)) {
      throw new ConfigError(
        'migrations need a direct connection, but the database URL leads to a connection pooler. Set DATABASE_DIRECT_URL to the server itself, or run ecs-image-import migrate with DATABASE_MIGRATE_URL',
      );
    }
    await session.query(
      `set search_path = ${SCHEMA}; set statement_timeout = 0; set lock_timeout = ${LOCK_WAIT_MS};
       set idle_in_transaction_session_timeout = '${LOST_AFTER_S}s'; set idle_session_timeout = '${LOST_AFTER_S}s';
       set tcp_keepalives_idle = ${LOST_AFTER_S}; set tcp_keepalives_interval = 10`,
    );
    return await body(session);
  } finally {
    await session.end().catch(() => undefined);
  }
}

async function missingMigrations(
  session: pg.ClientBase,
  files: readonly Migration[],
  version: string,
): Promise<readonly Migration[]> {
  const { rows } = await session.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [
    `${SCHEMA}.migrations`,
  ]);
  if (rows[0]?.exists !== true) return files;
  // Older versions recorded no lowest version, in a table without this column.
  const done = await session.query<{ name: string; lowest_version: string | null }>(
    `select name, to_jsonb(m) ->> 'lowest_version' as lowest_version from ${SCHEMA}.migrations m order by name`,
  );
  demandProgramVersion(
    done.rows.map((row) => ({ name: row.name, lowestVersion: row.lowest_version })),
    version,
  );
  const known = new Set(done.rows.map((row) => row.name));
  return files.filter(({ name }) => !known.has(name) && !known.has(FORMER_NAMES[name] ?? name));
}

/**
 * The lock ends with the session. A waiting session must have no statement open: a concurrent index build waits for every
 * open statement, so that both would wait for each other.
 */
export async function lockMigrations(session: pg.Client, { onProgress, signal }: MigrateOptions): Promise<void> {
  let reportedAt = 0;
  for (;;) {
    const { rows } = await session.query<{ locked: boolean; holder: string | null }>(
      `select pg_try_advisory_lock($1) as locked,
         (select 'process ' || l.pid || coalesce(' from ' || host(a.client_addr), '') from pg_locks l left join pg_stat_activity a using (pid)
          where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
            and l.classid = ($1::bigint >> 32)::int::oid and l.objid::bigint = $1::bigint & 4294967295 and l.pid <> pg_backend_pid()
          limit 1) as holder`,
      [MIGRATION_LOCK],
    );
    if (rows[0]?.locked === true) return;
    if (Date.now() - reportedAt >= REPORT_EVERY_MS) {
      reportedAt = Date.now();
      onProgress?.(`waits for another process that migrates the database (${rows[0]?.holder ?? 'it has just ended'})`);
    }
    await sleep(OTHER_PROCESS_EVERY_MS, undefined, { signal });
  }
}

/** A user without the right to create a schema can use an existing one. */
async function createSchema(session: pg.Client): Promise<void> {
  const { rows } = await session.query<{ schema: boolean; migrations: boolean; version: boolean }>(
    `select to_regnamespace($1) is not null as schema, to_regclass($2) is not null as migrations,
       exists (select from pg_attribute where attrelid = to_regclass($2) and attname = 'lowest_version') as version`,
    [SCHEMA, `${SCHEMA}.migrations`],
  );
  const [has] = rows;
  if (has?.schema !== true) await session.query(`create schema if not exists ${SCHEMA}`);
  if (has?.migrations !== true) {
    await session.query(
      `create table ${SCHEMA}.migrations (name text primary key, applied_at timestamptz not null default now(), lowest_version text)`,
    );
  } else if (has.version !== true)
    await session.query(`alter table ${SCHEMA}.migrations add column lowest_version text`);
}

async function apply(
  session: pg.Client,
  observer: pg.Client,
  migration: Migration,
  options: MigrateOptions,
): Promise<void> {
  const { name, lowestVersion, steps } = migration;
  const isApplied = `insert into ${SCHEMA}.migrations (name, lowest_version) values (${pg.escapeLiteral(name)}, ${pg.escapeLiteral(lowestVersion)})`;
  const run = (sql: string, reset?: () => Promise<unknown>) =>
    runBriefly(session, observer, { name, sql, ...(reset === undefined ? {} : { reset }) }, options);
  if (steps.kind === 'transaction') {
    // One message: the server runs it as one transaction, and no lock waits for this process between two statements.
    return await run(`${steps.sql.trimEnd().replace(/;$/, '')};\n${isApplied}`);
  }
  await session.query('set lock_timeout = 0');
  for (const statement of steps.statements) {
    const dropInvalid = () => dropInvalidIndex(session, statement);
    await run(statement.sql, statement.change === 'create' ? dropInvalid : undefined);
  }
  await session.query(`set lock_timeout = ${LOCK_WAIT_MS}`);
  await run(isApplied);
}

interface Step {
  readonly name: string;
  readonly sql: string;
  /** Removes what an interrupted attempt has left; called before each attempt, and after one that failed. */
  readonly reset?: () => Promise<unknown>;
}

/** Repeats the statements until no lock is in the way. */
async function runBriefly(
  session: pg.Client,
  observer: pg.Client,
  { name, sql, reset }: Step,
  { onProgress, signal }: MigrateOptions,
): Promise<void> {
  let reportedAt = 0;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const watch = watchMigration(observer, await backendOf(session), (line) =>
      onProgress?.(`migration ${name}: ${line}`),
    );
    try {
      await reset?.();
      await session.query(sql);
      return;
    } catch (error) {
      if (!IN_THE_WAY.includes(stateOf(error))) {
        await reset?.().catch(() => undefined);
        const isRefused =
          error instanceof pg.DatabaseError && databaseFailure(error)?.failure.code !== 'Database.Unavailable';
        throw isRefused ? new Error(`migration ${name} failed and was rolled back`, { cause: error }) : error;
      }
      if (Date.now() - reportedAt >= REPORT_EVERY_MS) {
        reportedAt = Date.now();
        onProgress?.(`migration ${name}: ${reasonToRepeat(watch.waitsFor(), watch.hasCancelled())}`);
      }
    } finally {
      await watch.stop();
    }
    await sleep(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], undefined, { signal });
  }
}

/** The SQLSTATE; empty for an error of another kind. */
function stateOf(error: unknown): string {
  return error instanceof pg.DatabaseError ? (error.code ?? '') : '';
}

function reasonToRepeat(waitsFor: string | null, isCancelled: boolean): string {
  if (waitsFor !== null) return `waits for a lock of ${waitsFor}, and tries again`;
  if (isCancelled) return 'other sessions would wait for it for longer than a second; it tries again';
  return 'a lock was not available; it tries again';
}

async function backendOf(session: pg.Client): Promise<number> {
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/** An interrupted concurrent build leaves an index that is not used by queries but slows down every write. */
async function dropInvalidIndex(session: pg.Client, { index }: IndexStatement): Promise<void> {
  const { rowCount } = await session.query(
    'select from pg_index where indexrelid = to_regclass($1) and not indisvalid',
    [`${SCHEMA}.${index}`],
  );
  if (rowCount !== 0) await session.query(`drop index concurrently if exists ${SCHEMA}.${index}`);
}
