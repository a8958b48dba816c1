/** Batches whose files are being received. */
import type pg from 'pg';

/** Interval at which an arriving batch is marked as alive; ms. */
export const SEEN_EVERY_MS = 10_000;
/** An arriving batch that was not marked for longer belongs to a dead process; ms. */
const GONE_AFTER_MS = 60_000;

/** Removes the batches whose files no process receives any more. */
export async function removeGoneArrivals(pool: pg.Pool): Promise<void> {
  await pool.query(
    `delete from ecs_image_import.batches where arriving_seen_at < now() - ${GONE_AFTER_MS} * interval '1 millisecond'`,
  );
}
