/** Batches as the API shows them: counts, phases, failures by cause, cost estimate, and items. */

import type pg from 'pg';
import {
  type BatchCause,
  type BatchEstimate,
  type BatchHold,
  type BatchItemView,
  type BatchState,
  type BatchView,
  type ItemState,
  isFinalBatch,
} from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import { remedyForAll } from '../domain/errors/index.js';
import type { Phase } from '../domain/import.js';
import type { RequestProblem } from '../domain/request/request.js';
import { countItems } from './batches.js';
import { FINAL_STATES_SQL } from './final-states.js';

interface BatchRow {
  readonly id: string;
  readonly name: string;
  readonly state: BatchState;
  readonly policy: BatchPolicy;
  readonly attention: BatchHold | null;
  readonly waits_for: BatchHold | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
}

export interface BatchListFilter {
  readonly state?: BatchState;
  readonly cursor?: string;
  readonly limit: number;
}

export interface BatchSummary extends Pick<BatchView, 'id' | 'name' | 'state' | 'createdAt' | 'updatedAt' | 'endedAt'> {
  readonly items: number;
  readonly ended: number;
}

export interface ItemFilter {
  readonly state?: ItemState;
  /** Number of the last item of the previous page. */
  readonly after: number;
  readonly limit: number;
}

/** Prices that the operator has configured. */
export interface Prices {
  readonly currency: string;
  /** Of images and objects, per GiB and month. */
  readonly storageGiBMonth: number;
  /** Between regions, per GiB. */
  readonly trafficGiB: number;
}

const RATE_MINUTES = 5;
const CAUSES = 20;
const GIB = 1024 ** 3;

/** How long an estimate is reused. It reads every item's request and ledger, which for a watched batch of 10,000 items was the largest load on the database. */
const ESTIMATE_FOR_MS = 15_000;

export type BatchViews = ReturnType<typeof createBatchViews>;

