/** The events of all imports, in the order of their ids. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ImportEvent } from '../domain/import.js';

export interface EventsOfAll {
  readonly events: readonly (ImportEvent & { readonly id: number; readonly importId: string })[];
  /** Every event up to this id was returned now or before: the next read continues here. */
  readonly position: number;
}

const POLL_MS = 20;
const POLL_MOST_MS = 500;
/** While a transaction that writes events stays open for longer, a read returns nothing. */
const WAIT_MS = 10_000;

export function allEvents(pool: pg.Pool) {
  return {
    /**
     * Reads the events after `position`, up to `settledPosition`.
     * @param most the largest distance between two positions, which limits the number of events
     */
    async eventsOfAll(position: number, most = 1_000): Promise<EventsOfAll> {
      const until = Math.min(await settledPosition(pool, position), position + most);
      if (until === position) return { events: [], position };
      const { rows } = await pool.query<ImportEvent & { id: string; importId: string; at: Date }>(
        `select id, import_id as "importId", at, type, phase, state, message, detail from ecs_image_import.events
         where id > $1 and id <= $2 order by id`,
        [position, until],
      );
      return {
        events: rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() })),
        position: until,
      };
    },
  };
}

/**
 * The last id up to which no event will be committed any more; `position` if there is none after it. The lock of an import orders
 * only its own events: of two imports, the event with the lower id may be committed later. So this waits for the transactions
 * that write events: an INSERT locks its table before it takes an id, until its transaction ends. Transactions of other
 * programs do not matter.
 */
export async function settledPosition(pool: pg.Pool, position: number): Promise<number> {
  const { rows } = await pool.query<{ last: string }>('select ecs_image_import.last_event_id() as last');
  const last = Number(rows[0]?.last ?? 0);
  if (last <= position) return position;
  let open = await writersOf(pool);
  const deadline = performance.now() + WAIT_MS;
  for (let pauseMs = POLL_MS; open.length > 0; pauseMs = Math.min(pauseMs * 2, POLL_MOST_MS)) {
    if (performance.now() > deadline) return position;
    await sleep(pauseMs);
    const now = await writersOf(pool);
    open = open.filter((one) => now.includes(one));
  }
  return last;
}

/** The transactions that may have taken ids of events. */
async function writersOf(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ writer: string }>(
    `select distinct virtualtransaction as writer from pg_locks
     where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
       and database = (select oid from pg_database where datname = current_database())
       and relation in ('ecs_image_import.events'::regclass, 'ecs_image_import.batch_events'::regclass)`,
  );
  return rows.map(({ writer }) => writer);
}
