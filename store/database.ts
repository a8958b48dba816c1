/** The connection pool. */
import type pg from 'pg';
import { DEFAULT_CONNECTIONS } from '../config/database.js';
import { PreparedPool } from './prepared-pool.js';

/**
 * All tables are in a separate schema, so that other programs can share the database. Statements name it: a connection pooler
 * in transaction mode keeps no search path.
 */
export const SCHEMA = 'ecs_image_import';

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
  const { queryTimeoutMs = 30_000, idleTransactionMs = 0 } = options;
  const pool = new PreparedPool(
    {
      connectionString: options.url,
      max: options.maxConnections ?? DEFAULT_CONNECTIONS,
      application_name: options.applicationName,
      connectionTimeoutMillis: 5_000,
      // A query without a response must not block an activity indefinitely.
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      // An idle connection costs less than a new one: a server process, authentication and new plans.
      idleTimeoutMillis: 5 * 60_000,
    },
    {
      statement_timeout: String(queryTimeoutMs),
      idle_in_transaction_session_timeout: String(idleTransactionMs),
    },
  );
  // The pool replaces a broken idle connection at its next use. Without a listener, the error would end the process.
  pool.on('error', () => undefined);
  return pool;
}
