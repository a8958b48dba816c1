/** The statements that find and record imports and batches that wait for a worker. */
import type pg from 'pg';
import type { BatchHold } from '../domain/batch/batch.js';
import type { Attention } from '../domain/import.js';
import { MAIN_QUEUE } from '../domain/process-names.js';
import { hostOfQueue, type MissingWorker, versionQueue } from '../domain/worker-wait.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { CHANGES_CHANNEL } from './step-write.js';
import { WORKER_IS_ALIVE_SQL } from './worker-liveness.js';

export const WORKER_MISSING = 'Worker.Missing';
export const VERSION_MISSING = 'Worker.VersionMissing';
const NO_WORKER = 'Batch.NoWorker' satisfies BatchHold['code'];

/** A younger import may still be started by the process that accepted it. */
const MIN_AGE = `interval '2 seconds'`;

/**
 * The task queues on which an import continues: that of its workflow, and those of its phase and the next one. A worker
 * that polls one queue without a host polls all of them. A cancel waits for no worker of a host.
 */
const NEEDED_SQL = `array_remove(array[
  '${MAIN_QUEUE}',
  case when i.state <> 'cancelling' and i.phase in ('accepted', 'preflight') then i.file_queue end,
  case when i.state <> 'cancelling' and i.phase in ('preflight', 'role', 'upload') and i.file_queue like '%@%'
    then regexp_replace(i.file_queue, '^ecs-image-import-files@', 'ecs-image-import-uploads@') end,
  '${versionQueue('')}' || i.pinned_to
], null)`;

const WAITS_SQL = `(i.state in ('running', 'cancelling') or i.state = 'attention' and i.attention_version is null)`;

