/** Batches as the API shows them: counts, phases, failures by cause, cost estimate, and items. */

import type pg from 'pg';
import type { BatchNames } from '../domain/access/named.js';
import type {
  BatchEstimate,
  BatchHold,
  BatchItemView,
  BatchState,
  BatchView,
  ItemState,
} from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import type { Phase } from '../domain/import.js';
import type { Requester } from '../domain/import-facts.js';
import type { RequestProblem } from '../domain/request/request.js';
import { type BatchResult, type BatchUse, createBatchResults } from './batch-results.js';
import { FINAL_STATES_SQL, OPEN_STATES_SQL } from './final-states.js';
import { type PageCondition, pageCondition } from './pages.js';

interface BatchRow {
  readonly id: string;
  readonly name: string;
  readonly state: BatchState;
  readonly policy: BatchPolicy;
  readonly attention: BatchHold | null;
  readonly waits_for: BatchHold | null;
  readonly created_by: Requester | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
  readonly revision: string;
  readonly result: BatchResult | null;
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

/**
 * Items of a batch in their order, by index. An item is `started` until the end of its import is copied to it, so items in a
 * final state have two conditions; each reads no more than a page, or the few started items.
 */
function itemsIn(state: ItemState | undefined): string {
  const select = `
    select b.item, b.line, b.account, b.region, b.image_name, b.attempt, b.import_id, b.problems, b.started_at,
      case when b.state = 'started' and i.state in ${FINAL_STATES_SQL} then i.state else b.state end as state,
      coalesce(b.ended_at, case when i.state in ${FINAL_STATES_SQL} then i.updated_at end) as ended_at,
      i.phase, i.image ->> 'imageId' as image_id, coalesce(i.error, i.attention) as failure
    from ecs_image_import.batch_items b left join ecs_image_import.imports i on i.id = b.import_id
    where b.batch_id = $1`;
  // As in pages.ts: only the index of the state has this order.
  const inState = (itemState: string, condition = '') =>
    `${select} and (b.state, b.item) > (${itemState}, $2) and b.state <= ${itemState} ${condition} order by b.state, b.item limit $3`;
  switch (state) {
    case undefined:
      return `${select} and b.item > $2 order by b.item limit $3`;
    case 'invalid':
    case 'waiting':
      return inState('$4');
    case 'started':
      return inState('$4', `and (i.state is null or i.state in ${OPEN_STATES_SQL})`);
    default:
      return `(${inState('$4')}) union all (${inState("'started'", 'and i.state = $4')}) order by item limit $3`;
  }
}

export type BatchViews = ReturnType<typeof createBatchViews>;

export function createBatchViews(pool: pg.Pool, prices: Prices | null) {
  const { resultOf, keepResults } = createBatchResults(pool);

  return {
    keepResults,

    async get(batchId: string): Promise<BatchView | null> {
      const found = await pool.query<BatchRow>(
        'select *, xmin::text as revision from ecs_image_import.batches where id = $1 and arriving_seen_at is null',
        [batchId],
      );
      const row = found.rows[0];
      if (row === undefined) return null;
      const [{ counts, failures, attentions, use }, phases, perMinute] = await Promise.all([
        resultOf(row),
        phasesOf(pool, batchId),
        rateOf(pool, batchId),
      ]);
      const { fresh: _internal, ...shown } = counts;
      const remaining = counts.waiting + counts.running;
      return {
        id: row.id,
        name: row.name,
        state: row.state,
        policy: row.policy,
        attention: row.attention,
        waitsFor: row.waits_for,
        counts: shown,
        phases,
        importsPerMinute: perMinute,
        etaSeconds: row.state === 'running' && perMinute !== null ? Math.ceil((remaining / perMinute) * 60) : null,
        estimate: estimateOf(use, prices),
        failures,
        attentions,
        createdBy: row.created_by,
        createdAt: row.created_at.toISOString(),
        updatedAt: row.updated_at.toISOString(),
        endedAt: row.ended_at?.toISOString() ?? null,
      };
    },

    /** Newest first. */
    async list({ limit, ...filter }: BatchListFilter): Promise<readonly BatchSummary[]> {
      const { where, orderBy, values } = conditionOf(filter);
      return await summaries(pool, where, orderBy, [limit, ...values]);
    },

    /** These batches, newest first. */
    async listed(ids: readonly string[]): Promise<readonly BatchSummary[]> {
      return ids.length === 0 ? [] : await summaries(pool, 'b.id = any($2)', 'b.id desc', [ids.length, ids]);
    },

    /** Newest first: what each batch names; null for batches of earlier versions. */
    async names({
      limit,
      ...filter
    }: BatchListFilter): Promise<readonly { readonly id: string; readonly names: BatchNames | null }[]> {
      const { where, orderBy, values } = conditionOf(filter);
      const { rows } = await pool.query<{ id: string; names: BatchNames | null }>(
        `select b.id, b.names from ecs_image_import.batches b where b.arriving_seen_at is null and ${where}
         order by ${orderBy} limit $1`,
        [limit, ...values],
      );
      return rows;
    },

    /** In file order. */
    async items(batchId: string, { state, after, limit }: ItemFilter): Promise<readonly BatchItemView[]> {
      const result = await pool.query<ItemRow>(itemsIn(state), [
        ...[batchId, after, limit],
        ...(state === undefined ? [] : [state]),
      ]);
      return result.rows.map(toItem);
    },
  };
}

function conditionOf({ state, cursor }: Omit<BatchListFilter, 'limit'>): PageCondition {
  const keys = state === undefined ? [] : [{ column: 'b.state', value: state }];
  return pageCondition(keys, 'b.id', cursor, 'desc', 2);
}

/** @param values the limit first */
async function summaries(
  pool: pg.Pool,
  where: string,
  orderBy: string,
  values: readonly unknown[],
): Promise<readonly BatchSummary[]> {
  const result = await pool.query<BatchRow & { readonly items: number; readonly ended: number }>(
    `select b.*, coalesce((b.result -> 'counts' ->> 'total')::int, c.items) as items,
       coalesce((b.result -> 'counts' ->> 'total')::int, c.ended) as ended
     from ecs_image_import.batches b cross join lateral (
       select count(*)::int as items,
         (count(*) filter (where state in ${FINAL_STATES_SQL} or state = 'invalid'))::int as ended
       from ecs_image_import.batch_items where batch_id = b.id and b.result is null) c
     where b.arriving_seen_at is null and ${where}
     order by ${orderBy} limit $1`,
    [...values],
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
}

interface ItemRow {
  readonly item: number;
  readonly line: number;
  readonly state: ItemState;
  readonly account: string;
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
    account: row.account === '' ? null : row.account,
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

/** Extrapolates the uploads and images of succeeded imports to the remaining ones. */
function estimateOf(
  { uploaded, succeeded, imageGiB, waiting, copies }: BatchUse,
  prices: Prices | null,
): BatchEstimate {
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
