/**
 * Finds the imports of a list with any filters and order. No statement reads more than a bounded number of rows:
 *
 * 1. Each filter that may be rare is looked up in its index, up to a limit. If one of them has fewer imports, these are all
 *    candidates, and the page is read from them (import-candidates.ts).
 * 2. Otherwise every filter is frequent. Then imports are read in their order, from an index, until the page is full or
 *    `examined` of them were read. A page that is not full then has a cursor, at which the next one continues.
 *
 * The rows themselves decide whether they match. So an index may contain an import that it should no longer contain.
 */
import type pg from 'pg';
import { newImportId } from '../domain/ids.js';
import { isFinal } from '../domain/import.js';
import type { ImportFilter, ImportSort } from '../domain/import-filter.js';
import { OPEN_STATES_SQL } from './final-states.js';
import { CODE, fewCandidates, type IdRange, tagTerm } from './import-candidates.js';
import { Parameters } from './parameters.js';

export interface ImportSearch extends ImportFilter {
  readonly sort: ImportSort;
  /** `next` of the page before. */
  readonly cursor?: Position;
  readonly limit: number;
}

export interface FoundImports {
  /** In the order of the search. */
  readonly ids: readonly string[];
  /** The last examined import; null: there is no further one. */
  readonly next: Position | null;
}

/** A place in an order. */
export interface Position {
  /** The value that the imports are sorted by. */
  readonly key: string;
  readonly id: string;
}

/** A condition on the row `i` of an import. */
export type RowCondition = (firstParameter: number) => { readonly where: string; readonly values: readonly unknown[] };

export interface SearchBounds {
  /** Of imports that a rare filter leaves. */
  readonly candidates: number;
  /** Of imports that one statement reads in their order. */
  readonly examined: number;
}

const BOUNDS: SearchBounds = { candidates: 1_000, examined: 5_000 };

/** The clocks of the API, which gives the ids, and of the database, which gives the times, may differ by this. */
const CLOCK_DIFFERENCE_MS = 10 * 60_000;

/**
 * @param also a further condition, such as the limits of a caller
 */
export async function searchImports(
  pool: pg.Pool,
  search: ImportSearch,
  also: RowCondition = () => ({ where: 'true', values: [] }),
  { candidates: most, examined }: SearchBounds = BOUNDS,
): Promise<FoundImports> {
  const candidates = await fewCandidates(pool, search, idRange(search), most);
  const parameters = new Parameters();
  const limit = parameters.add(search.limit);
  const order = ORDERS[search.sort];
  const window =
    candidates === null
      ? `${order.window(search, parameters, examined)} limit ${parameters.add(examined)}`
      : ofCandidates(candidates, search, parameters);
  const conditions = [...conditionsOf(search, parameters), `${order.key('i')} = w.key`];
  const { where, values } = also(parameters.next);
  parameters.addAll(values);
  // Not a prepared statement: there are too many combinations of filters.
  const { rows } = await pool.query<Position & { readonly matches: boolean }>({
    text: `with w as materialized (${window})
      (select w.id, w.key, true as matches
       from w cross join lateral (select * from ecs_image_import.imports where id = w.id offset 0) i
       where ${[...conditions, where].join(' and ')} limit ${limit})
      union all
      (select id, key, false from w offset ${parameters.add(examined)}::bigint - 1 limit 1)`,
    values: parameters.values,
  });
  const found = rows.filter(({ matches }) => matches);
  const end = found.length === search.limit ? found.at(-1) : rows.find(({ matches }) => !matches);
  return { ids: found.map(({ id }) => id), next: end === undefined ? null : { key: end.key, id: end.id } };
}

interface Order {
  readonly direction: 'asc' | 'desc';
  /** What a row is sorted by now. */
  readonly key: (row: string) => string;
  /** The statement that reads ids and keys in this order, after the cursor. */
  readonly window: (search: ImportSearch, parameters: Parameters, examined: number) => string;
}

const MICROSECONDS = (row: string) => `lpad((extract(epoch from ${row}.updated_at) * 1000000)::bigint::text, 17, '0')`;
const NAME = (row: string) => `left(lower(${row}.request ->> 'imageName'), 595)`;

