/** The statements that delete old imports and batches, and those of legal holds. */
import type pg from 'pg';
import { newImportId } from '../domain/ids.js';
import { FINAL_STATES, type FinalState } from '../domain/import.js';
import type { Requester } from '../domain/import-facts.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { isoTime } from './iso-time.js';
import { rememberKept } from './kept-resources.js';
import { keepOpen, transaction } from './transaction.js';

/** How many days after its end an import or batch is deleted; null: never. */
export type RetentionDays = Readonly<Record<FinalState, number | null>>;

/** What is held: an import, or a batch with all its imports. */
export type Held = 'imports' | 'batches';

export interface Hold {
  readonly id: string;
  readonly reason: string;
  readonly since: string;
  readonly by: Requester | null;
}

/** Ended so long ago. @param row the alias of the table @param days the parameter with the days by state */
const expired = (row: string, end: string, days: string) =>
  `${row}.state in ${FINAL_STATES_SQL} and ${end} < now() - (${days}::jsonb ->> ${row}.state)::float8 * interval '1 day'`;

/**
 * Nothing may still need the import: no hold, no late check, no resource that it still has to remove. A task is a record of the
 * cloud, not a resource. With `offset 0`, the other tables are read for each import, never as a whole.
 */
const unneeded = (row: string) => `${row}.hold is null and ${row}.check_after is null and ${row}.resume_claim is null
  and not exists (select from ecs_image_import.ledger l
    where l.import_id = ${row}.id and l.status in ('intended', 'created') and l.kind <> 'task' offset 0)
  and not exists (select from ecs_image_import.upload_holds h where h.import_id = ${row}.id and not h.released offset 0)`;

/** Of a batch: all its imports have ended, and none is needed. */
const BATCH_IS_UNNEEDED = `b.hold is null
  and not exists (select from ecs_image_import.imports i
    where i.batch_id = b.id and not (i.state in ${FINAL_STATES_SQL} and ${unneeded('i')}))`;

const DAY_MS = 24 * 60 * 60_000;

/**
 * Imports were created before they ended, and their ids begin with the time. So only ids below this one can have expired; the
 * others are not read. A clock may be a day ahead.
 */
function lastCreated(days: number | null, nowMs: number): string {
  if (days === null) return '';
  return newImportId(Math.max(0, Math.floor(nowMs - (days - 1) * DAY_MS)), new Uint8Array(10));
}

/** The first expired imports in the state. The plan depends on how many ids are in the range, so it is not a row comparison. */
const ofState = (state: FinalState, below: string) => `(select i.id from ecs_image_import.imports i
  where i.state = '${state}' and i.id > $2 and i.id < ${below}
    and i.batch_id is null and ${expired('i', 'i.updated_at', '$1')} and ${unneeded('i')}
  order by i.id limit $3)`;

/** Hides a batch while it is deleted, as one that is still arriving; no arrival is seen at this time. */
const IS_BEING_DELETED = `arriving_seen_at = 'infinity'`;

const ITEMS_PER_STATEMENT = 1_000;

export type RetentionStore = ReturnType<typeof createRetentionStore>;

