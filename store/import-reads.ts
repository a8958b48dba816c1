/** The statements that read import records. */
import type pg from 'pg';
import type {
  ImportEvent,
  ImportField,
  ImportPart,
  ImportView,
  ImportWait,
  Progress,
  State,
} from '../domain/import.js';
import { OPEN_STATES_SQL } from './final-states.js';
import { isoTime } from './iso-time.js';
import { LEDGER_JSON } from './ledger.js';
import { type PageCondition, type PageKey, pageCondition } from './pages.js';
import { type ImportRow, toView, waitOf } from './rows.js';

export interface ListFilter {
  readonly state?: State;
  readonly batch?: string;
  readonly account?: string;
  /** Id of the last import of the previous page. */
  readonly cursor?: string;
  readonly limit: number;
  /** Absent: all fields. */
  readonly fields?: readonly ImportField[];
}

/** `id` gives the order, and the position at which a broken stream continues. */
export type StoredEvent = ImportEvent & { readonly id: number };

export interface OpenImports {
  /** '': that of the worker's own credentials. */
  readonly account: string;
  readonly state: string;
  readonly count: number;
}

export interface ImportProgress {
  readonly state: State;
  readonly progress: Progress;
  readonly waitingFor: ImportWait | null;
}

export function importReads(pool: pg.Pool) {
  return {
    async get(importId: string): Promise<(ImportView & { readonly attentionVersion: number | null }) | null> {
      const result = await pool.query<ImportRow>(`${selectView()} where i.id = $1`, [importId]);
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

    /** Newest first. With `fields`, only these and the id. */
    async list(filter: ListFilter): Promise<readonly ImportPart[]> {
      const { fields } = filter;
      const { where, orderBy, values } = conditionOf(filter);
      const result = await pool.query<ImportRow>(`${selectView(fields)} where ${where} order by ${orderBy} limit $1`, [
        filter.limit,
        ...values,
      ]);
      const views = result.rows.map(toView);
      return fields === undefined ? views : views.map((view) => partOf(view, fields));
    },

    /** Imports that have not ended, by account and state. */
    async countOpenByAccount(): Promise<readonly OpenImports[]> {
      const result = await pool.query<OpenImports>(
        `select coalesce(request ->> 'account', '') as account, state, count(*)::int as count from ecs_image_import.imports
         where state in ${OPEN_STATES_SQL} group by 1, 2`,
      );
      return result.rows;
    },

    async events(importId: string, afterId: number, limit = 500): Promise<readonly StoredEvent[]> {
      const result = await pool.query<ImportEvent & { id: string; at: Date }>(
        `select id, at, type, phase, state, message, detail from ecs_image_import.events
         where import_id = $1 and id > $2 order by id limit $3`,
        [importId, afterId, limit],
      );
      return result.rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
    },
  };
}

/** Each combination of state with batch or account has an index. Few batches have imports of several accounts. */
function conditionOf({ state, batch, account, cursor }: ListFilter): PageCondition {
  const keys: PageKey[] = [];
  const partial: string[] = [];
  if (batch !== undefined) {
    keys.push({ column: 'i.batch_id', value: batch });
    partial.push('i.batch_id is not null');
  } else if (account !== undefined) keys.push({ column: "(i.request ->> 'account')", value: account });
  if (state !== undefined) keys.push({ column: 'i.state', value: state });
  const page = pageCondition(keys, 'i.id', cursor, 'desc', 2);
  if (account !== undefined) partial.push("i.request ? 'account'");
  if (batch === undefined || account === undefined) return { ...page, where: [...partial, page.where].join(' and ') };
  partial.push(`i.request ->> 'account' = $${2 + page.values.length}`);
  return { ...page, where: [...partial, page.where].join(' and '), values: [...page.values, account] };
}

function partOf(view: ImportView, fields: readonly ImportField[]): ImportPart {
  return { id: view.id, ...Object.fromEntries(fields.map((field) => [field, view[field]])) };
}

/** Fields that are large, or read from other tables. `json` takes half the time of `jsonb`, which sorts and checks every key. */
const OPTIONAL = {
  request: 'i.request',
  findings: `(select coalesce(json_agg(finding order by source desc, ordinal), '[]')
      from ecs_image_import.findings where import_id = i.id)`,
  ledger: `(select coalesce(json_agg(${LEDGER_JSON} order by created_at, kind, key), '[]')
      from ecs_image_import.ledger where import_id = i.id)`,
  timeline: `(select coalesce(json_agg(json_build_object(
        'phase', phase,
        'startedAt', ${isoTime('started_at')},
        'endedAt', ${isoTime('ended_at')}) order by started_at), '[]')
      from ecs_image_import.timeline where import_id = i.id)`,
} satisfies Partial<Record<ImportField, string>>;

/** The other columns of a view. The compiler checks that none is missing. */
const COLUMNS = {
  id: true,
  state: true,
  phase: true,
  progress: true,
  image: true,
  copies: true,
  attention: true,
  attention_version: true,
  waiting_for: true,
  retrying: true,
  error: true,
  created_at: true,
  updated_at: true,
} satisfies Record<Exclude<keyof ImportRow, keyof typeof OPTIONAL>, true>;
const COLUMNS_SQL = Object.keys(COLUMNS).map((name) => `i.${name}`);

/** Reads the optional columns only for `fields`. There are few different statements, because each is prepared. */
function selectView(fields: readonly string[] = Object.keys(OPTIONAL)): string {
  const optional = Object.entries(OPTIONAL).map(([name, sql]) => `${fields.includes(name) ? sql : 'null'} as ${name}`);
  return `
  select ${[...COLUMNS_SQL, ...optional].join(', ')}
  from ecs_image_import.imports i`;
}
