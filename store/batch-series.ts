/** How many imports of a batch ended over time, and which causes its failures had. It reads the ended items of this batch. */
import type pg from 'pg';

export interface SeriesPoint {
  /** The beginning of the step; ISO 8601. */
  readonly at: string;
  readonly succeeded: number;
  readonly failed: number;
}

export interface BatchSeries {
  readonly stepSeconds: number;
  /** From the start of the batch to its end, or to now; without gaps. */
  readonly points: readonly SeriesPoint[];
  /** The most frequent causes: for each, the number of failures in each step. The last one, `other`, sums the rest. */
  readonly causes: readonly { readonly code: string; readonly failures: number; readonly points: readonly number[] }[];
}

const MOST_CAUSES = 6;
/** Short steps show nothing but noise. */
const MIN_STEP_S = 5;

export type BatchSeriesStore = ReturnType<typeof createBatchSeries>;

export function createBatchSeries(pool: pg.Pool) {
  return {
    /** Null: the batch does not exist. @param steps how many points the series has at most */
    async series(batchId: string, steps: number): Promise<BatchSeries | null> {
      const span = await pool.query<{ begin: number; end: number }>(
        `select extract(epoch from created_at)::float8 as begin,
           extract(epoch from case when ended_at is null then now() else ended_at end)::float8 as end
         from ecs_image_import.batches where id = $1 and arriving_seen_at is null`,
        [batchId],
      );
      const [found] = span.rows;
      if (found === undefined) return null;
      const stepSeconds = Math.max(MIN_STEP_S, Math.ceil((found.end - found.begin + 1) / steps));
      const count = Math.max(1, Math.ceil((found.end - found.begin + 1) / stepSeconds));
      const { rows } = await pool.query<{ step: number; code: string | null; state: string; items: number }>(
        `select least(greatest(floor((extract(epoch from b.ended_at) - $2::float8) / $3::float8), 0), $4::int - 1)::int as step, b.state,
           case when b.state = 'failed' then coalesce(i.error ->> 'code', 'unknown') end as code, count(*)::int as items
         from ecs_image_import.batch_items b
         left join ecs_image_import.imports i on b.state = 'failed' and i.id = b.import_id
         where b.batch_id = $1 and b.state in ('succeeded', 'failed') and b.ended_at is not null group by 1, 2, 3`,
        [batchId, found.begin, stepSeconds, count],
      );
      return seriesOf(rows, found.begin, stepSeconds, count);
    },
  };
}

function seriesOf(
  rows: readonly {
    readonly step: number;
    readonly code: string | null;
    readonly state: string;
    readonly items: number;
  }[],
  begin: number,
  stepSeconds: number,
  count: number,
): BatchSeries {
  const zeros = () => Array.from({ length: count }, () => 0);
  const succeeded = zeros();
  const byCode = new Map<string, number[]>();
  for (const { step, code, state, items } of rows) {
    const line = state === 'succeeded' ? succeeded : (byCode.get(code ?? 'unknown') ?? zeros());
    line[step] = (line[step] ?? 0) + items;
    if (state !== 'succeeded') byCode.set(code ?? 'unknown', line);
  }
  const sum = (line: readonly number[]) => line.reduce((total, one) => total + one, 0);
  const all = [...byCode].map(([code, points]) => ({ code, failures: sum(points), points }));
  all.sort((one, other) => other.failures - one.failures || (one.code < other.code ? -1 : 1));
  const rest = all.slice(MOST_CAUSES);
  const at = (step: number) => rest.reduce((total, { points }) => total + (points[step] ?? 0), 0);
  const other = zeros().map((_, step) => at(step));
  const failed = zeros().map((_, step) => all.reduce((total, { points }) => total + (points[step] ?? 0), 0));
  return {
    stepSeconds,
    points: zeros().map((_, step) => ({
      at: new Date((begin + step * stepSeconds) * 1_000).toISOString(),
      succeeded: succeeded[step] ?? 0,
      failed: failed[step] ?? 0,
    })),
    causes: [
      ...all.slice(0, MOST_CAUSES),
      ...(rest.length === 0 ? [] : [{ code: 'other', failures: sum(other), points: other }]),
    ],
  };
}
