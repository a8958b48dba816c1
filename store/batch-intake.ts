/**
 * Stores a batch page by page while its file is received. No connection is used between two pages, because the client
 * decides how long it sends. A write whose connection is lost is repeated. Until `commit`, the batch is hidden, and it is
 * removed with `abandon`, or by the sweep if the process has died.
 */
import type pg from 'pg';
import type { BatchNames } from '../domain/access/named.js';
import type { BadItem } from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import type { Requester } from '../domain/import-facts.js';
import { parseObjectLocation } from '../domain/object-location.js';
import type { ImportRequest, RequestProblem } from '../domain/request/request.js';
import { removeGoneArrivals, SEEN_EVERY_MS } from './batch-arrivals.js';
import { RANK_SQL } from './batches.js';
import { repeatLater, whileLost } from './lost-connections.js';

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
  readonly idempotencyKey: string | null;
  readonly by?: Requester;
}

export interface KnownBatch {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
  /** Another request is sending its file. */
  readonly isArriving: boolean;
}

export interface BatchIntake {
  /** Reserves the name and the key. Null if both are unused, otherwise the batch that uses one of them. */
  reserve(batch: NewBatch): Promise<KnownBatch | null>;
  setPolicy(policy: BatchPolicy): Promise<void>;
  /** What the items name. */
  setNames(names: BatchNames): Promise<void>;
  add(items: readonly NewBatchItem[]): Promise<void>;
  /** Records the skipped items. */
  addSkipped(items: readonly BadItem[]): Promise<void>;
  /** Marks and returns the items that repeat the name, region and account of an earlier item. */
  markRepeated(): Promise<readonly BadItem[]>;
  /** Makes the batch visible. False: it was removed, because this process could not reach the database for too long. */
  commit(digest: string): Promise<boolean>;
  /** Removes the batch, unless it is committed. */
  abandon(): Promise<void>;
}

const MAX_RESERVE_ATTEMPTS = 5;

