/** Stores a submitted batch in one transaction: a refused file or a lost connection leaves no data. */
import type pg from 'pg';
import type { BadItem } from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import { parseObjectLocation } from '../domain/object-location.js';
import type { ImportRequest, RequestProblem } from '../domain/request/request.js';
import { RANK_SQL } from './batches.js';

export interface NewBatchItem {
  /** Position in the file, from 1. */
  readonly number: number;
  readonly line: number;
  readonly request: ImportRequest;
  readonly fileQueue: string;
  /** 1 starts first, 9 last. */
  readonly priority: number;
}

export interface NewBatch {
  readonly id: string;
  readonly name: string;
  readonly policy: BatchPolicy;
  readonly idempotencyKey: string | null;
}

export interface KnownBatch {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
}

export interface BatchIntake {
  /** Null if name and key are unused, otherwise the batch that uses one of them. */
  begin(batch: NewBatch): Promise<KnownBatch | null>;
  add(items: readonly NewBatchItem[]): Promise<void>;
  /** Records the skipped items. */
  addSkipped(items: readonly BadItem[]): Promise<void>;
  /** Marks and returns the items that repeat the name and region of an earlier item. */
  markRepeated(): Promise<readonly BadItem[]>;
  commit(digest: string): Promise<void>;
  rollback(): Promise<void>;
}

export async function openIntake(pool: pg.Pool): Promise<BatchIntake> {
  const client = await pool.connect();
  let id = '';
  let order: BatchPolicy['order'] = 'listed';
  let open = true;
  await client.query('begin');

  async function end(how: 'commit' | 'rollback'): Promise<void> {
    if (!open) return;
    open = false;
    let broken: Error | undefined;
    try {
      await client.query(how);
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    async begin(batch) {
      const made = await client.query(
        `insert into batches (id, name, state, policy, digest, idempotency_key)
         values ($1, $2, 'running', $3, '', $4) on conflict do nothing`,
        [batch.id, batch.name, JSON.stringify(batch.policy), batch.idempotencyKey],
      );
      id = batch.id;
      order = batch.policy.order;
      if (made.rowCount === 1) return null;
      const known = await client.query<KnownBatch>(
        'select id, name, digest from batches where name = $1 or idempotency_key = $2 order by idempotency_key = $2 desc nulls last limit 1',
        [batch.name, batch.idempotencyKey],
      );
      const row = known.rows[0];
      if (row === undefined) throw new Error(`batch ${batch.name} was not inserted, and no batch has its name or key`);
      return row;
    },

    async add(items) {
      await client.query(
        `with given as (
           select * from jsonb_to_recordset($2::jsonb) as g
             (item int, line int, region text, bucket text, image_name text, request jsonb, file_queue text, priority int)
         ), lane as (
           insert into batch_lanes (batch_id, region, bucket) select distinct $1, region, bucket from given on conflict do nothing
         )
         insert into batch_items (batch_id, item, line, state, region, bucket, image_name, request, file_queue, priority, rank)
         select $1, item, line, 'waiting', region, bucket, image_name, request, file_queue, priority, ${RANK_SQL('$3')} from given`,
        [id, JSON.stringify(items.map(rowOf)), order],
      );
    },

    async addSkipped(items) {
      await client.query(
        `insert into batch_items (batch_id, item, line, state, region, bucket, image_name, problems, file_queue, priority, rank)
         select $1, item, line, 'invalid', '', '', coalesce(image_name, ''), problems, '', 9, 0
         from jsonb_to_recordset($2::jsonb) as g (item int, line int, image_name text, problems jsonb)`,
        [
          id,
          JSON.stringify(
            items.map(({ item, line, imageName, problems }) => ({ item, line, image_name: imageName, problems })),
          ),
        ],
      );
    },

    async markRepeated() {
      const marked = await client.query<{ item: number; line: number; image_name: string; problems: RequestProblem[] }>(
        `with repeated as materialized (
           select * from (
             select item as number, first_value(line) over same as first_line, row_number() over same as nth
             from batch_items where batch_id = $1 and state = 'waiting'
             window same as (partition by region, image_name order by item)) names
           where nth > 1
         )
         update batch_items set state = 'invalid', problems = jsonb_build_array(jsonb_build_object(
           'path', 'imageName', 'rule', 'batch.unique', 'given', to_json(image_name)::text,
           'message', 'line ' || first_line || ' has the same image name in region ' || region || ': names are unique in a region',
           'vendorCode', 'InvalidImageName.Duplicated'))
         from repeated where batch_id = $1 and item = number
         returning item, line, image_name, problems`,
        [id],
      );
      return marked.rows.map((row) => ({
        item: row.item,
        line: row.line,
        imageName: row.image_name,
        problems: row.problems,
      }));
    },

    async commit(digest) {
      await client.query('update batches set digest = $2 where id = $1', [id, digest]);
      await end('commit');
      // Query plans for a small table are slow for a large one. The batch is committed, so a failure here is ignored.
      await pool.query('analyze batch_items, batch_lanes').catch(() => undefined);
    },

    rollback: () => end('rollback'),
  };
}

function rowOf(item: NewBatchItem): object {
  const { request } = item;
  return {
    item: item.number,
    line: item.line,
    region: request.region,
    bucket: bucketOf(request),
    image_name: request.imageName,
    request,
    file_queue: item.fileQueue,
    priority: item.priority,
  };
}

/** The bucket from which ECS reads the system disk. */
function bucketOf(request: ImportRequest): string {
  return parseObjectLocation(request.disks[0]?.source ?? '')?.bucket ?? request.upload.bucket;
}
