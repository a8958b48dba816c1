/** Pagination by marker: each page contains the marker of the next page; it is empty on the last one. */
import { ApiError } from '../errors.js';
import { type ApiCall, given, offsetIn, pageToken } from '../rpc-call.js';

/** RAM resources of the emulator have no tags. */
export const NO_TAGS = { Tag: [] };

const DEFAULT_ITEMS = 100;
const MAX_ITEMS = 1000;

export interface RamPage<T> {
  readonly items: readonly T[];
  /** The paging fields of the response. */
  readonly fields: { readonly IsTruncated: boolean; readonly Marker: string };
}

/** `items` must have a stable order, because the marker is an offset. */
export function ramPage<T>(call: ApiCall, items: readonly T[]): RamPage<T> {
  const size = Number(given(call, 'MaxItems') ?? DEFAULT_ITEMS);
  if (!Number.isInteger(size) || size < 1 || size > MAX_ITEMS)
    throw invalid('MaxItems', `a number from 1 to ${MAX_ITEMS}`);
  const marker = given(call, 'Marker');
  const start = marker === undefined ? 0 : offsetIn(marker);
  if (start === null) throw invalid('Marker', 'the Marker of a previous response');
  const end = start + size;
  const isTruncated = end < items.length;
  return {
    items: items.slice(start, end),
    fields: { IsTruncated: isTruncated, Marker: isTruncated ? pageToken(end) : '' },
  };
}

function invalid(name: string, rule: string): ApiError {
  return new ApiError(400, `InvalidParameter.${name}`, `The parameter ${name} must be ${rule}.`);
}
