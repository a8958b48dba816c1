/** Counts the rows and index entries that the server reads. */
import type pg from 'pg';

/**
 * @param pool with one connection, so that the counters of the server are complete
 * @param few tables with fewer rows are not counted when all of their rows are read
 */
export async function countRowsRead(pool: pg.Pool, few: number, work: () => Promise<unknown>): Promise<number> {
  const counted = async () => {
    await pool.query('select pg_stat_force_next_flush()');
    await pool.query('select pg_stat_clear_snapshot()');
    const { rows } = await pool.query<{ rows: string }>(
      `select (select sum(seq_tup_read) from pg_stat_user_tables where schemaname = 'ecs_image_import' and n_live_tup > ${few})
         + (select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = 'ecs_image_import') as rows`,
    );
    return Number(rows[0]?.rows ?? 0);
  };
  const before = await counted();
  await work();
  return (await counted()) - before;
}
