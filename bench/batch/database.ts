/** Statistics of a PostgreSQL database: statements, transactions, bytes written. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Service } from '../../test/support/e2e/service.js';

export interface DatabaseUse {
  readonly statements: number;
  readonly transactions: number;
  /** Written to the write-ahead log. */
  readonly writtenKib: number;
  readonly sizeKib: number;
}

/** Enables pg_stat_statements, which requires a restart of the server. */
export async function countStatements(on: Service, url: string): Promise<void> {
  await withClient(url, (client) => client.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`));
  on.signal('postgres', 'SIGINT');
  for (let attempt = 1; ; attempt++) {
    await sleep(200);
    try {
      return await withClient(url, async (client) => {
        await client.query('create extension if not exists pg_stat_statements');
        await client.query('select count(*) from pg_stat_statements');
      });
    } catch (error) {
      if (attempt === 100) throw error;
    }
  }
}

/** The totals since the start of the database. `statements` is 0 without `countStatements`. */
export function databaseUse(url: string): Promise<DatabaseUse> {
  return withClient(url, async (client) => {
    // PostgreSQL publishes the counters of a connection up to a second after it becomes idle.
    await sleep(1_500);
    const counted = await client.query(`select from pg_extension where extname = 'pg_stat_statements'`);
    const statements =
      counted.rowCount === 0
        ? '0'
        : `(select sum(calls) from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = current_database())`;
    const result = await client.query<Record<'statements' | 'transactions' | 'written' | 'size', string>>(
      `select ${statements} as statements, xact_commit + xact_rollback as transactions,
         pg_current_wal_lsn() - '0/0' as written, pg_database_size(datname) as size
       from pg_stat_database where datname = current_database()`,
    );
    const row = result.rows[0];
    return {
      statements: Number(row?.statements ?? 0),
      transactions: Number(row?.transactions ?? 0),
      writtenKib: Number(row?.written ?? 0) / 1024,
      sizeKib: Number(row?.size ?? 0) / 1024,
    };
  });
}

export interface StatementCost {
  readonly text: string;
  readonly calls: number;
  readonly ms: number;
}

/** The statements that were executed at least this many times, the most frequent ones first. */
export function frequentStatements(url: string, calls: number): Promise<readonly StatementCost[]> {
  return withClient(url, async (client) => {
    const result = await client.query<{ query: string; calls: string; ms: number }>(
      `select s.query, s.calls, s.total_exec_time as ms from pg_stat_statements s join pg_database d on d.oid = s.dbid
       where d.datname = current_database() and s.calls >= $1 order by s.calls desc`,
      [calls],
    );
    return result.rows.map((row) => ({ text: row.query.replace(/\s+/g, ' '), calls: Number(row.calls), ms: row.ms }));
  });
}

async function withClient<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // The restart of the server ends open connections.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
