/** How many items of a batch are in each state. */
import type pg from 'pg';
import type { BatchCounts } from '../domain/batch/batch.js';

/** Counts the items by their current state, including the final states of imports that are not yet copied to their items. */
export async function countItems(pool: pg.Pool, batchId: string): Promise<BatchCounts> {
  const result = await pool.query<{ counts: Record<string, number>; fresh: number }>(
    `select
       (select coalesce(jsonb_object_agg(state, n), '{}') from (
         select state, sum(n) as n from (
           select state, count(*) as n from ecs_image_import.batch_items where batch_id = $1 and state <> 'started' group by state
           union all
           select i.state, count(*) from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
           where b.batch_id = $1 and b.state = 'started' group by i.state) both_kinds group by state) summed) as counts,
       (select count(*)::int from ecs_image_import.batch_items where batch_id = $1 and state = 'waiting' and attempt = 0) as fresh`,
    [batchId],
  );
  const { counts = {}, fresh = 0 } = result.rows[0] ?? {};
  const of = (state: string) => counts[state] ?? 0;
  return {
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    invalid: of('invalid'),
    waiting: of('waiting'),
    fresh,
    running: of('running') + of('cancelling'),
    attention: of('attention'),
    succeeded: of('succeeded'),
    failed: of('failed'),
    cancelled: of('cancelled'),
  };
}
