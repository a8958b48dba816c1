/** The statements of the overview. None reads an import that ended before the time that is shown. */
import type pg from 'pg';
import type { FinalState, ImportWait, Phase, Progress, State } from '../domain/import.js';
import type { BudgetHealth, HourTotals, OpenSummary, QueueHealth, RunningPhase } from '../domain/overview.js';
import { STALLED_AFTER_MINUTES } from '../domain/overview.js';
import type { ImportRequest } from '../domain/request/request.js';
import { hostOfQueue } from '../domain/worker-wait.js';
import { FINAL_STATES_SQL, OPEN_STATES_SQL } from './final-states.js';
import { WORKER_IS_ALIVE_SQL } from './worker-liveness.js';

/** A larger number of rows is summed. */
const MAX_ROWS = 1_000;
/** Longer than any time that is shown. */
const KEEP_DAYS = 30;
const PAGE = 500;
const MOST_QUEUES = 500;
const MOST_BUDGETS = 100;
/** Of an identity with a scope: each is compared with it. */
const MOST_ENDED = 5_000;

const STALLED_SQL = `(i.waiting_for is null and i.retrying is null and i.updated_at < now() - interval '${STALLED_AFTER_MINUTES} minutes')`;
const WAITING_SQL = '(i.waiting_for is not null or i.retrying is not null)';

export interface OpenImport {
  readonly id: string;
  readonly state: State;
  readonly phase: Phase;
  readonly request: ImportRequest;
  readonly progress: Progress;
  readonly queue: ImportWait['queue'];
  readonly isWaiting: boolean;
  readonly isStalled: boolean;
}

export interface EndedImport {
  readonly state: FinalState;
  readonly hour: string;
  readonly request: ImportRequest;
  readonly bytes: number;
}

export type OverviewStore = ReturnType<typeof createOverviewStore>;

