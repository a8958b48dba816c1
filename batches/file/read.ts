/** Reads a batch file of any format as a header and a stream of items. */
import { csvEntries } from './csv.js';
import { BatchFileError, type ColumnOf, decoded, type Entry, HEADER_FIELDS } from './entries.js';
import type { BatchFormat } from './formats.js';
import { jsonEntries } from './json.js';
import { jsonlEntries } from './jsonl.js';
import { yamlEntries } from './yaml.js';

const READERS = { json: jsonEntries, jsonl: jsonlEntries, yaml: yamlEntries } as const;

/** Called with the value of `name` as soon as it is read, which may be long before the header is complete. */
export type OnName = (name: unknown) => Promise<void>;

export interface EntryListeners {
  readonly onName?: OnName;
  /** Called before the first item of a CSV file. */
  readonly onColumns?: (columnOf: ColumnOf) => void;
}

/** Yields the header, then the items. Throws `BatchFileError` if the file cannot be read. */
export function readEntries(
  format: BatchFormat,
  chunks: AsyncIterable<Uint8Array>,
  { onName = async () => {}, onColumns }: EntryListeners = {},
): AsyncGenerator<Entry> {
  if (format === 'csv') return csvEntries(decoded(chunks), onColumns);
  const entries = READERS[format](decoded(chunks));
  return format === 'json' || format === 'yaml' ? headerFirst(entries, onName) : entries;
}

/** The limit of items that are buffered until a header after them is read. In a longer file, the header must come first. */
const MOST_HELD = 20_000;

/** The header may follow the items, because programs write the fields of an object in any order. */
async function* headerFirst(entries: AsyncIterable<Entry>, onName: OnName): AsyncGenerator<Entry> {
  const header: Record<string, unknown> = {};
  let held: Entry[] | null = [];
  let line = 1;
  function* release(): Generator<Entry> {
    yield { kind: 'header', header, line };
    yield* held ?? [];
    held = null;
  }
  for await (const entry of entries) {
    if (entry.kind !== 'header') {
      if (held === null) yield entry;
      else if (held.push(entry) > MOST_HELD || HEADER_FIELDS.every((field) => field in header)) yield* release();
    } else if (held !== null) {
      const repeated = Object.keys(entry.header).find((field) => Object.hasOwn(header, field));
      if (repeated !== undefined) throw new BatchFileError(entry.line, `${repeated} occurs twice: remove one of them`);
      Object.assign(header, entry.header);
      ({ line } = entry);
      if ('name' in entry.header) await onName(entry.header.name);
    } else {
      const fields = Object.keys(entry.header).join(', ');
      throw new BatchFileError(entry.line, `${fields} found after ${MOST_HELD} items: move it before the items`);
    }
  }
  if (held !== null) yield* release();
}
