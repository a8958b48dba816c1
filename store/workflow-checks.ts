/** The statements that compare the records of imports with their workflows in Temporal. */
import type pg from 'pg';
import type { Attention } from '../domain/import.js';
import { LOST_IMPORT_CODES } from '../domain/lost-workflow.js';
import type { CancelSignal } from '../domain/process-names.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import { type ImportStanding, STANDING_COLUMNS, type StandingRow, standingOf } from './decisions.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { CHANGES_CHANNEL } from './step-write.js';

/** The stop has no version: no workflow waits at it. */
const IS_LOST_SQL = `(state = 'attention' and attention_version is null
  and attention ->> 'code' in (${LOST_IMPORT_CODES.map((code) => `'${code}'`).join(', ')}))`;

export interface UndeliveredCancel {
  readonly importId: string;
  readonly signal: CancelSignal;
}

/** An import without a final state, and what the record contains of its workflow. */
export interface WorkflowToCheck extends ImportStanding {
  /** Where it was started or last seen; null: unknown. */
  readonly server: TemporalServer | null;
  /** The stop because its workflow was not found; null: none. */
  readonly lost: Attention | null;
  /** Since its start was recorded; ms. */
  readonly startedForMs: number;
  /** Since a process last saw the workflow running; ms. Null: none has. */
  readonly unseenForMs: number | null;
}

export interface CheckTiming {
  /** Imports whose record changed within this time are not checked: a worker runs them. */
  readonly idleMs: number;
  /** The shortest time between two checks of an import. */
  readonly everyMs: number;
}

export function workflowCheckQueries(pool: pg.Pool) {
  return {
    /** Claims imports for a check, those that were not checked for longest first; each process claims others. */
    async claimWorkflowChecks({ idleMs, everyMs }: CheckTiming, limit: number): Promise<readonly WorkflowToCheck[]> {
      const result = await pool.query<CheckRow>(
        `with due as (
           select id from ecs_image_import.imports
           where state in ('running', 'attention', 'cancelling') and workflow_started_at < now() - $1 * interval '1 millisecond'
             and updated_at < now() - $1 * interval '1 millisecond'
             and (workflow_checked_at is null or workflow_checked_at < now() - $2 * interval '1 millisecond')
           order by workflow_checked_at nulls first limit $3 for update skip locked
         ), claimed as (
           update ecs_image_import.imports set workflow_checked_at = now() from due where imports.id = due.id returning imports.*
         )
         select ${CHECK_COLUMNS} from claimed`,
        [idleMs, everyMs, limit],
      );
      return result.rows.map(toCheck);
    },

    /** Imports that stopped because their workflow was not found, page by page. */
    async lostImports(afterId: string, limit: number): Promise<readonly WorkflowToCheck[]> {
      const result = await pool.query<CheckRow>(
        `select ${CHECK_COLUMNS} from ecs_image_import.imports where ${IS_LOST_SQL} and id > $1 order by id limit $2`,
        [afterId, limit],
      );
      return result.rows.map(toCheck);
    },

    /** Counts open imports that no process has seen running on this server lately. A worker runs those that have just changed. */
    async uncheckedImports(server: TemporalServer, { idleMs, everyMs }: CheckTiming): Promise<number> {
      const result = await pool.query<{ unchecked: number }>(
        `select count(*)::int as unchecked from ecs_image_import.imports
         where state in ('running', 'attention', 'cancelling') and not ${IS_LOST_SQL}
           and updated_at < now() - $2 * interval '1 millisecond'
           and (temporal is distinct from $1::jsonb
             or coalesce(workflow_seen_at, '-infinity') < now() - $3 * interval '1 millisecond')`,
        [JSON.stringify(server), idleMs, everyMs],
      );
      return result.rows[0]?.unchecked ?? 0;
    },

    /** Records where the workflow runs. If the import had stopped because it was not found, restores what the record showed before. @param pinnedTo the version of the worker that alone continues it */
    async workflowFound(importId: string, server: TemporalServer, pinnedTo: string | null = null): Promise<void> {
      await pool.query(
        `with before as (select id, ${IS_LOST_SQL} as lost from ecs_image_import.imports where id = $1 for update),
         changed as (
           update ecs_image_import.imports set temporal = $2, workflow_seen_at = now(), pinned_to = $3,
             state = case when not lost then state else coalesce(before_lost ->> 'state', 'running') end,
             attention = case when not lost then attention else nullif(before_lost -> 'attention', 'null') end,
             attention_version = case when not lost then attention_version else (before_lost ->> 'attentionVersion')::bigint end,
             before_lost = null
           from before where imports.id = before.id
           returning imports.id, phase, state, lost
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message)
           select id, 'state', phase, state, 'the workflow was found again' from changed where lost
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed where lost`,
        [importId, JSON.stringify(server), pinnedTo],
      );
    },

    /**
     * Stops the import because its workflow was not found. What the record showed before is kept.
     * @returns false if the record has changed since it was read, or shows this stop already
     */
    async workflowLost({ id, version }: WorkflowToCheck, attention: Attention): Promise<boolean> {
      const result = await pool.query(
        `with changed as (
           update ecs_image_import.imports set
             before_lost = case when ${IS_LOST_SQL} then before_lost else jsonb_build_object(
               'state', state, 'attention', attention, 'attentionVersion', attention_version) end,
             state = 'attention', attention = $3, attention_version = null, updated_at = now()
           where id = $1 and version = $2 and state not in ${FINAL_STATES_SQL}
             and not (${IS_LOST_SQL} and attention ->> 'code' = $3::jsonb ->> 'code')
           returning id, phase
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'attention', phase, 'attention', $3::jsonb ->> 'message', $3::jsonb from changed
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [id, version, JSON.stringify(attention)],
      );
      return (result.rowCount ?? 0) > 0;
    },

    /** Cancels that were recorded while Temporal could not be reached. */
    async cancelsToDeliver(limit: number): Promise<readonly UndeliveredCancel[]> {
      const result = await pool.query<{ id: string; cancel_undelivered: CancelSignal }>(
        'select id, cancel_undelivered from ecs_image_import.imports where cancel_undelivered is not null order by id limit $1',
        [limit],
      );
      return result.rows.map((row) => ({ importId: row.id, signal: row.cancel_undelivered }));
    },

    async settleCancel(importId: string): Promise<void> {
      await pool.query('update ecs_image_import.imports set cancel_undelivered = null where id = $1', [importId]);
    },
  };
}

const CHECK_COLUMNS = `${STANDING_COLUMNS}, temporal,
  case when ${IS_LOST_SQL} then attention end as lost,
  extract(epoch from now() - workflow_started_at) * 1000 as started_for_ms,
  extract(epoch from now() - workflow_seen_at) * 1000 as unseen_for_ms`;

interface CheckRow extends StandingRow {
  readonly temporal: TemporalServer | null;
  readonly lost: Attention | null;
  readonly started_for_ms: string;
  readonly unseen_for_ms: string | null;
}

function toCheck(row: CheckRow): WorkflowToCheck {
  return {
    ...standingOf(row),
    server: row.temporal,
    lost: row.lost,
    startedForMs: Number(row.started_for_ms),
    unseenForMs: row.unseen_for_ms === null ? null : Number(row.unseen_for_ms),
  };
}
