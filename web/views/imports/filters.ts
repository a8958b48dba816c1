/** The filters of the list, as they are in the address and as the API takes them. */
import type { paths } from '../../../client/api-types.js';
import { PHASES, STATES } from '../../../domain/import.js';
import { IMPORT_SORTS, type ImportSort } from '../../../domain/import-filter.js';
import type { Query } from '../../address.js';
import type { Schemas } from '../../api.js';

export type ListQuery = Omit<
  NonNullable<paths['/v1/imports']['get']['parameters']['query']>,
  'cursor' | 'limit' | 'fields'
>;

/** Filters that are free texts. */
export const TEXT_FILTERS = ['name', 'region', 'bucket', 'code', 'batch', 'account', 'createdBy'] as const;
export const TIME_FILTERS = ['since', 'until'] as const;
/** What a saved view keeps: everything but which rows are in sight. */
export const FILTERS = [...TEXT_FILTERS, ...TIME_FILTERS, 'state', 'phase', 'tag', 'sort'] as const;

/** A wrong value is sent, so that the API says what is wrong with it. */
export function listQuery(query: Query): ListQuery {
  const values = FILTERS.flatMap((name) => {
    const given = query[name] ?? [];
    return given.length === 0 ? [] : [[name, name === 'tag' ? given : given[0]] as const];
  });
  return Object.fromEntries(values);
}

export function sortOf(query: Query): ImportSort {
  return IMPORT_SORTS.find((sort) => sort === query.sort?.[0]) ?? '-created';
}

/** The same filters for a change of all imports that match. */
export function bulkFilter(query: Query): NonNullable<Schemas['Bulk']['filter']> {
  const { tag = [], sort: _sort, phase, state, ...others } = query;
  const texts = Object.fromEntries(
    [...TEXT_FILTERS, ...TIME_FILTERS].flatMap((name) => {
      const value = others[name]?.[0];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const chosen = STATES.find((one) => one === state?.[0]);
  const inPhase = PHASES.find((one) => one === phase?.[0]);
  const tags = Object.fromEntries(
    tag.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );
  return {
    ...texts,
    ...(chosen === undefined ? {} : { state: chosen }),
    ...(inPhase === undefined ? {} : { phase: inPhase }),
    ...(tag.length === 0 ? {} : { tags }),
  };
}

/** Whether the list shows less than all imports. */
export function isFiltered(query: Query): boolean {
  return FILTERS.some((name) => name !== 'sort' && (query[name] ?? []).length > 0);
}
