/** The statements that read import records. */
import type pg from 'pg';
import type { Limits } from '../domain/access/may.js';
import {
  IMPORT_FIELDS,
  type ImportEvent,
  type ImportField,
  type ImportView,
  type ImportWait,
  type Progress,
  type State,
} from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';
import { OPEN_STATES_SQL } from './final-states.js';
import { LEDGER_ROWS, TIMELINE_ROWS } from './import-children.js';
import {
  type ImportSearch,
  type Position,
  type RowCondition,
  type SearchBounds,
  searchImports,
} from './import-search.js';
import { limitCondition } from './limits.js';
import { type PageCondition, type PageKey, pageCondition } from './pages.js';
import { type ImportRow, type ImportTextRow, TEXT_COLUMNS, toText, toView, waitOf } from './rows.js';

export interface ListFilter {
  readonly state?: State | undefined;
  readonly batch?: string | undefined;
  readonly account?: string | undefined;
  /** Id of the last import of the previous page. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  /** Absent: all fields. */
  readonly fields?: readonly ImportField[] | undefined;
}

/** An import in a list. */
export interface ListedImport {
  readonly id: string;
  /** The JSON text of its fields: most of it is the text of PostgreSQL, which takes much longer to parse and to write again. */
  readonly json: string;
}

export interface FoundPage {
  readonly found: readonly (ListedImport & { readonly request: ImportRequest })[];
  /** Where the next page begins; null: there is no further import. */
  readonly next: Position | null;
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

    /** Newest first. With `fields`, only these and the id. */
    async list(filter: ListFilter): Promise<readonly ListedImport[]> {
      const fields = shownFields(filter.fields);
      const { where, orderBy, values } = conditionOf(filter);
      const result = await pool.query<ImportTextRow>(
        `${selectTexts(fields)} where ${where} order by ${orderBy} limit $1`,
        [filter.limit, ...values],
      );
      return result.rows.map((row) => ({ id: row.id, json: toText(row, fields) }));
    },

    /**
     * Imports with any filters and in any order. It examines a bounded number of imports, so that a page that is not the last
     * may have fewer than its limit.
     * @param limits only imports that may be within them: the caller decides
     */
    async search(
      search: ImportSearch,
      fields: readonly ImportField[] | undefined,
      limits: Limits | undefined,
      bounds?: SearchBounds,
    ): Promise<FoundPage> {
      const within: RowCondition | undefined =
        limits === undefined ? undefined : (first) => limitCondition(limits, 'i', first);
      const { ids, next } = await searchImports(pool, search, within, bounds);
      return { found: await readInOrder(pool, ids, shownFields(fields)), next };
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

function shownFields(fields: readonly ImportField[] | undefined): readonly ImportField[] {
  return fields === undefined ? IMPORT_FIELDS : [...new Set<ImportField>(['id', ...fields])];
}

/** An import that was deleted meanwhile is left out. */
async function readInOrder(
  pool: pg.Pool,
  ids: readonly string[],
  shown: readonly ImportField[],
): Promise<FoundPage['found']> {
  if (ids.length === 0) return [];
  const { rows } = await pool.query<ImportTextRow>(
    `${selectTexts([...shown, 'request'])} where i.id = any($1) order by array_position($1, i.id)`,
    [ids],
  );
  return rows.map((row) => ({ id: row.id, json: toText(row, shown), request: JSON.parse(String(row.request)) }));
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

/** Columns that are large, or read from other tables. `json` takes half the time of `jsonb`, which sorts and checks every key. */
const OPTIONAL = {
  request: 'i.request',
  findings: `(select coalesce(json_agg(finding order by source desc, ordinal), '[]')
      from ecs_image_import.findings where import_id = i.id)`,
  ledger: `(select ${LEDGER_ROWS} from ecs_image_import.ledger where import_id = i.id)`,
  timeline: `(select ${TIMELINE_ROWS} from ecs_image_import.timeline where import_id = i.id)`,
} satisfies Partial<Record<ImportField, string>>;

/** The columns of a view. The compiler checks that none is missing. */
const COLUMNS = {
  ...OPTIONAL,
  id: 'i.id',
  state: 'i.state',
  phase: 'i.phase',
  progress: 'i.progress',
  image: 'i.image',
  copies: 'i.copies',
  attention: 'i.attention',
  attention_version: 'i.attention_version',
  waiting_for: 'i.waiting_for',
  retrying: 'i.retrying',
  error: 'i.error',
  created_at: 'i.created_at',
  updated_at: 'i.updated_at',
} satisfies Record<keyof ImportRow, string>;

const isOneOf = (names: readonly string[], name: string) => names.includes(name);

function select(columnOf: (name: string, sql: string) => string): string {
  const columns = Object.entries(COLUMNS).map(([name, sql]) => `${columnOf(name, sql)} as ${name}`);
  return `
  select ${columns.join(', ')}
  from ecs_image_import.imports i`;
}

const SELECT_VIEW = select((_name, sql) => sql);

/** Reads the optional columns only for `fields`. There are few different statements, because each is prepared. */
function selectTexts(fields: readonly ImportField[]): string {
  return select((name, sql) => {
    if (name in OPTIONAL && !isOneOf(fields, name)) return 'null';
    return isOneOf(TEXT_COLUMNS, name) ? `(${sql})::text` : sql;
  });
}
