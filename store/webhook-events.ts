/** How events become deliveries: one process at a time, in the order of the events, from a position in PostgreSQL. */
import type pg from 'pg';
import type { Identity } from '../domain/access/identity.js';
import type { BatchNames } from '../domain/access/named.js';
import type { BatchCounts, BatchHold } from '../domain/batch/batch.js';
import type { ImageRef } from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { settledPosition } from './all-events.js';
import { countItems } from './batch-counts.js';
import { FINAL_STATES_SQL } from './final-states.js';

/** The end of an import, or its stop for attention. */
export interface ImportOutcome {
  readonly kind: 'import';
  readonly eventId: string;
  readonly at: Date;
  readonly importId: string;
  /** As the import was then. */
  readonly state: string;
  /** The attention or the error as it was then; empty if there is none. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly request: ImportRequest;
  readonly batchId: string | null;
  readonly image: ImageRef | null;
  readonly copies: readonly ImageRef[];
}

export interface BatchOutcome {
  readonly kind: 'batch';
  readonly eventId: string;
  readonly at: Date;
  readonly batchId: string;
  readonly name: string;
  readonly state: string;
  readonly attention: BatchHold | null;
  /** What its imports name; null: not known. */
  readonly names: BatchNames | null;
  readonly counts: Omit<BatchCounts, 'fresh'>;
}

export type Outcome = ImportOutcome | BatchOutcome;

export interface Subscriber {
  readonly id: string;
  readonly events: readonly string[];
  readonly creator: Identity;
  readonly isDisabled: boolean;
  readonly createdAt: Date;
}

export interface NewDelivery {
  readonly webhookId: string;
  readonly id: string;
  readonly type: string;
  readonly payload: string;
  /** Of a disabled webhook: kept, so that a user can request it later. */
  readonly isDead: boolean;
}

/** Distance of two positions: an import has about 50 events, of which one or two are outcomes. */
const EVENTS_PER_READ = 1_000;

export type WebhookEventStore = ReturnType<typeof createWebhookEventStore>;

export function createWebhookEventStore(pool: pg.Pool) {
  return {
    /** Takes or extends the lease. @returns false if another process has it */
    async lead(holder: string, leaseMs: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.webhook_cursor set holder = $1, lease_until = now() + $2 * interval '1 millisecond'
         where holder = $1 or lease_until < now()`,
        [holder, leaseMs],
      );
      return rowCount === 1;
    },

    /** Ends the lease, so that another process does not wait for its end. */
    async resign(holder: string): Promise<void> {
      await pool.query(`update ecs_image_import.webhook_cursor set lease_until = '-infinity' where holder = $1`, [
        holder,
      ]);
    },

    async position(): Promise<number> {
      const { rows } = await pool.query<{ position: string }>('select position from ecs_image_import.webhook_cursor');
      return Number(rows[0]?.position ?? 0);
    },

    /** The position up to which no event can be missed any more; the given one if there is none. */
    settled: (position: number): Promise<number> => settledPosition(pool, position),

    /** The webhooks, read after the position: one that is created later gets only later events. */
    async subscribers(): Promise<readonly Subscriber[]> {
      const { rows } = await pool.query<Subscriber>(
        `select id, events, creator, disabled is not null as "isDisabled", created_at as "createdAt" from ecs_image_import.webhooks`,
      );
      return rows;
    },

    /** @returns the outcomes after `position`, and up to where they were read */
    async outcomes(
      position: number,
      settled: number,
    ): Promise<{ readonly outcomes: readonly Outcome[]; readonly until: number }> {
      const until = Math.min(settled, position + EVENTS_PER_READ);
      const imports = await pool.query<Omit<ImportOutcome, 'kind'>>(
        `select e.id as "eventId", e.at, e.import_id as "importId", e.state, e.detail, i.request, i.batch_id as "batchId", i.image, i.copies
         from ecs_image_import.events e join ecs_image_import.imports i on i.id = e.import_id
         where e.id > $1 and e.id <= $2 and (e.type = 'attention' or e.type = 'state' and e.state in ${FINAL_STATES_SQL}) order by e.id`,
        [position, until],
      );
      const batches = await pool.query<Omit<BatchOutcome, 'kind' | 'counts'>>(
        `select e.id as "eventId", e.at, e.batch_id as "batchId", e.name, e.state, e.attention, b.names
         from ecs_image_import.batch_events e join ecs_image_import.batches b on b.id = e.batch_id where e.id > $1 and e.id <= $2 order by e.id`,
        [position, until],
      );
      const outcomes: Outcome[] = imports.rows.map((row) => ({ kind: 'import', ...row }));
      for (const row of batches.rows) {
        const { fresh: _internal, ...counts } = await countItems(pool, row.batchId);
        outcomes.push({ kind: 'batch', ...row, counts });
      }
      return { outcomes, until };
    },

    /**
     * Adds the deliveries and moves the position, in one statement. A process that was frozen and wakes changes nothing: the
     * position has moved on.
     * @returns false if another process has moved it
     */
    async advance(from: number, to: number, deliveries: readonly NewDelivery[]): Promise<boolean> {
      const { rowCount } = await pool.query(
        `with moved as (
           update ecs_image_import.webhook_cursor set position = $2 where position = $1 returning position
         ), added as (
           insert into ecs_image_import.webhook_deliveries (webhook_id, id, type, payload, state, ended_at)
           select d."webhookId", d.id, d.type, d.payload, case when d."isDead" then 'dead' else 'pending' end, case when d."isDead" then now() end
           from moved, jsonb_to_recordset($3::jsonb) as d ("webhookId" text, id text, type text, payload text, "isDead" boolean)
           where exists (select from ecs_image_import.webhooks w where w.id = d."webhookId")
           on conflict do nothing
         )
         select from moved`,
        [from, to, JSON.stringify(deliveries)],
      );
      return rowCount === 1;
    },
  };
}