export function createBatchViews(pool: pg.Pool, prices: Prices | null) {
  const estimates = new Map<string, { readonly estimate: Promise<BatchEstimate>; readonly untilMs: number }>();

  /** Computed for an ended batch; cached for a running one. */
  function estimate(batchId: string, state: BatchState): Promise<BatchEstimate> {
    const now = Date.now();
    for (const [id, { untilMs }] of estimates) if (untilMs <= now) estimates.delete(id);
    const known = estimates.get(batchId);
    if (known !== undefined && !isFinalBatch(state)) return known.estimate;
    const fresh = estimateOf(pool, batchId, prices);
    estimates.set(batchId, { estimate: fresh, untilMs: now + ESTIMATE_FOR_MS });
    fresh.catch(() => estimates.delete(batchId));
    return fresh;
  }

  return {
    async get(batchId: string): Promise<BatchView | null> {
      const found = await pool.query<BatchRow>(
        'select * from ecs_image_import.batches where id = $1 and arriving_seen_at is null',
        [batchId],
      );
      const row = found.rows[0];
      if (row === undefined) return null;
      const { fresh: _internal, ...counts } = await countItems(pool, batchId);
      const [phases, perMinute, failures, attentions, costs] = await Promise.all([
        phasesOf(pool, batchId),
        rateOf(pool, batchId),
        causesOf(pool, batchId, 'failed', 'error'),
        causesOf(pool, batchId, 'attention', 'attention'),
        estimate(batchId, row.state),
      ]);
      const remaining = counts.waiting + counts.running;
      return {
        id: row.id,
        name: row.name,
        state: row.state,
        policy: row.policy,
        attention: row.attention,
        waitsFor: row.waits_for,
        counts,
        phases,
        importsPerMinute: perMinute,
        etaSeconds: row.state === 'running' && perMinute !== null ? Math.ceil((remaining / perMinute) * 60) : null,
        estimate: costs,
        failures,
        attentions,
        createdAt: row.created_at.toISOString(),
        updatedAt: row.updated_at.toISOString(),
        endedAt: row.ended_at?.toISOString() ?? null,
      };
    },

    /** Newest first. */
    async list(filter: BatchListFilter): Promise<readonly BatchSummary[]> {
      const result = await pool.query<BatchRow & { readonly items: number; readonly ended: number }>(
        `select b.*, c.items, c.ended from ecs_image_import.batches b cross join lateral (
           select count(*)::int as items,
             (count(*) filter (where state in ${FINAL_STATES_SQL} or state = 'invalid'))::int as ended
           from ecs_image_import.batch_items where batch_id = b.id) c
         where b.arriving_seen_at is null and ($1::text is null or b.state = $1) and ($2::text is null or b.id < $2)
         order by b.id desc limit $3`,
        [filter.state ?? null, filter.cursor ?? null, filter.limit],
      );
      return result.rows.map((row) => ({
        id: row.id,
        name: row.name,
        state: row.state,
        items: row.items,
        ended: row.ended,
        createdAt: row.created_at.toISOString(),
        updatedAt: row.updated_at.toISOString(),
        endedAt: row.ended_at?.toISOString() ?? null,
      }));
    },

    /** In file order. */
    async items(batchId: string, filter: ItemFilter): Promise<readonly BatchItemView[]> {
      const result = await pool.query<ItemRow>(
        `select * from (
           select b.item, b.line, b.region, b.image_name, b.attempt, b.import_id, b.problems, b.started_at,
             case when b.state = 'started' and i.state in ${FINAL_STATES_SQL} then i.state else b.state end as state,
             coalesce(b.ended_at, case when i.state in ${FINAL_STATES_SQL} then i.updated_at end) as ended_at,
             i.phase, i.image ->> 'imageId' as image_id, coalesce(i.error, i.attention) as failure
           from ecs_image_import.batch_items b left join ecs_image_import.imports i on i.id = b.import_id
           where b.batch_id = $1 and b.item > $2) items
         where $3::text is null or state = $3
         order by item limit $4`,
        [batchId, filter.after, filter.state ?? null, filter.limit],
      );
      return result.rows.map(toItem);
    },
  };
}

interface ItemRow {
  readonly item: number;
  readonly line: number;
  readonly state: ItemState;
  readonly region: string;
  readonly image_name: string;
  readonly attempt: number;
  readonly import_id: string | null;
  readonly problems: readonly RequestProblem[] | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly phase: Phase | null;
  readonly image_id: string | null;
  readonly failure: BatchHold | null;
}

