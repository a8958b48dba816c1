/** RAM lists by marker: each page but the last says where the next one begins. */
import { ApiError } from '../errors.js';
import { type ApiCall, given, offsetIn, pageToken } from '../rpc-call.js';

const NORMAL = 100;
const MOST = 1000;

export interface RamPage<T> {
  readonly items: readonly T[];
  /** What the answer says of the page. */
  readonly fields: { readonly IsTruncated: boolean; readonly Marker?: string };
}

/** `items` in an order that stays; the marker tells how many were shown. */
export function ramPage<T>(call: ApiCall, items: readonly T[]): RamPage<T> {
  const size = Number(given(call, 'MaxItems') ?? NORMAL);
  if (!Number.isInteger(size) || size < 1 || size > MOST) throw wrong('MaxItems', `a number from 1 to ${MOST}`);
  const marker = given(call, 'Marker');
  const start = marker === undefined ? 0 : offsetIn(marker);
  if (start === null) throw wrong('Marker', 'what an earlier answer gave');
  const end = start + size;
  const isTruncated = end < items.length;
  return {
    items: items.slice(start, end),
    fields: {
      IsTruncated: isTruncated,
      ...(isTruncated ? { Marker: pageToken(end) } : {}),
    },
  };
}

function wrong(name: string, rule: string): ApiError {
  return new ApiError(400, `InvalidParameter.${name}`, `The parameter ${name} must be ${rule}.`);
}
