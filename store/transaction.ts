/** Runs several statements in one transaction. */
import type pg from 'pg';
import { withFreshPlans } from './fresh-plans.js';
import { beginOf } from './session.js';

export function transaction<Result>(pool: pg.Pool, body: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  return withFreshPlans(() => runTransaction(pool, body));
}

/** As `transaction`, without the repetition. */
export async function runTransaction<Result>(
  pool: pg.Pool,
  body: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: unknown;
  try {
    await client.query(beginOf(client));
    const result = await body(client);
    await client.query('commit');
    return result;
  } catch (error) {
    if (isOfStandby(error)) broken = error;
    await client.query('rollback').catch((failed: unknown) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.release(broken !== undefined);
  }
}

const STATEMENT_EVERY_MS = 500;

/** Runs work outside the database within a transaction, which the server ends after a few seconds without a statement. */
export async function keepOpen(client: pg.PoolClient, work: () => Promise<void>): Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // A lost connection fails the next statement of the transaction.
    last = last.then(() => client.query('select')).catch(() => undefined);
  }, STATEMENT_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
    await last;
  }
}

/** After a failover, the server of an open connection may have become a standby: a new connection reaches the primary. */
function isOfStandby(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '25006';
}
