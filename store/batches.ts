/** The statements of a batch's workflow: which items start next, how they ended, and the visible state. */

import type pg from 'pg';
import type { BatchCounts, BatchHold, BatchState } from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import { removeGoneArrivals } from './batch-arrivals.js';
import { type BatchToStart, batchCheckQueries, START_COLUMNS } from './batch-checks.js';
import { countItems } from './batch-counts.js';
import { needsOf } from './batch-needs.js';
import { batchPageQueries, type PageChoice, PLACE_SQL } from './batch-pages.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { CANCELS_CHANNEL } from './step-write.js';

/** A write of the workflow to a batch. Ignored if a newer step has been written. */
export interface BatchWrite {
  readonly batchId: string;
  readonly step: number;
  readonly state: BatchState;
  readonly policy: BatchPolicy;
  readonly attention: BatchHold | null;
}

export type { BatchToStart } from './batch-checks.js';

export interface RecordedStep {
  readonly step: number;
  readonly state: BatchState;
}

export interface RecordedBatch extends BatchToStart {
  readonly state: BatchState;
  /** Where its workflow was started or last seen; null: unknown. */
  readonly server: TemporalServer | null;
}

/** By region of an account (`PLACE_SQL`). */
export type RegionCounts = Readonly<Record<string, number>>;

/** A region of an account, within which the limits and quotas of a batch apply. */
export interface BatchRegion {
  /** Undefined: that of the worker's own credentials. */
  readonly account: string | undefined;
  readonly region: string;
}

/** The key of a region in counts: `REGION`, or `ACCOUNT/REGION`. */
export function keyOfRegion({ account, region }: BatchRegion): string {
  return account === undefined ? region : `${account}/${region}`;
}

/** Sorts by priority, then as listed or in a pseudorandom order. @param order the SQL parameter with the order */
export const RANK_SQL = (order: string) =>
  `priority::bigint * 4294967296 + case when ${order} = 'shuffled' then hashint4(item)::bigint + 2147483648 else item end`;

export type BatchStore = ReturnType<typeof createBatchStore>;