export function createOverviewStore(pool: pg.Pool) {
  return {
    /** The open imports of the whole service. */
    async openSummary(): Promise<OpenSummary> {
      const [states, phases, waiting] = await Promise.all([
        pool.query<{ state: State; imports: number }>(
          `select state, count(*)::int as imports from ecs_image_import.imports where state in ${OPEN_STATES_SQL} group by 1`,
        ),
        pool.query<RunningPhase>(
          `select i.phase, count(*)::int as imports, (count(*) filter (where ${WAITING_SQL}))::int as waiting,
             (count(*) filter (where ${STALLED_SQL}))::int as stalled,
             coalesce(sum((i.progress ->> 'bytesPerSecond')::float8), 0) as "bytesPerSecond"
           from ecs_image_import.imports i where i.state = 'running' group by 1`,
        ),
        pool.query<{ queue: string; imports: number }>(
          `select waiting_for ->> 'queue' as queue, count(*)::int as imports from ecs_image_import.imports
           where waiting_for is not null and waiting_for ->> 'queue' is not null group by 1 limit ${MOST_QUEUES}`,
        ),
      ]);
      return {
        states: Object.fromEntries(states.rows.map(({ state, imports }) => [state, imports])),
        phases: phases.rows,
        waiting: Object.fromEntries(waiting.rows.map(({ queue, imports }) => [queue, imports])),
      };
    },

    /** All open imports, page by page in the order of their ids. */
    async *openImports(): AsyncGenerator<OpenImport> {
      for (let after = ''; ; ) {
        const { rows } = await pool.query<OpenImport>(
          `select i.id, i.state, i.phase, i.request, i.progress, i.waiting_for ->> 'queue' as queue,
             ${WAITING_SQL} as "isWaiting", ${STALLED_SQL} as "isStalled"
           from ecs_image_import.imports i where i.state in ${OPEN_STATES_SQL} and i.id > $1 order by i.id limit ${PAGE}`,
          [after],
        );
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        after = last.id;
      }
    },

    /** What ended in each hour since then, in the whole service. Hours in which nothing ended are absent. */
    async hourTotals(since: string): Promise<readonly HourTotals[]> {
      const { rows } = await pool.query<{ hour: Date; rows: number } & Record<FinalState | 'bytes', number>>(
        `select hour, count(*)::int as rows, coalesce(sum(amount) filter (where kind = 'succeeded'), 0)::float8 as succeeded,
           coalesce(sum(amount) filter (where kind = 'failed'), 0)::float8 as failed,
           coalesce(sum(amount) filter (where kind = 'cancelled'), 0)::float8 as cancelled,
           coalesce(sum(amount) filter (where kind = 'bytes'), 0)::float8 as bytes
         from ecs_image_import.hourly_totals where hour >= date_trunc('hour', $1::timestamptz) group by hour order by hour`,
        [since],
      );
      return rows.map(({ hour, rows: _rows, ...totals }) => ({ hour: hour.toISOString(), ...totals }));
    },

    /** Replaces the rows of each hour by their sums. Of two processes, each sums the rows that it has deleted itself. */
    async sumHours(): Promise<void> {
      await pool.query(`delete from ecs_image_import.hourly_totals where hour < now() - interval '${KEEP_DAYS} days'`);
      await pool.query(
        `with many as (select hour from ecs_image_import.hourly_totals group by hour having count(*) > ${MAX_ROWS / 10}),
         gone as (delete from ecs_image_import.hourly_totals where hour in (select hour from many) returning hour, kind, amount)
         insert into ecs_image_import.hourly_totals (hour, kind, amount) select hour, kind, sum(amount) from gone group by hour, kind`,
      );
    },

    /** Imports that ended since then, the latest first, and no more than can be compared with a scope. */
    async endedImports(
      since: string,
    ): Promise<{ readonly found: readonly EndedImport[]; readonly isComplete: boolean }> {
      const { rows } = await pool.query<Omit<EndedImport, 'hour'> & { hour: Date }>(
        `with ended as materialized (
           select import_id from ecs_image_import.import_terms
           where term >= 'ended:' || lpad((extract(epoch from date_trunc('hour', $1::timestamptz)) * 1000000)::bigint::text, 17, '0')
             and term < 'ended;' order by term desc limit ${MOST_ENDED})
         select i.state, date_trunc('hour', i.updated_at) as hour, i.request,
           (select coalesce(sum((l.detail ->> 'size')::bigint), 0) from ecs_image_import.ledger l
            where l.import_id = i.id and l.kind = 'object')::float8 as bytes
         from ended join ecs_image_import.imports i on i.id = ended.import_id where i.state in ${FINAL_STATES_SQL}`,
        [since],
      );
      const found = rows.map((row) => ({ ...row, hour: row.hour.toISOString() }));
      return { found, isComplete: rows.length < MOST_ENDED };
    },

    /** The task queues that workers poll or polled within a day. */
    async queues(namespace: string): Promise<readonly Omit<QueueHealth, 'waiting'>[]> {
      const { rows } = await pool.query<{ queue: string; workers: number; seen_at: Date }>(
        `select task_queue as queue, (count(*) filter (where ${WORKER_IS_ALIVE_SQL}))::int as workers, max(seen_at) as seen_at
         from ecs_image_import.worker_queues where namespace = $1 and seen_at > now() - interval '1 day'
         group by 1 order by 1 limit ${MOST_QUEUES}`,
        [namespace],
      );
      return rows.map(({ queue, workers, seen_at }) => ({
        ...{ queue, host: hostOfQueue(queue), workers, seenAt: seen_at.toISOString() },
      }));
    },

    /** The budgets that were used within an hour; those that limit calls first. */
    async budgets(): Promise<readonly BudgetHealth[]> {
      const { rows } = await pool.query<Omit<BudgetHealth, 'blockedUntil'> & { blockedUntilMs: number; nowMs: number }>(
        `select account_id as "accountId", service, region, action, (budget ->> 'perMinute')::float8 as "perMinute",
           coalesce((budget ->> 'blockedUntilMs')::float8, 0) as "blockedUntilMs", (extract(epoch from now()) * 1000)::float8 as "nowMs"
         from ecs_image_import.rate_budgets where updated_at > now() - interval '1 hour'
         order by (budget ->> 'perMinute') is null, updated_at desc limit ${MOST_BUDGETS}`,
      );
      return rows.map(({ blockedUntilMs, nowMs, ...budget }) => ({
        ...budget,
        blockedUntil: blockedUntilMs > nowMs ? new Date(blockedUntilMs).toISOString() : null,
      }));
    },
  };
}
