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

/** After a failover, the server of an open connection may have become a standby: a new connection reaches the primary. */
function isOfStandby(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '25006';
}