export function createRetentionStore(pool: pg.Pool) {
  return {
    /** @returns true for one process per interval */
    async claimRun(everyMs: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.retention set ran_at = now() where ran_at < now() - $1 * interval '1 millisecond'`,
        [everyMs],
      );
      return rowCount === 1;
    },

    /** After a run that did not finish. */
    async repeatRunIn(ms: number, everyMs: number): Promise<void> {
      await pool.query(
        `update ecs_image_import.retention set ran_at = now() - ($2::float8 - $1::float8) * interval '1 millisecond'`,
        [ms, everyMs],
      );
    },

    /** Imports without a batch, page by page in the order of their ids. */
    async expiredImports(days: RetentionDays, afterId: string, limit: number): Promise<readonly string[]> {
      const pages = FINAL_STATES.map((state, index) => ofState(state, `$${4 + index}`));
      const { rows } = await pool.query<{ id: string }>(
        `select id from (${pages.join(' union all ')}) expired order by id limit $3`,
        [JSON.stringify(days), afterId, limit, ...FINAL_STATES.map((state) => lastCreated(days[state], Date.now()))],
      );
      return rows.map(({ id }) => id);
    },

    async expiredBatches(days: RetentionDays, afterId: string, limit: number): Promise<readonly string[]> {
      const { rows } = await pool.query<{ id: string }>(
        `select b.id from ecs_image_import.batches b
         where b.arriving_seen_at is null and b.id > $2 and ${expired('b', 'b.ended_at', '$1')} and ${BATCH_IS_UNNEEDED}
         order by b.id limit $3`,
        [JSON.stringify(days), afterId, limit],
      );
      return rows.map(({ id }) => id);
    },

    /** Batches whose deletion has begun and has not finished. */
    async batchesBeingDeleted(): Promise<readonly string[]> {
      const { rows } = await pool.query<{ id: string }>(
        `select id from ecs_image_import.batches where ${IS_BEING_DELETED} order by id`,
      );
      return rows.map(({ id }) => id);
    },

    /** Hides the batch from here on. @returns false if it is needed again */
    async beginBatch(batchId: string, days: RetentionDays): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.batches b set arriving_seen_at = 'infinity'
         where b.id = $2 and b.arriving_seen_at is null and ${expired('b', 'b.ended_at', '$1')} and ${BATCH_IS_UNNEEDED}`,
        [JSON.stringify(days), batchId],
      );
      return rowCount === 1;
    },

    async importsOfBatch(batchId: string, limit: number): Promise<readonly string[]> {
      const { rows } = await pool.query<{ id: string }>(
        'select id from ecs_image_import.imports where batch_id = $1 order by id limit $2',
        [batchId, limit],
      );
      return rows.map(({ id }) => id);
    },

    /** A batch for its export, without its items. */
    async batchForExport(batchId: string): Promise<object | null> {
      const { rows } = await pool.query<{ batch: object }>(
        `select jsonb_build_object('id', id, 'name', name, 'state', state, 'policy', policy, 'createdAt', ${isoTime('created_at')},
           'endedAt', ${isoTime('ended_at')}) as batch from ecs_image_import.batches where id = $1`,
        [batchId],
      );
      return rows[0]?.batch ?? null;
    },

    async itemsForExport(batchId: string, afterItem: number): Promise<readonly { readonly item: number }[]> {
      const { rows } = await pool.query<{ item: number }>(
        `select batch_id as "batchId", item, line, state, region, bucket, image_name as "imageName", request, problems, attempt,
           import_id as "importId", ${isoTime('started_at')} as "startedAt", ${isoTime('ended_at')} as "endedAt"
         from ecs_image_import.batch_items where batch_id = $1 and item > $2 order by item limit ${ITEMS_PER_STATEMENT}`,
        [batchId, afterItem],
      );
      return rows;
    },

    /**
     * Deletes those of the imports that nothing needs, in one transaction. They are locked until they are exported.
     * @param exported called with their ids; nothing is deleted if it rejects
     * @returns how many were deleted
     */
    async deleteImports(
      importIds: readonly string[],
      exported: (importIds: readonly string[]) => Promise<void>,
    ): Promise<number> {
      return await transaction(pool, async (client) => {
        const locked = await client.query<{ id: string }>(
          `select i.id from ecs_image_import.imports i
           where i.id = any($1) and i.state in ${FINAL_STATES_SQL} and ${unneeded('i')} for update skip locked`,
          [importIds],
        );
        const ids = locked.rows.map(({ id }) => id).sort();
        if (ids.length === 0) return 0;
        await keepOpen(client, () => exported(ids));
        await rememberKept(client, ids);
        await client.query('delete from ecs_image_import.imports where id = any($1)', [ids]);
        await client.query('update ecs_image_import.retention set newest_import = greatest(newest_import, $1)', [
          ids.at(-1),
        ]);
        return ids.length;
      });
    },

    /** Deletes the items of a batch without imports, then the batch. */
    async deleteBatch(batchId: string): Promise<void> {
      for (let deleted = ITEMS_PER_STATEMENT; deleted === ITEMS_PER_STATEMENT; ) {
        const { rowCount } = await pool.query(
          `delete from ecs_image_import.batch_items where batch_id = $1 and item in (
             select item from ecs_image_import.batch_items where batch_id = $1 order by item limit ${ITEMS_PER_STATEMENT})`,
          [batchId],
        );
        deleted = rowCount ?? 0;
      }
      await pool.query(
        `with gone as (delete from ecs_image_import.batches where id = $1 and ${IS_BEING_DELETED} returning id)
         update ecs_image_import.retention set newest_batch = greatest(newest_batch, gone.id) from gone`,
        [batchId],
      );
    },

    /** Whether an import or batch that is not found was deleted. */
    async wasDeleted(of: Held, id: string): Promise<boolean> {
      const column = of === 'imports' ? 'newest_import' : 'newest_batch';
      const { rows } = await pool.query<{ deleted: boolean }>(
        `select $1 <= ${column} and not exists (select from ecs_image_import.${of} where id = $1 and ${of === 'batches' ? `not ${IS_BEING_DELETED}` : 'true'}) as deleted
         from ecs_image_import.retention`,
        [id],
      );
      return rows[0]?.deleted === true;
    },

    /** @returns null if it does not exist */
    async hold(of: Held, id: string, reason: string, by: Requester | null): Promise<Hold | null> {
      const { rows } = await pool.query<{ hold: Omit<Hold, 'id'> }>(
        `update ecs_image_import.${of} set hold = jsonb_build_object('reason', $2::text, 'since', ${isoTime('now()')}, 'by', $3::jsonb)
         where id = $1 ${of === 'batches' ? 'and arriving_seen_at is null' : ''} returning hold`,
        [id, reason, by === null ? null : JSON.stringify(by)],
      );
      return rows[0] === undefined ? null : { id, ...rows[0].hold };
    },

    /** @returns false if it does not exist */
    async release(of: Held, id: string): Promise<boolean> {
      const { rowCount } = await pool.query(`update ecs_image_import.${of} set hold = null where id = $1`, [id]);
      return rowCount === 1;
    },

    async holds(): Promise<readonly (Hold & { readonly of: Held })[]> {
      const { rows } = await pool.query<{ of: Held; id: string; hold: Omit<Hold, 'id'> }>(
        `select 'batches' as of, id, hold from ecs_image_import.batches where hold is not null
         union all select 'imports', id, hold from ecs_image_import.imports where hold is not null order by 2`,
      );
      return rows.map(({ of, id, hold }) => ({ of, id, ...hold }));
    },
  };
}
