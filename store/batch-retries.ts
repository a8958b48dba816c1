/** The statements of a retry of some items of a batch, with other requests. */
import type pg from 'pg';
import { type BatchNames, collectNames, mergedNames } from '../domain/access/named.js';
import type { ImportRequest } from '../domain/request/request.js';
import { bucketOf } from './batch-intake.js';
import { copyFinalStates } from './batches.js';

export interface RetriableItem {
  readonly number: number;
  readonly imageName: string;
  readonly request: ImportRequest;
}

export interface ChangedItem {
  readonly number: number;
  readonly request: ImportRequest;
  readonly fileQueue: string;
}

type EndedState = 'failed' | 'cancelled';

export type BatchRetries = ReturnType<typeof createBatchRetries>;

export function createBatchRetries(pool: pg.Pool) {
  return {
    /** The items in these states, in the order of the file. @param names image names; null: all */
    async retriable(
      batchId: string,
      states: readonly EndedState[],
      names: readonly string[] | null,
      limit: number,
    ): Promise<readonly RetriableItem[]> {
      await copyFinalStates(pool, batchId);
      const { rows } = await pool.query<RetriableItem>(
        `select item as number, image_name as "imageName", request from ecs_image_import.batch_items
         where batch_id = $1 and state = any($2) and ($3::text[] is null or image_name = any($3)) order by item limit $4`,
        [batchId, states, names, limit],
      );
      return rows;
    },

    /** Makes these items wait for another attempt, if they are still in these states. Returns how many. */
    async retryItems(batchId: string, states: readonly EndedState[], items: readonly ChangedItem[]): Promise<number> {
      const { rows } = await pool.query<{ names: BatchNames | null }>(
        'select names from ecs_image_import.batches where id = $1',
        [batchId],
      );
      const result = await pool.query(
        `with given as (
           select * from jsonb_to_recordset($3::jsonb) as g
             (item int, account text, region text, bucket text, image_name text, request jsonb, file_queue text)
         ), lane as (
           insert into ecs_image_import.batch_lanes (batch_id, account, region, bucket)
           select distinct $1, account, region, bucket from given on conflict do nothing
         ), changed as (
           update ecs_image_import.batches set result = null, names = coalesce($4, names) where id = $1
         )
         update ecs_image_import.batch_items b set state = 'waiting', ended_at = null, request = g.request,
           account = g.account, region = g.region, bucket = g.bucket, image_name = g.image_name, file_queue = g.file_queue
         from given g where b.batch_id = $1 and b.item = g.item and b.state = any($2)`,
        [batchId, states, JSON.stringify(items.map(rowOf)), namesWith(rows[0]?.names ?? null, items)],
      );
      return result.rowCount ?? 0;
    },
  };
}

/** The names that scopes are compared with; null: those of a batch that an earlier version has created are not known. */
function namesWith(before: BatchNames | null, items: readonly ChangedItem[]): string | null {
  if (before === null || items.length === 0) return null;
  const changed = collectNames();
  for (const { request } of items) changed.add(request);
  return JSON.stringify(mergedNames(before, changed.names()));
}

function rowOf({ number, request, fileQueue }: ChangedItem): object {
  return {
    ...{ item: number, account: request.account ?? '', region: request.region, bucket: bucketOf(request) },
    ...{ image_name: request.imageName, request, file_queue: fileQueue },
  };
}
