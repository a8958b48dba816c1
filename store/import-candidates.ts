/** The imports that a rare filter of a list leaves, found by its index. */
import type pg from 'pg';
import { isFinal } from '../domain/import.js';
import type { ImportFilter, ImportTag } from '../domain/import-filter.js';
import { wordsOf } from '../domain/import-name.js';
import { OPEN_STATES_SQL } from './final-states.js';

/** Why an import failed or stopped, as its index has it. */
export const CODE = (row: string) => `coalesce(${row}.error ->> 'code', ${row}.attention ->> 'code')`;

export function tagTerm({ key, value }: ImportTag): string {
  return `tag:${key}=${value}`;
}

/** `first` is in the range, `end` is not. */
export interface IdRange {
  readonly first?: string;
  readonly end?: string;
}

interface Lookup {
  /** Selects the column `id` of the rows that match, without a limit. */
  readonly sql: string;
  readonly values: readonly string[];
}

/** The ids that all imports of the list are among; null: each of its filters has more than `most` imports. */
export async function fewCandidates(
  pool: pg.Pool,
  filter: ImportFilter,
  ids: IdRange,
  most: number,
): Promise<readonly string[] | null> {
  for (const { sql, values } of lookupsOf(filter, ids)) {
    const { rows } = await pool.query<{ id: string }>(`${sql} limit ${most + 1}`, [...values]);
    if (rows.length <= most) return [...new Set(rows.map(({ id }) => id))];
  }
  return null;
}

/** The filters that are usually rare first. */
function lookupsOf(filter: ImportFilter, ids: IdRange): readonly Lookup[] {
  const { batch, code, tags = [], createdBy, name, phase, state, account, bucket, region } = filter;
  const imports = (condition: string, ...values: readonly string[]) => ({
    sql: `select i.id from ecs_image_import.imports i where ${condition}`,
    values,
  });
  const all: readonly (readonly Lookup[])[] = [
    batch === undefined ? [] : [imports('i.batch_id is not null and i.batch_id = $1', batch)],
    code === undefined ? [] : [imports(`${CODE('i')} is not null and ${CODE('i')} = $1`, code)],
    name === undefined ? [] : [ofName(name)],
    tags.map((tag) => ofTerm(tagTerm(tag))),
    createdBy === undefined ? [] : [ofTerm(`by:${createdBy}`)],
    // An ended import is in the phase done.
    phase === undefined || phase === 'done' ? [] : [imports(`i.state in ${OPEN_STATES_SQL} and i.phase = $1`, phase)],
    state === undefined || isFinal(state) ? [] : [imports('i.state = $1', state)],
    account === undefined ? [] : [imports("i.request ? 'account' and i.request ->> 'account' = $1", account)],
    bucket === undefined ? [] : [ofTerm(`bucket:${bucket}`)],
    region === undefined ? [] : [ofTerm(`region:${region}`)],
    ids.first === undefined
      ? []
      : [
          ids.end === undefined
            ? imports('i.id >= $1', ids.first)
            : imports('i.id >= $1 and i.id < $2', ids.first, ids.end),
        ],
  ];
  return all.flat();
}

const TERMS = 'select import_id as id from ecs_image_import.import_terms';

const ofTerm = (term: string): Lookup => ({ sql: `${TERMS} where term = left($1::text, 600)`, values: [term] });

/** By the longest word. Only the last one may go on. */
function ofName(text: string): Lookup {
  const words = wordsOf(text);
  const longest = words.reduce((one, other) => (other.length > one.length ? other : one), '');
  if (longest !== words.at(-1) || /[.:_ -]$/.test(text)) {
    return { sql: `${TERMS} where term = 'name:' || lower($1::text)`, values: [longest] };
  }
  const from = `'name:' || lower($1::text)`;
  return { sql: `${TERMS} where term >= ${from} and term < ${from} || chr(1114111)`, values: [longest] };
}
