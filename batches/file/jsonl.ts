/** JSON Lines: one item per line; the first line may be `{"batch": {"name": …, "policy": …, "defaults": …}}`. */
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
  try {
    return { kind: 'item', line, value: JSON.parse(text) };
  } catch (error) {
    return { kind: 'unreadable', line, reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