function toItem(row: ItemRow): BatchItemView {
  const refused = row.problems
    ?.map((one) => (one.path === '' ? one.message : `${one.path}: ${one.message}`))
    .join('; ');
  return {
    item: row.item,
    line: row.line,
    state: row.state,
    region: row.region,
    imageName: row.image_name,
    attempt: row.attempt,
    importId: row.import_id,
    phase: row.phase,
    imageId: row.image_id,
    code: row.failure?.code ?? (refused === undefined ? null : 'Request.Invalid'),
    message: row.failure?.message ?? refused ?? null,
    remedy: row.failure?.remedy ?? null,
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

async function phasesOf(pool: pg.Pool, batchId: string): Promise<BatchView['phases']> {
  const result = await pool.query<{ phases: BatchView['phases'] }>(
    `select coalesce(jsonb_object_agg(phase, n), '{}') as phases from (
       select i.phase, count(*) as n from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
       where b.batch_id = $1 and b.state = 'started' and i.state in ('running', 'cancelling', 'attention') group by i.phase) counted`,
    [batchId],
  );
  return result.rows[0]?.phases ?? {};
}

/** Imports per minute over the last minutes, or since the first of them started if that is less; null if none ended. */
async function rateOf(pool: pg.Pool, batchId: string): Promise<number | null> {
  const result = await pool.query<{ ended: number; minutes: number | null }>(
    `select count(*)::int as ended,
       extract(epoch from now() - greatest(min(started_at), now() - interval '${RATE_MINUTES} minutes'))::float / 60 as minutes
     from ecs_image_import.batch_items where batch_id = $1 and state in ('succeeded', 'failed') and ended_at > now() - interval '${RATE_MINUTES} minutes'`,
    [batchId],
  );
  const { ended = 0, minutes = null } = result.rows[0] ?? {};
  return ended === 0 || minutes === null || minutes <= 0 ? null : ended / minutes;
}

/** The imports of the latest attempts in `state`, grouped by the code in `column`. */
async function causesOf(
  pool: pg.Pool,
  batchId: string,
  state: 'failed' | 'attention',
  column: 'error' | 'attention',
): Promise<readonly BatchCause[]> {
  const result = await pool.query<BatchCause & { readonly remedies: string }>(
    `select code, count(*)::int as count, min(message) as message, min(remedy) as remedy, count(distinct remedy) as remedies,
       (array_agg(id order by id))[1:5] as examples
     from (
       select i.id, i.${column} ->> 'code' as code, i.${column} ->> 'message' as message, i.${column} ->> 'remedy' as remedy
       from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
       where b.batch_id = $1 and b.state in ('started', 'failed') and i.state = $2) causes
     group by code order by count(*) desc, code limit ${CAUSES}`,
    [batchId, state],
  );
  return result.rows.map(({ remedies, ...cause }) => ({
    ...cause,
    remedy: remedies === '1' ? cause.remedy : remedyForAll(cause.code, cause.remedy),
  }));
}

/** Sums the uploads and images of succeeded imports, and extrapolates to the remaining ones. */
async function estimateOf(pool: pg.Pool, batchId: string, prices: Prices | null): Promise<BatchEstimate> {
  const result = await pool.query<{
    uploaded: number;
    succeeded: number;
    image_gib: number;
    waiting: number;
    copies: number;
  }>(
    `select
       coalesce(sum(size), 0)::float as uploaded,
       (count(*) filter (where state = 'succeeded'))::int as succeeded,
       coalesce(sum(coalesce(asked_gib, ceil(size / ${GIB}.0))) filter (where state = 'succeeded'), 0)::float as image_gib,
       (count(*) filter (where state in ('waiting', 'started')))::int as waiting,
       coalesce(sum(copies) filter (where state <> 'failed' and state <> 'cancelled'), 0)::float as copies
     from (
       select b.state,
         (select sum((l.detail ->> 'size')::bigint) from ecs_image_import.ledger l where l.import_id = b.import_id and l.kind = 'object') as size,
         (select sum((d ->> 'diskImageSize')::int) from jsonb_array_elements(b.request -> 'disks') d) as asked_gib,
         coalesce(jsonb_array_length(b.request -> 'distribute' -> 'regions'), 0) as copies
       from ecs_image_import.batch_items b where b.batch_id = $1 and b.state <> 'invalid') items`,
    [batchId],
  );
  const { uploaded = 0, succeeded = 0, image_gib: imageGiB = 0, waiting = 0, copies = 0 } = result.rows[0] ?? {};
  const extrapolate = (soFar: number) => (succeeded === 0 ? null : (soFar * (succeeded + waiting)) / succeeded);
  const expectedImageGiB = extrapolate(imageGiB);
  const expectedCopyGiB = succeeded === 0 ? null : (imageGiB / succeeded) * copies;
  const cost =
    prices === null || expectedImageGiB === null || expectedCopyGiB === null
      ? null
      : {
          currency: prices.currency,
          storagePerMonth: (expectedImageGiB + expectedCopyGiB) * prices.storageGiBMonth,
          traffic: expectedCopyGiB * prices.trafficGiB,
        };
  return {
    uploadedBytes: uploaded,
    expectedUploadBytes: extrapolate(uploaded),
    imageGiB,
    expectedImageGiB,
    expectedCopyGiB,
    cost,
  };
}
