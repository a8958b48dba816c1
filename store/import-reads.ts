/** The statements that read import records. */
import type pg from 'pg';
import type { ImportEvent, ImportView, ImportWait, Progress, State } from '../domain/import.js';
import { isoTime } from './iso-time.js';
import { LEDGER_JSON } from './ledger.js';
import { type ImportRow, toView, waitOf } from './rows.js';

export interface ListFilter {
  readonly state?: State;
  readonly batch?: string;
  readonly account?: string;
  /** Id of the last import of the previous page. */
  readonly cursor?: string;
  readonly limit: number;
}

/** `id` gives the order, and the position at which a broken stream continues. */
export type StoredEvent = ImportEvent & { readonly id: number };

export interface ImportProgress {
  readonly state: State;
  readonly progress: Progress;
  readonly waitingFor: ImportWait | null;
}

export function importReads(pool: pg.Pool) {
  return {
    async get(importId: string): Promise<(ImportView & { readonly attentionVersion: number | null }) | null> {
      const result = await pool.query<ImportRow>(`${SELECT_VIEW} where i.id = $1`, [importId]);
      const row = result.rows[0];
      if (row === undefined) return null;
      return {
        ...toView(row),
        attentionVersion: row.attention_version === null ? null : Number(row.attention_version),
      };
    },

    /** For frequent polls. */
    async progressOf(importId: string): Promise<ImportProgress | null> {
      const result = await pool.query<Pick<ImportRow, 'state' | 'progress' | 'waiting_for' | 'retrying'>>(
        'select state, progress, waiting_for, retrying from ecs_image_import.imports where id = $1',
        [importId],
      );
      const row = result.rows[0];
      if (row === undefined) return null;
      return { state: row.state, progress: row.progress, waitingFor: waitOf(row) };
    },

    /** Newest first. */
    async list(filter: ListFilter): Promise<readonly ImportView[]> {
      const account = filter.account === undefined ? [] : [filter.account];
      const result = await pool.query<ImportRow>(
        `${SELECT_VIEW}
         where ($1::text is null or i.state = $1) and ($2::text is null or i.batch_id = $2) and ($3::text is null or i.id < $3)
           ${filter.account === undefined ? '' : "and i.request ? 'account' and i.request ->> 'account' = $5"}
         order by i.id desc limit $4`,
        [filter.state ?? null, filter.batch ?? null, filter.cursor ?? null, filter.limit, ...account],
      );
      return result.rows.map(toView);
    },

    async events(importId: string, afterId: number, limit = 500): Promise<readonly StoredEvent[]> {
      const result = await pool.query<ImportEvent & { id: string; at: Date }>(
        `select id, at, type, phase, state, message, detail from ecs_image_import.events
         where import_id = $1 and id > $2 order by id limit $3`,
        [importId, afterId, limit],
      );
      return result.rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
    },

    async countByState(): Promise<Readonly<Record<string, number>>> {
      const result = await pool.query<{ state: string; count: string }>(
        'select state, count(*) as count from ecs_image_import.imports group by state',
      );
      return Object.fromEntries(result.rows.map((row) => [row.state, Number(row.count)]));
    },
  };
}

const SELECT_VIEW = `
  select i.*,
    (select coalesce(jsonb_agg(finding order by source desc, ordinal), '[]') from ecs_image_import.findings where import_id = i.id) as findings,
    (select coalesce(jsonb_agg(${LEDGER_JSON} order by created_at, kind, key), '[]') from ecs_image_import.ledger where import_id = i.id) as ledger,
    (select coalesce(jsonb_agg(jsonb_build_object(
        'phase', phase,
        'startedAt', ${isoTime('started_at')},
        'endedAt', ${isoTime('ended_at')}) order by started_at), '[]')
      from ecs_image_import.timeline where import_id = i.id) as timeline
  from ecs_image_import.imports i`;
