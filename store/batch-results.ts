/**
 * What a batch has achieved: its counts, the causes of failures and stops, and what it used. It reads every item. A batch that has
 * ended keeps it, so that a large one is read once.
 */
import type pg from 'pg';
import { type BatchCause, type BatchCounts, type BatchState, isFinalBatch } from '../domain/batch/batch.js';
import { remedyForAll } from '../domain/errors/index.js';
import { countItems } from './batch-counts.js';

/** The sums of which an estimate is made. */
export interface BatchUse {
  readonly uploaded: number;
  readonly succeeded: number;
  readonly imageGiB: number;
  readonly waiting: number;
  readonly copies: number;
}

export interface BatchResult {
  readonly counts: BatchCounts;
  readonly failures: readonly BatchCause[];
  readonly attentions: readonly BatchCause[];
  readonly use: BatchUse;
}

/** A batch as it was read: a change of its row makes another revision. */
interface BatchRevision {
  readonly id: string;
  readonly state: BatchState;
  readonly revision: string;
  readonly result: BatchResult | null;
}

const CAUSES = 20;
const GIB = 1024 ** 3;

/** How long the sums of a running batch are used. They read the request and the ledger of every item. */
const USE_FOR_MS = 15_000;
/** A batch whose sums take long is summed less often: this part of the time. */
const MAX_SHARE = 0.05;

export function createBatchResults(pool: pg.Pool) {
  const uses = new Map<string, { readonly use: Promise<BatchUse>; untilMs: number }>();
  const reading = new Map<string, Promise<BatchResult>>();

  /** After their time, the sums are used once more while new ones are read. */
  function useOf(batchId: string): Promise<BatchUse> {
    const now = Date.now();
    const known = uses.get(batchId);
    if (known !== undefined && now < known.untilMs) return known.use;
    for (const [id, { untilMs }] of uses) if (untilMs + USE_FOR_MS <= now) uses.delete(id);
    const use = readUse(pool, batchId);
    const entry = { use: uses.get(batchId)?.use ?? use, untilMs: now + USE_FOR_MS };
    uses.set(batchId, entry);
    use.then(
      () => uses.set(batchId, { use, untilMs: Date.now() + Math.max(USE_FOR_MS, (Date.now() - now) / MAX_SHARE) }),
      () => uses.delete(batchId),
    );
    return entry.use;
  }

  async function read(batchId: string, isFinal: boolean): Promise<BatchResult> {
    const counts = await countItems(pool, batchId);
    const [failures, attentions, use] = await Promise.all([
      causesOf(pool, batchId, 'failed', 'error'),
      causesOf(pool, batchId, 'attention', 'attention'),
      isFinal ? readUse(pool, batchId) : useOf(batchId),
    ]);
    return { counts, failures, attentions, use };
  }

  /** Has no effect if the batch was changed since it was read, for example by a retry. */
  async function keep({ id, revision }: BatchRevision, result: BatchResult): Promise<void> {
    const { waiting, running, attention } = result.counts;
    if (waiting + running + attention > 0) return;
    await pool.query('update ecs_image_import.batches set result = $3 where id = $1 and xmin::text = $2', [
      id,
      revision,
      JSON.stringify(result),
    ]);
  }

  async function resultOf(batch: BatchRevision): Promise<BatchResult> {
    if (!isFinalBatch(batch.state)) return await read(batch.id, false);
    if (batch.result !== null) return batch.result;
    const key = `${batch.id} ${batch.revision}`;
    const shared =
      reading.get(key) ??
      read(batch.id, true)
        .then(async (result) => {
          await keep(batch, result);
          return result;
        })
        .finally(() => reading.delete(key));
    reading.set(key, shared);
    return await shared;
  }

  return {
    resultOf,

    /** Keeps the results of batches that have ended, so that no user waits for them. */
    async keepResults(limit: number): Promise<void> {
      const { rows } = await pool.query<BatchRevision>(
        `select id, state, xmin::text as revision, result from ecs_image_import.batches b
         where ended_at is not null and result is null and arriving_seen_at is null and not exists (
           select from ecs_image_import.batch_items where batch_id = b.id and state in ('started', 'waiting'))
         order by id desc limit $1`,
        [limit],
      );
      for (const batch of rows) await resultOf(batch);
    },
  };
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

async function readUse(pool: pg.Pool, batchId: string): Promise<BatchUse> {
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
  return { uploaded, succeeded, imageGiB, waiting, copies };
}