function orderOf(by: 'created' | 'updated' | 'name', direction: 'asc' | 'desc'): Order {
  switch (by) {
    case 'created':
      return {
        direction,
        key: (row) => `${row}.id`,
        window: (search, parameters) => createdWindow(search, parameters, direction),
      };
    case 'updated':
      return { direction, key: MICROSECONDS, window: (...given) => updatedWindow(...given, direction) };
    case 'name':
      return {
        direction,
        key: NAME,
        window: (search, parameters) => termWindow('sort', search, parameters, direction),
      };
  }
}

const ORDERS: Readonly<Record<ImportSort, Order>> = {
  created: orderOf('created', 'asc'),
  '-created': orderOf('created', 'desc'),
  updated: orderOf('updated', 'asc'),
  '-updated': orderOf('updated', 'desc'),
  name: orderOf('name', 'asc'),
  '-name': orderOf('name', 'desc'),
};

type Direction = Order['direction'];

const past = (direction: Direction) => (direction === 'asc' ? '>' : '<');

/** By the most selective index that an import of the page must be in. */
function createdWindow(search: ImportSearch, parameters: Parameters, direction: Direction): string {
  const { batch, code, tags, createdBy, bucket, region, account, state, cursor } = search;
  const range = (id: string) => [
    ...boundsOf(id, search, parameters),
    ...(cursor === undefined ? [] : [`${id} ${past(direction)} ${parameters.add(cursor.id)}`]),
  ];
  const imports = (columns: readonly (readonly [column: string, value: string])[], also: readonly string[] = []) => {
    const where = [
      ...columns.map(([column, value]) => `${column} = ${parameters.add(value)}`),
      ...also,
      ...range('i.id'),
    ];
    // All columns of one index: PostgreSQL cannot choose the order of another one.
    const by = [...columns.map(([column]) => column), 'i.id'].map((column) => `${column} ${direction}`);
    return `select i.id, i.id as key from ecs_image_import.imports i
      ${where.length === 0 ? '' : `where ${where.join(' and ')}`} order by ${by.join(', ')}`;
  };
  const ofTerm = (term: string) =>
    `select import_id as id, import_id as key from ecs_image_import.import_terms
     where ${[`term = left(${parameters.add(term)}::text, 600)`, ...range('import_id')].join(' and ')}
     order by term ${direction}, import_id ${direction}`;
  const inState: readonly (readonly [string, string])[] = state === undefined ? [] : [['i.state', state]];
  const [tag] = tags ?? [];
  if (batch !== undefined) return imports([['i.batch_id', batch], ...inState], ['i.batch_id is not null']);
  if (code !== undefined) return imports([[CODE('i'), code]]);
  if (tag !== undefined) return ofTerm(tagTerm(tag));
  if (createdBy !== undefined) return ofTerm(`by:${createdBy}`);
  if (bucket !== undefined) return ofTerm(`bucket:${bucket}`);
  if (region !== undefined) return ofTerm(`region:${region}`);
  if (account !== undefined)
    return imports([["(i.request ->> 'account')", account], ...inState], ["i.request ? 'account'"]);
  return imports(inState);
}

/** Ended imports by their terms. Open ones are few: all of them are sorted. */
function updatedWindow(search: ImportSearch, parameters: Parameters, examined: number, direction: Direction): string {
  const { state, cursor } = search;
  const parts: string[] = [];
  if (state === undefined || isFinal(state))
    parts.push(`(${termWindow('ended', search, parameters, direction)} limit ${examined})`);
  if (state === undefined || !isFinal(state)) {
    const after =
      cursor === undefined ? '' : `and ${afterCursor(MICROSECONDS('i'), 'i.id', cursor, parameters, direction)}`;
    parts.push(
      `(select i.id, ${MICROSECONDS('i')} as key from ecs_image_import.imports i where i.state in ${OPEN_STATES_SQL} ${after})`,
    );
  }
  return `select id, key from (${parts.join(' union all ')}) u order by key collate "C" ${direction}, id ${direction}`;
}

