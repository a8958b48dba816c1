/**
 * Temporal's search attributes of imports and batches: what `temporal workflow list --query` finds them by. They are not
 * encrypted, so they contain only what a list of imports shows (docs/security.md).
 */
import type { Requester } from './import-facts.js';
import type { ImportRequest } from './request/request.js';

/** All of type Keyword. The prefix keeps them apart from the attributes of other applications in the namespace. */
export const SEARCH_ATTRIBUTES = {
  region: 'EcsImportRegion',
  bucket: 'EcsImportBucket',
  batch: 'EcsImportBatch',
  name: 'EcsImportName',
  owner: 'EcsImportOwner',
  state: 'EcsImportState',
  code: 'EcsImportCode',
} as const;

export type SearchField = keyof typeof SEARCH_ATTRIBUTES;

/** Null removes a value that was set. */
export type SearchValues = Readonly<Partial<Record<SearchField, string | null>>>;

/** As the SDK's functions take it. */
export interface SearchPair<Value = string> {
  readonly key: { readonly name: string; readonly type: 'KEYWORD' };
  readonly value: Value;
}

/** Temporal's SQL databases store at most 255 characters. */
const MAX_CHARACTERS = 255;

/** The values of `next` that differ from those of `now`; null if there are none. */
export function changedValues(now: SearchValues, next: SearchValues): SearchValues | null {
  const changed = FIELDS.filter((field) => next[field] !== undefined && next[field] !== (now[field] ?? null));
  return changed.length === 0 ? null : Object.fromEntries(changed.map((field) => [field, next[field]]));
}

/** For a start. */
export function searchPairs(values: SearchValues): SearchPair[] {
  return searchChanges(values).flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]));
}

/** For a change of a running workflow. */
export function searchChanges(values: SearchValues): SearchPair<string | null>[] {
  return FIELDS.flatMap((field) => {
    const value = values[field];
    if (value === undefined) return [];
    return [{ key: { name: SEARCH_ATTRIBUTES[field], type: 'KEYWORD' }, value: value === null ? null : cut(value) }];
  });
}

const FIELDS: readonly SearchField[] = ['region', 'bucket', 'batch', 'name', 'owner', 'state', 'code'];

function cut(value: string): string {
  return [...value].slice(0, MAX_CHARACTERS).join('');
}

/** What an import is found by from its start. */
export function searchOfRequest({ region, upload, imageName }: ImportRequest, by?: Requester): SearchValues {
  const owner = ownerOf(by);
  return {
    ...{ region, bucket: upload.bucket, name: imageName, state: 'running' },
    ...(owner === null ? {} : { owner }),
  };
}

/** The authenticated identity, or else the user that the client states. */
export function ownerOf(by: Requester | null | undefined): string | null {
  return by?.identity ?? by?.user ?? null;
}

/** Temporal refuses a summary above 400 bytes; an encrypted one has up to 290 bytes more than its text. */
const MAX_SUMMARY_BYTES = 110;

/** One line for Temporal's UI, short enough for the server. */
export function summaryOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= MAX_SUMMARY_BYTES) return text;
  // A character that was cut in two ends as a replacement character.
  return `${new TextDecoder().decode(bytes.slice(0, MAX_SUMMARY_BYTES - 3)).replace(/\uFFFD+$/, '')}…`;
}
