/** Codes of errors that users type. */
import { CATALOGUE, lookUp } from '../domain/errors/index.js';
import { nearest } from '../domain/request/nearest.js';

/** Null if the catalogue has the code; otherwise the most similar one. */
export function unknownCode(code: string): { readonly nearest: string | null } | null {
  if (lookUp('own', code) !== null) return null;
  const codes = Object.values(CATALOGUE).flatMap((entries) => entries.map((entry) => entry.code));
  return { nearest: nearest(code, codes) };
}
