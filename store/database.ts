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
  /** After this time, the server ends a statement; ms. Default 25,000. */
  readonly queryTimeoutMs?: number;
  /** After this time, the server ends a statement that waits for a lock; ms. Default 10,000. */
  readonly lockTimeoutMs?: number;
  /** After this time within a transaction without a statement, the server ends it: a frozen process holds no locks; ms. Default 5,000. */
  readonly idleTransactionMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
}

/**
 * The server ends a statement first, so that its connection can be used again. The process gives up later, and only if the
 * server does not answer: it would open a new connection while the old one still waits.
 */
const ANSWER_WITHIN_MS = 5_000;

export function openPool(options: DatabaseOptions): pg.Pool {
  const { queryTimeoutMs = 25_000, lockTimeoutMs = 10_000, idleTransactionMs = 5_000 } = options;
  const pool = new PreparedPool(
    {
      connectionString: options.url,
      max: options.maxConnections ?? DEFAULT_CONNECTIONS,
      application_name: options.applicationName,
      connectionTimeoutMillis: 5_000,
      // A query without a response must not block an activity indefinitely.
      query_timeout: queryTimeoutMs + Math.min(queryTimeoutMs, ANSWER_WITHIN_MS),
      keepAlive: true,
      // An idle connection costs less than a new one: a server process, authentication and new plans.
      idleTimeoutMillis: 5 * 60_000,
    },
    {
      statement_timeout: String(queryTimeoutMs),
      lock_timeout: String(lockTimeoutMs),
      idle_in_transaction_session_timeout: String(idleTransactionMs),
    },
  );
  // The pool replaces a broken idle connection at its next use. Without a listener, the error would end the process.
  pool.on('error', () => undefined);
  return pool;
}
