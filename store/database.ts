/** The connection pool, and the migrations of the schema. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { packageRoot } from './package-root.js';
import { PreparedPool } from './prepared-pool.js';
import { demandProgramVersion, lowestVersionOf, programVersion } from './program-version.js';

/**
 * All tables are in a separate schema, so that other programs can share the database. Statements name it: a connection pooler
 * in transaction mode keeps no search path.
 */
export const SCHEMA = 'ecs_image_import';

/** An arbitrary number that no other program uses for advisory locks. */
const MIGRATION_LOCK = 7_203_114_051;

/** Earlier names of renamed migrations, as older databases recorded them. */
const FORMER_NAMES: Readonly<Record<string, string>> = { '005_import_files.sql': '003_import_files.sql' };

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Maximum number of connections of this process. */
  readonly maxConnections?: number;
  /** After this time without a response, a query fails; ms. Default 30,000. */
  readonly queryTimeoutMs?: number;
  /** After this time within a transaction without a statement, the server ends it: a frozen process holds no locks. Default: none. */
  readonly idleTransactionMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
}

export function openPool(options: DatabaseOptions): pg.Pool {
  const pool = new PreparedPool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    // A query without a response must not block an activity indefinitely.
    query_timeout: options.queryTimeoutMs ?? 30_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: options.idleTransactionMs ?? 0,
    // An idle connection costs less than a new one: a server process, authentication and new plans.
    idleTimeoutMillis: 5 * 60_000,
  });
  // The pool replaces a broken idle connection at its next use. Without a listener, the error would end the process.
  pool.on('error', () => undefined);
  return pool;
}

export interface MigrateOptions {
  /** Default: the migrations of this package. */
  readonly folder?: string;
  /** Default: the version of this package. */
  readonly version?: string;
}

/**
 * Applies the missing migrations, one process at a time. Returns the names of the applied migrations. Throws `ConfigError`
 * and applies nothing if a newer program has applied a migration that excludes this version.
 */
export async function migrate(pool: pg.Pool, options: MigrateOptions = {}): Promise<readonly string[]> {
  const { folder = path.join(packageRoot(), 'store', 'migrations'), version = programVersion() } = options;
  const files = await readMigrations(folder);
  const client = await pool.connect();
  const applied: string[] = [];
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`create schema if not exists ${SCHEMA}`);
    await client.query(
      `create table if not exists ${SCHEMA}.migrations (name text primary key, applied_at timestamptz not null default now())`,
    );
    await client.query('alter table ecs_image_import.migrations add column if not exists lowest_version text');
    const done = await client.query<{ name: string; lowest_version: string | null }>(
      'select name, lowest_version from ecs_image_import.migrations order by name',
    );
    demandProgramVersion(
      done.rows.map((row) => ({ name: row.name, lowestVersion: row.lowest_version })),
      version,
    );
    const known = new Set(done.rows.map((row) => row.name));
    const isApplied = (file: string) => known.has(file) || known.has(FORMER_NAMES[file] ?? file);
    for (const { name, sql, lowestVersion } of files.filter((file) => !isApplied(file.name))) {
      await client.query('begin');
      try {
        // Migrations name tables without the schema.
        await client.query(`set local search_path to ${SCHEMA}`);
        await client.query(sql);
        await client.query('insert into ecs_image_import.migrations (name, lowest_version) values ($1, $2)', [
          name,
          lowestVersion,
        ]);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw new Error(`migration ${name} failed and was rolled back`, { cause: error });
      }
      applied.push(name);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    client.release();
  }
  return applied;
}

async function readMigrations(folder: string) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(path.join(folder, name), 'utf8');
      return { name, sql, lowestVersion: lowestVersionOf(name, sql) };
    }),
  );
}