export function createBatchStore(pool: pg.Pool) {
  return {
    removeGoneArrivals: () => removeGoneArrivals(pool),
    ...batchCheckQueries(pool),

    async toStart(olderThanMs: number, limit: number): Promise<readonly BatchToStart[]> {
      const result = await pool.query<BatchToStart>(
        `select ${START_COLUMNS} from ecs_image_import.batches
         where workflow_started_at is null and arriving_seen_at is null and created_at < now() - $1 * interval '1 millisecond'
         order by created_at limit $2`,
        [olderThanMs, limit],
      );
      return result.rows;
    },

    /** The batch with this name, also while its file is received; null: the name is free. */
    async idOfName(name: string): Promise<string | null> {
      const { rows } = await pool.query<{ id: string }>('select id from ecs_image_import.batches where name = $1', [
        name,
      ]);
      return rows[0]?.id ?? null;
    },

    /** The state that a starting workflow of the batch needs, for the first run and for later runs. */
    async forStart(batchId: string): Promise<RecordedBatch | null> {
      const result = await pool.query<RecordedBatch>(
        `select ${START_COLUMNS}, state, temporal as server from ecs_image_import.batches
         where id = $1 and arriving_seen_at is null`,
        [batchId],
      );
      return result.rows[0] ?? null;
    },

    /** @param server where the workflow was started; null: unknown */
    async markStarted(batchId: string, server: TemporalServer | null = null): Promise<void> {
      await pool.query(
        `update ecs_image_import.batches set workflow_started_at = coalesce(workflow_started_at, now()),
           temporal = case when workflow_started_at is null then coalesce($2::jsonb, temporal) else coalesce(temporal, $2::jsonb) end
         where id = $1 and (workflow_started_at is null or temporal is null and $2::jsonb is not null)`,
        [batchId, server === null ? null : JSON.stringify(server)],
      );
    },

    /** @returns null if it is written; otherwise what the record shows: a later step has written to it */
    async write(write: BatchWrite): Promise<RecordedStep | null> {
      const result = await pool.query<RecordedStep & { readonly written: boolean }>(
        `with before as (select policy ->> 'order' as listed, step, state from ecs_image_import.batches where id = $1),
         changed as (
           update ecs_image_import.batches set step = $2, policy = $4, attention = $5, result = null, updated_at = now(),
             state = case when cancel_asked_at is null or $3 in ${FINAL_STATES_SQL} then $3 else 'cancelling' end,
             cancel_asked_at = case when $3 in ${FINAL_STATES_SQL} then null else cancel_asked_at end,
             waits_for = case when $3 = 'running' then waits_for end,
             ended_at = case when $3 in ${FINAL_STATES_SQL} then now() end
           where id = $1 and (step < $2 or step = $2 and state not in ${FINAL_STATES_SQL}) returning id
         ), ranked as (
           update ecs_image_import.batch_items set rank = ${RANK_SQL("($4::jsonb ->> 'order')")}
           from changed, before
           where batch_id = changed.id and batch_items.state = 'waiting' and listed is distinct from $4::jsonb ->> 'order'
         )
         select step::int, state, exists (select from changed) as written from before`,
        [
          write.batchId,
          write.step,
          write.state,
          JSON.stringify(write.policy),
          write.attention === null ? null : JSON.stringify(write.attention),
        ],
      );
      const [row] = result.rows;
      return row === undefined || row.written ? null : { step: row.step, state: row.state };
    },

    /** Shows an accepted cancel before the workflow acts on it. Has no effect on a batch that has ended. */
    async recordCancel(batchId: string): Promise<void> {
      await pool.query(
        `with changed as (
           update ecs_image_import.batches set state = 'cancelling', attention = null, waits_for = null, updated_at = now(),
             cancel_asked_at = coalesce(cancel_asked_at, now())
           where id = $1 and state not in ${FINAL_STATES_SQL}
           returning id
         )
         select pg_notify('${CANCELS_CHANNEL}', id) from changed`,
        [batchId],
      );
    },

    /** Records why a running batch waits; null: it does not wait. Ignored from a page before the last claimed one. */
    async waitsFor({ batchId, page }: Pick<PageChoice, 'batchId' | 'page'>, hold: BatchHold | null): Promise<void> {
      await pool.query(
        `update ecs_image_import.batches set waits_for = $2, updated_at = now()
         where id = $1 and waits_for is distinct from $2::jsonb and claimed_page <= $3 and ($2::jsonb is null or state = 'running')`,
        [batchId, hold === null ? null : JSON.stringify(hold), page],
      );
    },

    /** Counts the items, then copies the final states of imports to their items: every import counted as ended is copied on return. */
    async settle(batchId: string): Promise<BatchCounts> {
      const counts = await countItems(pool, batchId);
      await copyFinalStates(pool, batchId);
      return counts;
    },

    /** Running imports that have no image yet, by region, and the time of the count. */
    async withoutImage(batchId: string): Promise<{ readonly at: Date; readonly byRegion: RegionCounts }> {
      const result = await pool.query<{ at: Date; counts: RegionCounts }>(
        `select now() as at, coalesce(jsonb_object_agg(place, n), '{}') as counts from (
           select ${PLACE_SQL('b.')} as place, count(*) as n
           from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
           where b.batch_id = $1 and b.state = 'started' and i.image is null group by place) counted`,
        [batchId],
      );
      const row = result.rows[0];
      return { at: row?.at ?? new Date(0), byRegion: row?.counts ?? {} };
    },

    /** Imports that started after `at` and may have created an image, by region. */
    async startedSince(batchId: string, at: Date): Promise<RegionCounts> {
      const result = await pool.query<{ counts: RegionCounts }>(
        // An item that started later has also ended later, which an index finds.
        `select coalesce(jsonb_object_agg(place, n), '{}') as counts from (
           select place, count(*) as n from (
             select ${PLACE_SQL()} as place, started_at from ecs_image_import.batch_items where batch_id = $1 and state = 'started'
             union all
             select ${PLACE_SQL()} as place, started_at from ecs_image_import.batch_items
             where batch_id = $1 and state = 'succeeded' and ended_at > $2
           ) as items where started_at > $2 group by place) counted`,
        [batchId, at],
      );
      return result.rows[0]?.counts ?? {};
    },

    /** Regions in which an import of the batch stopped because the image quota is exceeded. */
    async regionsAtQuota(batchId: string): Promise<readonly BatchRegion[]> {
      const result = await pool.query<RegionRow>(
        `select distinct b.account, b.region from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
         where b.batch_id = $1 and b.state = 'started' and i.state = 'attention' and i.attention ->> 'code' = 'QuotaExceed.Image'`,
        [batchId],
      );
      return result.rows.map(toRegion);
    },

    async regionsOf(batchId: string): Promise<readonly BatchRegion[]> {
      const result = await pool.query<RegionRow>(
        'select distinct account, region from ecs_image_import.batch_lanes where batch_id = $1 order by account, region',
        [batchId],
      );
      return result.rows.map(toRegion);
    },

    needs: (batchId: string) => needsOf(pool, batchId),

    ...batchPageQueries(pool),

    /** Cancels the waiting items. Ignored after the end of the batch: a retry may have put items back. */
    async dropWaiting(batchId: string): Promise<void> {
      await pool.query(
        `update ecs_image_import.batch_items set state = 'cancelled', ended_at = now()
         from (select id from ecs_image_import.batches where id = $1 and state = 'cancelling' for share) as batch
         where batch_id = batch.id and batch_items.state = 'waiting'`,
        [batchId],
      );
    },

    /** Makes the items in these states wait for another attempt. Returns how many. */
    async retry(batchId: string, states: readonly ('failed' | 'cancelled')[]): Promise<number> {
      await copyFinalStates(pool, batchId);
      const result = await pool.query(
        `with changed as (update ecs_image_import.batches set result = null where id = $1)
         update ecs_image_import.batch_items set state = 'waiting', ended_at = null where batch_id = $1 and state = any($2)`,
        [batchId, states],
      );
      return result.rowCount ?? 0;
    },

    /** Imports of the batch that have not ended, page by page in the order of their ids. */
    async openImports(batchId: string, afterId: string, limit: number): Promise<readonly string[]> {
      const result = await pool.query<{ id: string }>(
        `select i.id from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
         where b.batch_id = $1 and b.state = 'started' and i.id > $2 and i.state not in ${FINAL_STATES_SQL}
         order by i.id limit $3`,
        [batchId, afterId, limit],
      );
      return result.rows.map((row) => row.id);
    },

    /** Imports of the batch that stopped for this cause (null: any cause), page by page. */
    async stoppedImports(
      batchId: string,
      cause: string | null,
      afterId: string,
      limit: number,
    ): Promise<readonly string[]> {
      const result = await pool.query<{ id: string }>(
        `select i.id from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
         where b.batch_id = $1 and b.state = 'started' and i.id > $2 and i.state = 'attention'
           ${cause === null ? '' : `and i.attention ->> 'code' = $4`}
         order by i.id limit $3`,
        cause === null ? [batchId, afterId, limit] : [batchId, afterId, limit, cause],
      );
      return result.rows.map((row) => row.id);
    },
  };
}

interface RegionRow {
  readonly account: string;
  readonly region: string;
}

function toRegion({ account, region }: RegionRow): BatchRegion {
  return { account: account === '' ? undefined : account, region };
}

/** Of imports that have ended since they were started. */
export async function copyFinalStates(pool: pg.Pool, batchId: string): Promise<void> {
  await pool.query(
    `update ecs_image_import.batch_items set state = i.state, ended_at = i.updated_at
     from ecs_image_import.imports i
     where batch_items.batch_id = $1 and batch_items.state = 'started' and i.id = batch_items.import_id
       and i.state in ${FINAL_STATES_SQL}`,
    [batchId],
  );
}
