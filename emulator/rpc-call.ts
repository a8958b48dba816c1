/** What an action of ECS, RAM or STS is given, and how it reads its parameters. */
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
  /** The ARNs that a RAM policy must allow; absent: `*` of the service in the region. Null: needs no permission. */
  readonly resource?: ((call: ApiCall) => string | readonly string[]) | null;
  /** What is left out, for `GET /_emulator/coverage`. */
  readonly limits?: string;
}

/** An empty parameter counts as not given. */
export function given(call: ApiCall, name: string): string | undefined {
  const value = call.params[name];
  return value === undefined || value === '' ? undefined : value;
}

/** Whether a boolean parameter is set. Older clients write `True`. */
export function flagOf(call: ApiCall, name: string): boolean {
  const text = (given(call, name) ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw invalidParameter(name);
  return text === 'true';
}

/** Null where it is not given. */
export function timeOf(call: ApiCall, name: string): number | null {
  const text = given(call, name);
  return text === undefined ? null : parseApiTime(name, text);
}

/** `2020-11-23T15:10:00Z`, or without the seconds, as some actions want it. */
export function parseApiTime(name: string, text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw invalidParameter(name);
  return time;
}

export function invalidParameter(name: string): ApiError {
  return new ApiError(400, 'InvalidParameter', `The specified parameter "${name}" is not valid.`);
}

/** `a,b,c` in one parameter; undefined where it is not given. */
export function commaList(call: ApiCall, name: string, most: number): readonly string[] | undefined {
  const items = given(call, name)
    ?.split(',')
    .map((item) => item.trim());
  if (items !== undefined && items.length > most) throw invalidParameter(name);
  return items;
}

/** `Name.1`, `Name.2` … in order of their numbers. */
export function listOf(call: ApiCall, name: string): readonly string[] {
  return numbered(call, name).flatMap(({ rest, value }) => (rest === '' && value !== '' ? [value] : []));
}

/** `Name.1.Field` … as one record for each number, in order. */
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
  /** What the answer says of the page. */
  readonly fields: { readonly PageNumber: number; readonly PageSize: number; readonly TotalCount: number };
}

export function pageOf<T>(
  call: ApiCall,
  items: readonly T[],
  sizes: { readonly normal: number; readonly most: number },
): Page<T> {
  const number = pageNumberOf(call, 'PageNumber', { normal: 1, most: Number.MAX_SAFE_INTEGER });
  const size = pageNumberOf(call, 'PageSize', sizes);
  return {
    items: items.slice((number - 1) * size, number * size),
    fields: { PageNumber: number, PageSize: size, TotalCount: items.length },
  };
}

function pageNumberOf(call: ApiCall, name: string, range: { readonly normal: number; readonly most: number }): number {
  const value = Number(given(call, name) ?? range.normal);
  if (!Number.isInteger(value) || value < 1 || value > range.most) throw invalidParameter(name);
  return value;
}

/** Where the next page of a list begins, as a token that says nothing to the client. */
export function pageToken(offset: number): string {
  return Buffer.from(String(offset)).toString('base64url');
}

/** The offset in a token; null for one that no answer gave. */
export function offsetIn(token: string): number | null {
  const text = Buffer.from(token, 'base64url').toString();
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** The vendor's time: `2020-11-24T12:50:00Z`, without milliseconds. */
export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
