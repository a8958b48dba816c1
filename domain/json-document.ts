/** Reads a JSON document of a client. A field that occurs twice is rejected: programs disagree on which value counts. */

import { exceededBound } from './request/bounds.js';

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly path: string; readonly rule: 'syntax' | 'repeatedField'; readonly message: string };

/** @param firstLine number of the first line of `text` in its file */
export function readJson(text: string, firstLine = 1): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = `not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, path: '', rule: 'syntax', message };
  }
  // A document that exceeds a bound is rejected by the caller; it may have very many fields.
  const repeated = exceededBound(value) === null ? repeatedField(text) : null;
  if (repeated === null) return { ok: true, value };
  const { path } = repeated;
  const message = `${path} occurs twice, again in line ${firstLine - 1 + repeated.line}: remove one of them`;
  return { ok: false, path, rule: 'repeatedField', message };
}

/** Strings, and the characters that structure a document. Other values are not needed to find its fields. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|\n/g;
const SHOWN_PATH = 200;

interface Level {
  /** The names so far; null for a list. */
  readonly names: Set<string> | null;
  /** The current field or element. */
  at: string | number;
}

/** The first field that occurs twice in its object. @param text valid JSON */
function repeatedField(text: string): { readonly path: string; readonly line: number } | null {
  const levels: Level[] = [];
  let line = 1;
  let isName = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '\n') line += 1;
    else if (token === '{' || token === '[') {
      levels.push(token === '{' ? { names: new Set(), at: '' } : { names: null, at: 0 });
      isName = token === '{';
    } else if (token === '}' || token === ']') {
      levels.pop();
      isName = false;
    } else if (token === ',' && level !== undefined) {
      if (typeof level.at === 'number') level.at += 1;
      isName = level.names !== null;
    } else if (isName && level?.names) {
      isName = false;
      level.at = String(JSON.parse(token));
      if (level.names.has(level.at)) return { path: pathOf(levels), line };
      level.names.add(level.at);
    }
  }
  return null;
}

function pathOf(levels: readonly Level[]): string {
  const path = levels
    .map(({ at }, index) => (typeof at === 'number' ? `[${at}]` : index === 0 ? at : `.${at}`))
    .join('');
  return path.length > SHOWN_PATH ? `${path.slice(0, SHOWN_PATH)}…` : path;
}
