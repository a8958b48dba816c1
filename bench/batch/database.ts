/** What a PostgreSQL database was asked and wrote: statements, transactions, bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Service } from '../../test/support/e2e/service.js';

export interface DatabaseUse {
  readonly statements: number;
  readonly transactions: number;
  /** Of the write-ahead log: what the disk must take. */
  readonly writtenKib: number;
  readonly sizeKib: number;
}

/** Its statements are counted from now on; the server is started anew for it. */
export async function countStatements(on: Service, url: string): Promise<void> {
  await withClient(url, (client) => client.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`));
  on.signal('postgres', 'SIGINT');
  for (let tries = 1; ; tries++) {
    await sleep(200);
    try {
      return await withClient(url, async (client) => {
        await client.query('create extension if not exists pg_stat_statements');
        await client.query('select count(*) from pg_stat_statements');
      });
    } catch (error) {
      if (tries === 100) throw error;
    }
  }
}

/** So far. Without `countStatements` before, no statements are counted. */
export function databaseUse(url: string): Promise<DatabaseUse> {
  return withClient(url, async (client) => {
    // The counters of other connections arrive a second after they fall idle.
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

export interface Costly {
  readonly text: string;
  readonly calls: number;
  readonly ms: number;
}

/** The statements that took most of the server's time. */
export function costliest(url: string, count: number): Promise<readonly Costly[]> {
  return withClient(url, async (client) => {
    const result = await client.query<{ query: string; calls: string; ms: number }>(
      `select s.query, s.calls, s.total_exec_time as ms from pg_stat_statements s join pg_database d on d.oid = s.dbid
       where d.datname = current_database() order by s.total_exec_time desc limit $1`,
      [count],
    );
    return result.rows.map((row) => ({ text: row.query.replace(/\s+/g, ' '), calls: Number(row.calls), ms: row.ms }));
  });
}

async function withClient<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // One that the server ends when it is started anew.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
