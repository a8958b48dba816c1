/** The input of an action of ECS, RAM or STS, and functions to read its parameters. */
import { ApiError } from './errors.js';
import type { Caller } from './identity.js';
import type { World } from './world.js';

export interface ApiCall {
  readonly world: World;
  readonly service: string;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
  readonly now: number;
}

export type ApiAnswer = Readonly<Record<string, unknown>>;

export interface ApiAction {
  readonly run: (call: ApiCall) => ApiAnswer | Promise<ApiAnswer>;
  /** The ARNs that a RAM policy must allow. Absent: `*` of the service in the region. Null: no permission needed. */
  readonly resource?: ((call: ApiCall) => string | readonly string[]) | null;
  /** What is not emulated, for `GET /_emulator/coverage`. */
  readonly limits?: string;
}

/** The value of a parameter. An empty value counts as absent. */
export function given(call: ApiCall, name: string): string | undefined {
  const value = call.params[name];
  return value === undefined || value === '' ? undefined : value;
}

/** The value of a boolean parameter; false if absent. Older clients send `True`. */
export function flagOf(call: ApiCall, name: string): boolean {
  const text = (given(call, name) ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw invalidParameter(name);
  return text === 'true';
}

/** Null if absent. */
export function timeOf(call: ApiCall, name: string): number | null {
  const text = given(call, name);
  return text === undefined ? null : parseApiTime(name, text);
}

/** Parses `2020-11-23T15:10:00Z`, or the form without seconds that some actions use. */
export function parseApiTime(name: string, text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw invalidParameter(name);
  return time;
}

export function invalidParameter(name: string): ApiError {
  return new ApiError(400, 'InvalidParameter', `The specified parameter "${name}" is not valid.`);
}

/** Reads `a,b,c` in one parameter; undefined if absent. */
export function commaList(call: ApiCall, name: string, max: number): readonly string[] | undefined {
  const items = given(call, name)
    ?.split(',')
    .map((item) => item.trim());
  if (items !== undefined && items.length > max) throw invalidParameter(name);
  return items;
}

/** Reads `Name.1`, `Name.2` … ordered by number. */
export function listOf(call: ApiCall, name: string): readonly string[] {
  return numbered(call, name).flatMap(({ rest, value }) => (rest === '' && value !== '' ? [value] : []));
}

/** Reads `Name.1.Field` … as one record for each number, ordered by number. */
export function recordsOf(
  call: ApiCall,
  name: string,
): readonly { readonly number: number; readonly fields: Readonly<Record<string, string>> }[] {
  const records = new Map<number, Record<string, string>>();
  for (const { number, rest, value } of numbered(call, name)) {
    if (rest === '') continue;
    const fields = records.get(number) ?? {};
    fields[rest] = value;
    records.set(number, fields);
  }
  return [...records].map(([number, fields]) => ({ number, fields })).sort((a, b) => a.number - b.number);
}

function numbered(
  call: ApiCall,
  name: string,
): readonly { readonly number: number; readonly rest: string; readonly value: string }[] {
  const found: { number: number; rest: string; value: string }[] = [];
  for (const [parameter, value] of Object.entries(call.params)) {
    if (!parameter.startsWith(`${name}.`)) continue;
    const [index = '', ...rest] = parameter.slice(name.length + 1).split('.');
    if (/^\d+$/.test(index)) found.push({ number: Number(index), rest: rest.join('.'), value });
  }
  return found.sort((a, b) => a.number - b.number);
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The paging fields of the response. */
  readonly fields: { readonly PageNumber: number; readonly PageSize: number; readonly TotalCount: number };
}

export function pageOf<T>(
  call: ApiCall,
  items: readonly T[],
  sizes: { readonly fallback: number; readonly max: number },
): Page<T> {
  const number = pageNumberOf(call, 'PageNumber', { fallback: 1, max: Number.MAX_SAFE_INTEGER });
  const size = pageNumberOf(call, 'PageSize', sizes);
  return {
    items: items.slice((number - 1) * size, number * size),
    fields: { PageNumber: number, PageSize: size, TotalCount: items.length },
  };
}

function pageNumberOf(call: ApiCall, name: string, range: { readonly fallback: number; readonly max: number }): number {
  const value = Number(given(call, name) ?? range.fallback);
  if (!Number.isInteger(value) || value < 1 || value > range.max) throw invalidParameter(name);
  return value;
}

/** Encodes the offset of the next page as an opaque token. */
export function pageToken(offset: number): string {
  return Buffer.from(String(offset)).toString('base64url');
}

/** The offset in a token; null if the token is invalid. */
export function offsetIn(token: string): number | null {
  const text = Buffer.from(token, 'base64url').toString();
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** The vendor's time format: `2020-11-24T12:50:00Z`, without milliseconds. */
export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
