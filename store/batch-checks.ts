/** The statements that compare the records of batches with their workflows in Temporal. */
import type pg from 'pg';
import type { BatchHold } from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import type { Requester } from '../domain/import-facts.js';
import { LOST_BATCH_CODES } from '../domain/lost-workflow.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import { FINAL_STATES_SQL } from './final-states.js';
import type { CheckTiming } from './workflow-checks.js';

const IS_LOST_SQL = `(state = 'attention' and attention ->> 'code' in (${LOST_BATCH_CODES.map((code) => `'${code}'`).join(', ')}))`;

/** What a starting workflow of a batch needs. */
export interface BatchToStart {
  readonly id: string;
  readonly policy: BatchPolicy;
  readonly claimedPage: number;
  readonly step: number;
  readonly name: string;
  /** Null: not known. */
  readonly by: Requester | null;
}

/** The columns of `BatchToStart`. */
export const START_COLUMNS = `id, policy, claimed_page as "claimedPage", step::int as step, name, created_by as by`;

/** A batch without a final state, and what the record contains of its workflow. */
export interface BatchToCheck extends BatchToStart {
  /** Where it was started or last seen; null: unknown. */
  readonly server: TemporalServer | null;
  readonly attention: BatchHold | null;
  readonly startedForMs: number;
  /** Since a process last saw the workflow running; ms. Null: none has. */
  readonly unseenForMs: number | null;
}

const CHECK_COLUMNS = `${START_COLUMNS}, temporal as server, attention,
  (extract(epoch from now() - workflow_started_at) * 1000)::float8 as "startedForMs",
  (extract(epoch from now() - workflow_seen_at) * 1000)::float8 as "unseenForMs"`;

export function batchCheckQueries(pool: pg.Pool) {
  return {
    /** Claims batches for a check; each process claims others. */
    async claimBatchChecks({ idleMs, everyMs }: CheckTiming, limit: number): Promise<readonly BatchToCheck[]> {
      const result = await pool.query<BatchToCheck>(
        `with due as (
           select id from ecs_image_import.batches
           where state not in ${FINAL_STATES_SQL} and workflow_started_at < now() - $1 * interval '1 millisecond'
             and (workflow_checked_at is null or workflow_checked_at < now() - $2 * interval '1 millisecond')
           order by workflow_checked_at nulls first limit $3 for update skip locked
         ), claimed as (
           update ecs_image_import.batches set workflow_checked_at = now() from due where batches.id = due.id returning batches.*
         )
         select ${CHECK_COLUMNS} from claimed`,
        [idleMs, everyMs, limit],
      );
      return result.rows;
    },

    /** Counts open batches that no process has seen running on this server lately. */
    async uncheckedBatches(server: TemporalServer, { idleMs, everyMs }: CheckTiming): Promise<number> {
      const result = await pool.query<{ unchecked: number }>(
        `select count(*)::int as unchecked from ecs_image_import.batches
         where state not in ${FINAL_STATES_SQL} and not ${IS_LOST_SQL} and arriving_seen_at is null
           and created_at < now() - $2 * interval '1 millisecond'
           and (temporal is distinct from $1::jsonb
             or coalesce(workflow_seen_at, '-infinity') < now() - $3 * interval '1 millisecond')`,
        [JSON.stringify(server), idleMs, everyMs],
      );
      return result.rows[0]?.unchecked ?? 0;
    },

    async lostBatches(): Promise<readonly BatchToCheck[]> {
      const result = await pool.query<BatchToCheck>(
        `select ${CHECK_COLUMNS} from ecs_image_import.batches where ${IS_LOST_SQL} order by id limit 1000`,
      );
      return result.rows;
    },

    /** Records where the workflow runs; restores the state of a batch that had stopped because it was not found. */
    async batchFound(batchId: string, server: TemporalServer): Promise<void> {
      await pool.query(
        `update ecs_image_import.batches set temporal = $2, workflow_seen_at = now(),
           state = case when ${IS_LOST_SQL} then coalesce(before_lost ->> 'state', 'running') else state end,
           attention = case when ${IS_LOST_SQL} then nullif(before_lost -> 'attention', 'null') else attention end,
           before_lost = null
         where id = $1`,
        [batchId, JSON.stringify(server)],
      );
    },

    /** Stops the batch because its workflow was not found. Has no effect if its workflow has written since the check began. */
    async batchLost({ id, step }: BatchToCheck, attention: BatchHold): Promise<void> {
      await pool.query(
        `update ecs_image_import.batches set
           before_lost = case when ${IS_LOST_SQL} then before_lost
             else jsonb_build_object('state', state, 'attention', attention) end,
           state = 'attention', attention = $3, waits_for = null, updated_at = now()
         where id = $1 and step = $2 and state not in ${FINAL_STATES_SQL}
           and not (${IS_LOST_SQL} and attention ->> 'code' = $3::jsonb ->> 'code')`,
        [id, step, JSON.stringify(attention)],
      );
    },
  };
}
