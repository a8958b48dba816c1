/** Rate budgets of cloud calls, shared by all workers and timed by the database's clock. */
import type pg from 'pg';
import {
  type BudgetKey,
  FRESH_BUDGET,
  type Grant,
  type LocalGrant,
  lease,
  type RateBudget,
  type RateBudgetStore,
  refused,
} from '../domain/rate-budget.js';
import { transaction } from './transaction.js';

interface BudgetRow {
  readonly budget: RateBudget;
  readonly now_ms: number;
}

export function createRateBudgetStore(pool: pg.Pool): RateBudgetStore {
  function change<T>(key: BudgetKey, step: (before: RateBudget, nowMs: number) => [RateBudget, T]): Promise<T> {
    const at = [key.accountId, key.service, key.region, key.action];
    return transaction(pool, async (client) => {
      let row = await lockBudget(client, at);
      if (row === undefined) {
        await client.query(
          `insert into ecs_image_import.rate_budgets (account_id, service, region, action, budget) values ($1, $2, $3, $4, $5)
           on conflict do nothing`,
          [...at, JSON.stringify(FRESH_BUDGET)],
        );
        row = await lockBudget(client, at);
      }
      if (row === undefined) throw new Error(`the row for the rate budget of ${key.action} was deleted concurrently`);
      // In a row of an earlier version, fields that were added since are missing.
      const [after, result] = step({ ...FRESH_BUDGET, ...row.budget }, row.now_ms);
      await client.query(
        `update ecs_image_import.rate_budgets set budget = $5, updated_at = now()
         where account_id = $1 and service = $2 and region = $3 and action = $4`,
        [...at, JSON.stringify(after)],
      );
      return result;
    });
  }

  return {
    lease(key: BudgetKey, wanted: number, ceiling: number | null): Promise<LocalGrant> {
      return change(key, (before, nowMs) => {
        const { budget, grant } = lease(before, wanted, nowMs, ceiling);
        return [budget, local(grant, nowMs)];
      });
    },

    refused(key: BudgetKey, retryAfterMs: number | null): Promise<void> {
      return change(key, (before, nowMs) => [refused(before, nowMs, retryAfterMs), undefined]);
    },
  };
}

/** Locks the row until the transaction ends. Uses clock_timestamp() instead of now(), because the wait for the lock may be long. */
async function lockBudget(client: pg.PoolClient, at: readonly string[]): Promise<BudgetRow | undefined> {
  const found = await client.query<BudgetRow>(
    `select budget, (extract(epoch from clock_timestamp()) * 1000)::float as now_ms from ecs_image_import.rate_budgets
     where account_id = $1 and service = $2 and region = $3 and action = $4 for update`,
    [...at],
  );
  return found.rows[0];
}

function local(grant: Grant, nowMs: number): LocalGrant {
  return grant.kind === 'wait' ? grant : { kind: 'granted', calls: grant.calls, inMs: grant.startAtMs - nowMs };
}
