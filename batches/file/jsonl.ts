/** JSON Lines: one item per line; the first line may be `{"batch": {"name": …, "policy": …, "defaults": …}}`. */
import { readJson } from '../../domain/json-document.js';
import { isRecord } from '../../domain/json-value.js';
import { type Entry, linesOf } from './entries.js';

export async function* jsonlEntries(chunks: AsyncIterable<string>): AsyncGenerator<Entry> {
  let first = true;
  for await (const { number, text } of linesOf(chunks)) {
    if (text.trim() === '') continue;
    const entry = readLine(number, text);
    if (first && entry.kind === 'item' && isRecord(entry.value) && isRecord(entry.value.batch)) {
      yield { kind: 'header', header: entry.value.batch, line: number };
    } else yield entry;
    first = false;
  }
}

function readLine(line: number, text: string): Entry {
  const read = readJson(text);
  return read.ok ? { kind: 'item', line, value: read.value } : { kind: 'unreadable', line, reason: read.message };
}
