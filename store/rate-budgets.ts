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

const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::float';

interface BudgetRow {
  readonly budget: RateBudget;
  readonly now_ms: number;
}

interface KnownBudget {
  /** As it is stored. */
  readonly budget: RateBudget;
  /** The database's clock when it was written, and this process's. */
  readonly databaseMs: number;
  readonly writtenAtMs: number;
}

/**
 * The commit does not wait for the disk: after a crash of the server, the budget is one of less than a second before, and the next
 * change reads it again.
 */
const WITHOUT_WAIT = "set_config('synchronous_commit', 'off', true)";

/** The clocks of the database and of this process differ by less than a call needs. */
const KNOWN_FOR_MS = 60_000;

export function createRateBudgetStore(pool: pg.Pool): RateBudgetStore {
  const known = new Map<string, KnownBudget>();

  function remember(at: readonly string[], row: BudgetRow | undefined): void {
    if (row === undefined) known.delete(at.join(' '));
    else known.set(at.join(' '), { budget: row.budget, databaseMs: row.now_ms, writtenAtMs: performance.now() });
  }

  /** Changes the budget in one statement, if no other worker has changed it since this one did. Null: unknown or changed. */
  async function changeKnown<T>(
    at: readonly string[],
    step: (before: RateBudget, nowMs: number) => [RateBudget, T],
  ): Promise<{ readonly result: T } | null> {
    const last = known.get(at.join(' '));
    const ageMs = last === undefined ? Number.POSITIVE_INFINITY : performance.now() - last.writtenAtMs;
    if (last === undefined || ageMs > KNOWN_FOR_MS) return null;
    const [after, result] = step({ ...FRESH_BUDGET, ...last.budget }, last.databaseMs + ageMs);
    const { rows } = await pool.query<BudgetRow>(
      `update ecs_image_import.rate_budgets set budget = $5, updated_at = now()
       where account_id = $1 and service = $2 and region = $3 and action = $4 and budget = $6
       returning budget, ${NOW_MS} as now_ms, ${WITHOUT_WAIT}`,
      [...at, JSON.stringify(after), JSON.stringify(last.budget)],
    );
    remember(at, rows[0]);
    return rows[0] === undefined ? null : { result };
  }

  async function change<T>(key: BudgetKey, step: (before: RateBudget, nowMs: number) => [RateBudget, T]): Promise<T> {
    const at = [key.accountId, key.service, key.region, key.action];
    const changed = await changeKnown(at, step);
    if (changed !== null) return changed.result;
    return await transaction(pool, async (client) => {
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
      const written = await client.query<BudgetRow>(
        `update ecs_image_import.rate_budgets set budget = $5, updated_at = now()
         where account_id = $1 and service = $2 and region = $3 and action = $4 returning budget, ${NOW_MS} as now_ms`,
        [...at, JSON.stringify(after)],
      );
      // If the transaction fails, the next change finds another budget.
      remember(at, written.rows[0]);
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
    `select budget, ${NOW_MS} as now_ms from ecs_image_import.rate_budgets
     where account_id = $1 and service = $2 and region = $3 and action = $4 for update`,
    [...at],
  );
  return found.rows[0];
}

function local(grant: Grant, nowMs: number): LocalGrant {
  return grant.kind === 'wait' ? grant : { kind: 'granted', calls: grant.calls, inMs: grant.startAtMs - nowMs };
}