/** The terms with the prefix, in their order. */
function termWindow(
  prefix: 'sort' | 'ended',
  { cursor }: ImportSearch,
  parameters: Parameters,
  direction: Direction,
): string {
  // The character after the colon is the end of the terms with this prefix.
  const where = [`term >= '${prefix}:'`, `term < '${prefix};'`];
  if (cursor !== undefined) {
    where.push(
      `(term, import_id) ${past(direction)} (${parameters.add(`${prefix}:${cursor.key}`)}, ${parameters.add(cursor.id)})`,
    );
  }
  return `select import_id as id, substr(term, ${prefix.length + 2}) as key from ecs_image_import.import_terms
    where ${where.join(' and ')} order by term ${direction}, import_id ${direction}`;
}

function ofCandidates(ids: readonly string[], { sort, cursor }: ImportSearch, parameters: Parameters): string {
  const { key, direction } = ORDERS[sort];
  const where = [`i.id = any(${parameters.add(ids)})`];
  if (cursor !== undefined) where.push(afterCursor(key('i'), 'i.id', cursor, parameters, direction));
  return `select i.id, ${key('i')} as key from ecs_image_import.imports i where ${where.join(' and ')}
    order by ${key('i')} collate "C" ${direction}, i.id ${direction}`;
}

function afterCursor(key: string, id: string, cursor: Position, parameters: Parameters, direction: Direction): string {
  return `(${key} collate "C", ${id}) ${past(direction)} (${parameters.add(cursor.key)}, ${parameters.add(cursor.id)})`;
}

/** The ids of imports that were created in the time of the search. */
function idRange({ since, until }: ImportFilter): IdRange {
  const at = (time: string, differenceMs: number) =>
    newImportId(Math.max(0, Date.parse(time) + differenceMs), new Uint8Array(10));
  return {
    ...(since === undefined ? {} : { first: at(since, -CLOCK_DIFFERENCE_MS) }),
    ...(until === undefined ? {} : { end: at(until, CLOCK_DIFFERENCE_MS) }),
  };
}

function boundsOf(id: string, search: ImportFilter, parameters: Parameters): readonly string[] {
  const { first, end } = idRange(search);
  return [
    ...(first === undefined ? [] : [`${id} >= ${parameters.add(first)}`]),
    ...(end === undefined ? [] : [`${id} < ${parameters.add(end)}`]),
  ];
}

/** What the row of an import must be. */
function conditionsOf(search: ImportSearch, parameters: Parameters): readonly string[] {
  const { state, phase, code, region, bucket, tags = [], batch, account, createdBy, since, until, name } = search;
  const equal = (column: string, value: string | undefined) =>
    value === undefined ? [] : [`${column} = ${parameters.add(value)}`];
  return [
    ...equal('i.state', state),
    ...equal('i.phase', phase),
    ...equal(CODE('i'), code),
    ...equal("i.request ->> 'region'", region),
    ...equal("i.request -> 'upload' ->> 'bucket'", bucket),
    ...tags.map(({ key, value }) => `i.request -> 'tags' ->> ${parameters.add(key)}::text = ${parameters.add(value)}`),
    ...equal('i.batch_id', batch),
    ...equal("i.request ->> 'account'", account),
    ...(createdBy === undefined ? [] : [createdByCondition(parameters.add(createdBy))]),
    ...(since === undefined ? [] : [`i.created_at >= ${parameters.add(since)}::timestamptz`]),
    ...(until === undefined ? [] : [`i.created_at < ${parameters.add(until)}::timestamptz`]),
    ...(name === undefined ? [] : [nameCondition(parameters.add(name))]),
  ];
}

const createdByCondition = (parameter: string) =>
  `(i.created_by ->> 'identity' = ${parameter} or i.created_by ->> 'user' = ${parameter})`;

/** The text begins at the beginning of a word. All characters between words count as the same. */
function nameCondition(parameter: string): string {
  const normal = (text: string) => `'-' || translate(lower(${text}), '.:_ ', '----')`;
  return `strpos(${normal("i.request ->> 'imageName'")}, ${normal(`${parameter}::text`)}) > 0`;
}
