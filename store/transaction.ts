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
  let broken: Error | undefined;
  // A connection may end between two statements. The next statement then fails; without a listener, the process would end.
  const onEnd = (error: Error) => {
    broken = error;
  };
  client.on('error', onEnd);
  try {
    await client.query(beginOf(client));
    const result = await body(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failed: Error) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.off('error', onEnd);
    client.release(broken);
  }
}
