/** Prints results: one JSON document for programs, which `--fields` reduces, or text for people. */
import { isObject } from '../domain/json-value.js';
import { nearest } from '../domain/request/nearest.js';
import { parse } from './api.js';
import { print } from './console.js';
import { CommandError, EXIT } from './exit.js';
import type { GlobalOptions } from './globals.js';

type Wanted = Pick<GlobalOptions, 'json' | 'fields'>;

/** @param text the document, as JSON text or as a value */
export function printResult(wanted: Wanted, document: unknown, human: () => string): void {
  if (wanted.json) printDocument(wanted, document);
  else print(human());
}

export function printDocument(wanted: Pick<GlobalOptions, 'fields'>, document: unknown): void {
  const isText = typeof document === 'string';
  if (wanted.fields === undefined) print(isText ? document : JSON.stringify(document));
  else print(JSON.stringify(withFields(isText ? parse(document) : document, wanted.fields)));
}

/**
 * The fields of an object, or of each object of a list. A field that an object does not have is null. Throws
 * `CommandError` if no object has it.
 */
export function withFields(value: unknown, fields: readonly string[]): unknown {
  const items = Array.isArray(value) ? value : [value];
  for (const field of fields) {
    const [first = ''] = field.split('.');
    if (items.length > 0 && !items.some((item) => isObject(item) && Object.hasOwn(item, first)))
      throw unknownField(first, [...new Set(items.flatMap((item) => (isObject(item) ? Object.keys(item) : [])))]);
  }
  const reduced = items.map((item) =>
    Object.fromEntries(fields.map((field): [string, unknown] => [field, valueAt(item, field) ?? null])),
  );
  return Array.isArray(value) ? reduced : reduced[0];
}

/** Of a list: the field of each element. Undefined: the value has no such field. */
function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>(fieldOf, value);
}

function fieldOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => fieldOf(item, name) ?? null);
  return isObject(value) && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

export function unknownField(field: string, known: readonly string[]): CommandError {
  const near = nearest(field, known);
  const hint = near === null ? `Its fields are ${known.join(', ')}` : `Did you mean ${near}?`;
  return new CommandError(EXIT.usage, [`--fields: ${field} is not a field of the result. ${hint}`]);
}
