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
/** While a transaction of any program stays open for longer, a read returns nothing. */
const WAIT_MS = 10_000;

export function allEvents(pool: pg.Pool) {
  const value = async (sql: string): Promise<bigint> => {
    const { rows } = await pool.query<{ value: string }>(sql);
    return BigInt(rows[0]?.value ?? 0);
  };

  return {
    /**
     * Reads the events after `position`. The lock of an import orders only its own events: of two imports, the event with the
     * lower id may be committed later. So this waits until every transaction that may still commit a lower one has ended; a
     * transaction gets its number before its events get their ids.
     * @param most the largest distance between two positions, which limits the number of events
     */
    async eventsOfAll(position: number, most = 1_000): Promise<EventsOfAll> {
      const last = Number(await value('select last_value as value from ecs_image_import.events_id_seq'));
      if (last <= position) return { events: [], position };
      // A new number is above that of every transaction which has one, also of those that no snapshot counts yet.
      const next = await value('select pg_current_xact_id() as value');
      const deadline = performance.now() + WAIT_MS;
      while ((await value('select pg_snapshot_xmin(pg_current_snapshot()) as value')) < next) {
        if (performance.now() > deadline) return { events: [], position };
        await sleep(POLL_MS);
      }
      const until = Math.min(last, position + most);
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