const TIME_SQL = (time: string) => `to_char(${time} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export function workerWaitQueries(pool: pg.Pool) {
  return {
    /** The queues that no worker polls although imports or batches need them. */
    async missingWorkers(namespace: string): Promise<readonly MissingWorker[]> {
      const result = await pool.query<{ queue: string; seen_at: Date | null }>(
        `with needed as (
           select distinct unnest(${NEEDED_SQL}) as queue from ecs_image_import.imports i where ${WAITS_SQL}
           union select '${MAIN_QUEUE}' from ecs_image_import.batches where state not in ${FINAL_STATES_SQL}
         )
         select queue, (select max(seen_at) from ecs_image_import.worker_queues where namespace = $1 and task_queue = queue) as seen_at
         from needed where not exists (
           select from ecs_image_import.worker_queues where namespace = $1 and task_queue = queue and ${WORKER_IS_ALIVE_SQL})`,
        [namespace],
      );
      return result.rows.map(({ queue, seen_at }) => ({
        queue,
        host: hostOfQueue(queue),
        seenAt: seen_at?.toISOString() ?? null,
      }));
    },

    /** Records which imports wait for one of these queues, and ends all other waits. Returns how many changed. */
    async recordWorkerWaits(missing: readonly MissingWorker[]): Promise<number> {
      const result = await pool.query(
        `with missing as (
           select queue, host, "seenAt"::timestamptz as seen_at
           from jsonb_to_recordset($1::jsonb) as m (queue text, host text, "seenAt" text)
         ), waits as (
           select distinct on (i.id) i.id, m.queue, m.host, greatest(m.seen_at, i.created_at) as since
           from ecs_image_import.imports i join missing m on m.queue = any(${NEEDED_SQL})
           where ${WAITS_SQL} and i.created_at < now() - ${MIN_AGE}
           order by i.id, m.host nulls first, m.queue
         ), changed as (
           update ecs_image_import.imports set waiting_for = jsonb_build_object(
               'queue', waits.queue, 'host', waits.host, 'since', ${TIME_SQL('waits.since')})
           from waits where imports.id = waits.id
             and (imports.waiting_for ->> 'queue') is distinct from waits.queue
           returning imports.id, phase, state, waiting_for
         ), ended as (
           update ecs_image_import.imports set waiting_for = null,
             state = case when not stopped then state when cancel_asked_at is null then 'running' else 'cancelling' end,
             attention = case when stopped then null else attention end
           from (
             select id, state = 'attention' and attention_version is null as stopped from ecs_image_import.imports
             where waiting_for is not null and id not in (select id from waits) for update
           ) as before
           where imports.id = before.id
           returning imports.id, phase, state, stopped
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'note', phase, state,
             'waiting for a worker' || coalesce(' of host ' || (waiting_for ->> 'host'), ''), waiting_for from changed
           union all
           select id, 'state', phase, state, phase, '{}' from ended where stopped
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from (select id from changed union select id from ended) as all_changed`,
        [JSON.stringify(missing)],
      );
      return result.rowCount ?? 0;
    },

    /** Stops the imports that have waited for a queue longer than the limit. A cancel stays visible instead. */
    async stopLongWaits(queue: string, limitMs: number, attention: Attention): Promise<number> {
      const result = await pool.query(
        `with changed as (
           update ecs_image_import.imports set state = 'attention', attention = $3, attention_version = null, updated_at = now()
           where state = 'running' and waiting_for ->> 'queue' = $1
             and (waiting_for ->> 'since')::timestamptz < now() - $2 * interval '1 millisecond'
           returning id, phase
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'attention', phase, 'attention', $3::jsonb ->> 'message', $3::jsonb from changed
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [queue, limitMs, JSON.stringify(attention)],
      );
      return result.rowCount ?? 0;
    },

    /** Lets stopped imports wait again, from now. Null: all of them. Returns their ids. */
    async waitForWorkerAgain(importId: string | null): Promise<readonly string[]> {
      const result = await pool.query<{ id: string }>(
        `with changed as (
           update ecs_image_import.imports set state = case when cancel_asked_at is null then 'running' else 'cancelling' end,
             attention = null, updated_at = now(),
             waiting_for = jsonb_set(waiting_for, '{since}', to_jsonb(${TIME_SQL('now()')}))
           where ${importId === null ? '' : 'id = $1 and '}state = 'attention' and attention_version is null
             and waiting_for is not null
           returning id, phase, state
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message)
           select id, 'state', phase, state, phase from changed
         )
         select id, pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        importId === null ? [] : [importId],
      );
      return result.rows.map(({ id }) => id);
    },

    /** Ends the waits of batches for a worker. */
    async endBatchWaits(): Promise<void> {
      await pool.query(
        `update ecs_image_import.batches set updated_at = now(),
           waits_for = case when waits_for ->> 'code' = $1 then null else waits_for end,
           attention = case when attention ->> 'code' = $1 then null else attention end,
           state = case when attention ->> 'code' = $1 then 'running' else state end
         where state not in ${FINAL_STATES_SQL} and (waits_for ->> 'code' = $1 or attention ->> 'code' = $1)`,
        [NO_WORKER],
      );
    },

    /** Shows that open batches wait for a worker. One that has waited longer than the limit stops for attention. */
    async recordBatchWaits(hold: BatchHold, { seenAt }: MissingWorker, limitMs: number): Promise<void> {
      await pool.query(
        `update ecs_image_import.batches set updated_at = now(),
           state = case when stops then 'attention' else state end,
           attention = case when stops then $1::jsonb else attention end,
           waits_for = case when stops then null else $1::jsonb end
         from (
           select id as waiting, state = 'running'
             and greatest($2::timestamptz, created_at) < now() - $3 * interval '1 millisecond' as stops
           from ecs_image_import.batches where state in ('running', 'cancelling') and created_at < now() - ${MIN_AGE} for update
         ) as waits
         where id = waiting and (stops or waits_for is distinct from $1::jsonb)`,
        [JSON.stringify(hold), seenAt, limitMs],
      );
    },
  };
}
