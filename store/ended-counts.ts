/**
 * How many imports are in each state. Those that run are counted. Those that have ended grow without limit, so a trigger writes
 * each change of their number into `ended_counts`.
 */
import type pg from 'pg';
import { OPEN_STATES_SQL } from './final-states.js';

/** A larger number of rows is summed. */
const MAX_ROWS = 1_000;

export function endedCountQueries(pool: pg.Pool) {
  /** Replaces the rows by one for each state. Of two processes, each sums the rows that it has deleted itself. */
  async function sumChanges(): Promise<void> {
    await pool.query(
      `with gone as (delete from ecs_image_import.ended_counts returning state, count)
       insert into ecs_image_import.ended_counts (state, count) select state, sum(count) from gone group by state`,
    );
  }

  return {
    /** States without an import are absent. */
    async countByState(): Promise<Readonly<Record<string, number>>> {
      const { rows } = await pool.query<{ state: string; count: string; rows: string }>(
        `select state, sum(count) as count, sum(rows) as rows from (
           select state, count(*) as count, 0 as rows from ecs_image_import.imports
           where state in ${OPEN_STATES_SQL} group by state
           union all
           select state, sum(count), count(*) from ecs_image_import.ended_counts group by state
         ) as counted group by state having sum(count) > 0`,
      );
      if (rows.reduce((sum, row) => sum + Number(row.rows), 0) > MAX_ROWS) await sumChanges();
      return Object.fromEntries(rows.map((row) => [row.state, Number(row.count)]));
    },
  };
}
