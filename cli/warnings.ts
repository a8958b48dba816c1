/** The warnings of an accepted request. */
import { isObject } from '../domain/json-value.js';
import { parse } from './api.js';
import { say } from './console.js';
import { clean } from './format.js';
import { colored } from './style.js';

/** @param text the answer of the API */
export function sayWarnings(text: string): void {
  const answer = parse(text);
  if (!isObject(answer) || !Array.isArray(answer.warnings)) return;
  for (const { path, message } of answer.warnings.filter(isObject)) {
    const subject = String(message).startsWith(String(path)) ? String(message) : `${String(path)}: ${String(message)}`;
    say(`${colored('warning')}: ${clean(subject)}`);
  }
}