export function openIntake(pool: pg.Pool): BatchIntake {
  let id = '';
  let order: BatchPolicy['order'] = 'listed';
  let seen: NodeJS.Timeout | undefined;
  let added = 0;

  const knownBatch = async ({ name, idempotencyKey }: NewBatch): Promise<KnownBatch | undefined> => {
    const { rows } = await pool.query<KnownBatch>(
      `select id, name, digest, arriving_seen_at is not null as "isArriving" from ecs_image_import.batches
       where name = $1 or idempotency_key = $2 order by idempotency_key = $2 desc nulls last limit 1`,
      [name, idempotencyKey],
    );
    return rows[0];
  };

  return {
    async reserve(batch) {
      await removeGoneArrivals(pool);
      id = batch.id;
      for (let attempts = 1; ; attempts++) {
        const made = await pool.query(
          `insert into ecs_image_import.batches (id, name, state, policy, digest, idempotency_key, created_by, arriving_seen_at, workflow_started_at, created_at)
           values ($1, $2, 'running', '{}', '', $3, $4, now(), 'infinity', 'infinity') on conflict do nothing`,
          [id, batch.name, batch.idempotencyKey, batch.by === undefined ? null : JSON.stringify(batch.by)],
        );
        if (made.rowCount === 1) break;
        const known = await knownBatch(batch);
        if (known !== undefined) return known;
        // The other batch was removed in between.
        if (attempts === MAX_RESERVE_ATTEMPTS) throw new Error(`batch ${batch.name} cannot be reserved`);
      }
      seen = setInterval(() => {
        pool
          .query(
            'update ecs_image_import.batches set arriving_seen_at = now() where id = $1 and arriving_seen_at is not null',
            [id],
          )
          .catch(() => undefined);
      }, SEEN_EVERY_MS);
      return null;
    },

    async setPolicy(policy) {
      order = policy.order;
      const sql = 'update ecs_image_import.batches set policy = $2 where id = $1';
      await whileLost(() => pool.query(sql, [id, JSON.stringify(policy)]));
    },

    async setNames(names) {
      const sql = 'update ecs_image_import.batches set names = $2 where id = $1';
      await whileLost(() => pool.query(sql, [id, JSON.stringify(names)]));
    },

    async add(items) {
      added += items.length;
      const values = [id, JSON.stringify(items.map(rowOf)), order];
      await whileLost(() =>
        pool.query(
          `with given as (
           select * from jsonb_to_recordset($2::jsonb) as g
             (item int, line int, account text, region text, bucket text, image_name text, request jsonb, file_queue text, priority int)
         ), lane as (
           insert into ecs_image_import.batch_lanes (batch_id, account, region, bucket)
           select distinct $1, account, region, bucket from given on conflict do nothing
         )
         insert into ecs_image_import.batch_items (batch_id, item, line, state, account, region, bucket, image_name, request, file_queue, priority, rank)
         select $1, item, line, 'waiting', account, region, bucket, image_name, request, file_queue, priority, ${RANK_SQL('$3')} from given
         on conflict do nothing`,
          values,
        ),
      );
    },

    async addSkipped(items) {
      const rows = items.map(({ item, line, imageName, problems }) => ({
        item,
        line,
        image_name: imageName,
        problems,
      }));
      await whileLost(() =>
        pool.query(
          `insert into ecs_image_import.batch_items (batch_id, item, line, state, region, bucket, image_name, problems, file_queue, priority, rank)
         select $1, item, line, 'invalid', '', '', coalesce(image_name, ''), problems, '', 9, 0
         from jsonb_to_recordset($2::jsonb) as g (item int, line int, image_name text, problems jsonb)
         on conflict do nothing`,
          [id, JSON.stringify(rows)],
        ),
      );
    },

    async markRepeated() {
      // An earlier attempt may have marked them.
      const marked = await whileLost(() =>
        pool.query<{ item: number; line: number; image_name: string; problems: RequestProblem[] }>(
          `with repeated as materialized (
           select * from (
             select item as number, first_value(line) over same as first_line, row_number() over same as nth
             from ecs_image_import.batch_items where batch_id = $1 and state = 'waiting'
             window same as (partition by account, region, image_name order by item)) names
           where nth > 1
         ), marked as (
         update ecs_image_import.batch_items set state = 'invalid', problems = jsonb_build_array(jsonb_build_object(
           'path', 'imageName', 'rule', 'batch.unique', 'given', to_json(image_name)::text,
           'message', 'line ' || first_line || ' has the same image name in region ' || region || ': names are unique in a region',
           'vendorCode', 'InvalidImageName.Duplicated'))
         from repeated where batch_id = $1 and item = number
         returning item, line, image_name, problems)
         select * from marked union all
         select item, line, image_name, problems from ecs_image_import.batch_items
         where batch_id = $1 and state = 'invalid' and problems @> '[{"rule": "batch.unique"}]'`,
          [id],
        ),
      );
      return marked.rows.map((row) => ({
        item: row.item,
        line: row.line,
        imageName: row.image_name,
        problems: row.problems,
      }));
    },

    async commit(digest) {
      clearInterval(seen);
      // An earlier attempt may have committed it.
      const { rows } = await whileLost(() =>
        pool.query<{ is_made: boolean }>(
          `with made as (
           update ecs_image_import.batches set digest = $2, arriving_seen_at = null, workflow_started_at = null, created_at = now(), updated_at = now()
           where id = $1 and arriving_seen_at is not null returning id)
         select exists (select from made union all
           select from ecs_image_import.batches where id = $1 and digest = $2 and arriving_seen_at is null) as is_made`,
          [id, digest],
        ),
      );
      // The batch is committed, so a failure here is ignored.
      await renewStatistics(pool, added).catch(() => undefined);
      return rows[0]?.is_made === true;
    },

    async abandon() {
      clearInterval(seen);
      if (id === '') return;
      const sql = 'delete from ecs_image_import.batches where id = $1 and arriving_seen_at is not null';
      const remove = () => pool.query(sql, [id]);
      await remove().catch((error: unknown) => {
        // Until then, the name is in use.
        repeatLater(remove);
        throw error;
      });
    },
  };
}

/** Query plans for a small table are slow for a large one. A batch that changes little does not need the second that this takes. */
async function renewStatistics(pool: pg.Pool, added: number): Promise<void> {
  const { rows } = await pool.query<{ has_grown: boolean }>(
    `select reltuples < $1::float4 * 10 as has_grown from pg_class where oid = 'ecs_image_import.batch_items'::regclass`,
    [added],
  );
  if (rows[0]?.has_grown === true)
    await pool.query('analyze ecs_image_import.batch_items, ecs_image_import.batch_lanes');
}

function rowOf(item: NewBatchItem): object {
  const { request } = item;
  return {
    item: item.number,
    line: item.line,
    account: request.account ?? '',
    region: request.region,
    bucket: bucketOf(request),
    image_name: request.imageName,
    request,
    file_queue: item.fileQueue,
    priority: item.priority,
  };
}

/** The bucket from which ECS reads the system disk. */
export function bucketOf(request: ImportRequest): string {
  return parseObjectLocation(request.disks[0]?.source ?? '')?.bucket ?? request.upload.bucket;
}
