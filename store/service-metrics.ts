/** Numbers of the whole service for monitoring, read from the record. */
import type pg from 'pg';
import type { Phase, State } from '../domain/import.js';
import type { RateBudget } from '../domain/rate-budget.js';
import { FINAL_STATES_SQL, OPEN_STATES_SQL } from './final-states.js';

export interface ServiceNumbers {
  /** Imports that have not ended. */
  readonly inPhase: readonly { readonly phase: Phase; readonly state: State; readonly count: number }[];
  /** Imports that have stopped, by the code of the reason. */
  readonly stopped: readonly { readonly code: string; readonly count: number; readonly oldestSeconds: number }[];
  /** Batches that have not ended. */
  readonly batches: readonly { readonly state: string; readonly count: number }[];
  /** The items of these batches. */
  readonly items: readonly { readonly state: string; readonly count: number }[];
  /** Calls per minute that the cloud allows now; only where it has refused one. */
  readonly budgets: readonly {
    readonly account: string;
    readonly service: string;
    readonly region: string;
    readonly action: string;
    readonly perMinute: number;
  }[];
}

/** Codes of the cloud are not limited in number. */
const MAX_CODES = 100;
const MAX_BUDGETS = 1_000;

export function createServiceNumbers(pool: pg.Pool): () => Promise<ServiceNumbers> {
  const rowsOf = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    (await pool.query<Row>(sql, [...values])).rows;
  return async () => {
    const [inPhase, stopped, batches, items, budgets] = await Promise.all([
      rowsOf<ServiceNumbers['inPhase'][number]>(
        `select phase, state, count(*)::int as count from ecs_image_import.imports where state in ${OPEN_STATES_SQL} group by 1, 2`,
      ),
      rowsOf<ServiceNumbers['stopped'][number]>(
        `select attention ->> 'code' as code, count(*)::int as count,
           greatest(0, extract(epoch from now() - min((attention ->> 'since')::timestamptz)))::float as "oldestSeconds"
         from ecs_image_import.imports where state = 'attention' and attention is not null
         group by 1 order by count desc limit ${MAX_CODES}`,
      ),
      rowsOf<ServiceNumbers['batches'][number]>(
        `select state, count(*)::int as count from ecs_image_import.batches
         where ended_at is null and state not in ${FINAL_STATES_SQL} and arriving_seen_at is null group by 1`,
      ),
      rowsOf<ServiceNumbers['items'][number]>(
        `select counted.state, sum(counted.count)::int as count from ecs_image_import.batches b cross join lateral (
           select case when i.state = 'started' then coalesce(m.state, 'started') else i.state end as state, count(*) as count
           from ecs_image_import.batch_items i left join ecs_image_import.imports m on m.id = i.import_id and i.state = 'started'
           where i.batch_id = b.id group by 1) counted
         where b.ended_at is null and b.state not in ${FINAL_STATES_SQL} and b.arriving_seen_at is null group by 1`,
      ),
      rowsOf<{ account: string; service: string; region: string; action: string; budget: RateBudget }>(
        `select account_id as account, service, region, action, budget from ecs_image_import.rate_budgets
         where (budget ->> 'perMinute') is not null order by updated_at desc limit ${MAX_BUDGETS}`,
      ),
    ]);
    return {
      ...{ inPhase, stopped, batches, items },
      budgets: budgets.flatMap(({ budget, ...key }) =>
        budget.perMinute === null ? [] : [{ ...key, perMinute: budget.perMinute }],
      ),
    };
  };
}
