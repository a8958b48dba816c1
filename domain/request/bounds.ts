/** Bounds on any JSON document of a client, checked without recursion and before any other rule reads it. */
import { isObject } from '../json-value.js';
import { pathText, ruleBase, vendorCodeOf } from './problems.js';
import type { RequestProblem } from './request.js';

/** Levels of objects and lists. A request has 4. */
export const MAX_DEPTH = 16;
/** Fields, elements and values together. The largest valid request has fewer than 500. */
export const MAX_VALUES = 2_000;
/** UTF-16 units. Signed URLs are the longest texts. */
export const MAX_TEXT = 8_192;
export const MAX_NAME = 512;

const SHOWN_NAME = 80;
/** PostgreSQL stores neither of them. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

interface Visit {
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
}

export interface Bounds {
  readonly depth: number;
  readonly values: number;
  readonly text: number;
}

const BOUNDS: Bounds = { depth: MAX_DEPTH, values: MAX_VALUES, text: MAX_TEXT };

/** The first bound that the document exceeds; null if there is none. Visits at most `bounds.values` values. */
export function exceededBound(document: unknown, bounds: Bounds = BOUNDS): RequestProblem | null {
  const open: Visit[] = [{ value: document, path: [] }];
  let values = 0;
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, path } = visit;
    values += 1;
    if (typeof value === 'string') {
      if (value.length > bounds.text) return problem(path, 'length', `must have at most ${bounds.text} characters`);
      if (UNSTORABLE.test(value)) return problem(path, 'characters', NOT_STORABLE);
    }
    if (!isObject(value)) continue;
    if (path.length >= bounds.depth) {
      return problem([], 'depth', `must have at most ${bounds.depth} levels of objects and lists`);
    }
    const names: readonly PropertyKey[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    if (values + open.length + names.length > bounds.values) {
      return problem([], 'count', `must have at most ${bounds.values} fields and elements`);
    }
    for (const name of names) {
      if (typeof name === 'string' && (name.length > MAX_NAME || UNSTORABLE.test(name))) {
        return problem(path, 'name', `must have field names of at most ${MAX_NAME} characters, ${WITHOUT}`);
      }
      if (name === '__proto__')
        return problem([...path, name], 'name', 'is not a field name that any program can store');
      open.push({ value: Reflect.get(value, name), path: [...path, name] });
    }
  }
  return null;
}

const WITHOUT = 'without NUL characters and incomplete UTF-16 surrogate pairs';
const NOT_STORABLE = 'must not contain NUL characters or incomplete UTF-16 surrogate pairs';

function problem(path: readonly PropertyKey[], rule: string, message: string): RequestProblem {
  const shown = path.map((part) => (typeof part === 'string' ? part.slice(0, SHOWN_NAME) : part));
  const text = pathText(shown);
  return {
    path: text,
    rule: `${ruleBase(shown)}.${rule}`,
    given: null,
    message: `${text || 'the request'} ${message}`,
    vendorCode: vendorCodeOf(text),
  };
}
