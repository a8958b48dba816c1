/**
 * YAML: `name`, `policy` and `defaults`, then `items:` as a block list, or only the block list. The stream is
 * divided at the dashes; each item is parsed separately. Items may use anchors of the header.
 */

import { LineCounter, parseDocument } from 'yaml';
import { isRecord } from '../../domain/json-value.js';
import { BatchFileError, type BatchHeader, type Entry, linesOf, MAX_ITEM_CHARACTERS, tooLong } from './entries.js';

const ITEMS = /^items\s*:\s*(#.*)?$/;
const DASH = /^( *)-(?: |$)/;
const NOTHING = /^\s*(#.*)?$/;

const FIELD = /^[\w-]+\s*:/;
const MISPLACED =
  'this line does not belong to an item: write the items as a block list with all dashes in the same column';

interface Chunk {
  line: number;
  readonly lines: string[];
}

export async function* yamlEntries(chunks: AsyncIterable<string>): AsyncGenerator<Entry> {
  /** The lines before the items; `behind` has those after the items, from a header field on. */
  let header: string[] = [];
  const behind: Chunk = { line: 0, lines: [] };
  /** Indentation of the items' dashes; null before the first item. */
  let indent: number | null = null;
  let place: 'before' | 'items' | 'behind' = 'before';
  let item: Chunk | null = null;
  let size = 0;
  let last = 0;

  for await (const { number, text } of linesOf(chunks)) {
    last = number;
    if (place === 'before') {
      const listAlone = header.every((line) => NOTHING.test(line) || line === '---') && DASH.test(text);
      if (!ITEMS.test(text) && !listAlone) {
        header.push(text);
        continue;
      }
      place = 'items';
      if (listAlone) header = [];
      yield { kind: 'header', header: readHeader({ line: 1, lines: header }), line: 1 };
      if (!listAlone) continue;
    }
    if (place === 'behind') {
      behind.lines.push(text);
      continue;
    }
    const dash: number | null = DASH.exec(text)?.[1]?.length ?? null;
    indent ??= dash;
    if (dash !== null && dash === indent) {
      if (item !== null) yield readItem(item, header);
      item = { line: number, lines: [text] };
      size = text.length;
    } else if (item === null || endsItems(text, indent ?? 0)) {
      if (NOTHING.test(text) || text === '...') continue;
      if (!FIELD.test(text)) throw new BatchFileError(number, MISPLACED);
      place = 'behind';
      behind.line = number;
      behind.lines.push(text);
    } else {
      item.lines.push(text);
      size += text.length;
      if (size > MAX_ITEM_CHARACTERS) throw tooLong(item.line);
    }
  }
  if (item !== null) yield readItem(item, header);
  if (place === 'before') {
    readHeader({ line: 1, lines: header });
    throw new BatchFileError(Math.max(1, last), 'there are no items: write `items:`, then one dash for each item');
  }
  if (behind.lines.length > 0) yield { kind: 'header', header: readHeader(behind), line: behind.line };
}

/** A line that is not indented more than the dashes does not belong to an item. */
function endsItems(text: string, indent: number): boolean {
  return !NOTHING.test(text) && text.length - text.trimStart().length <= indent;
}

function readHeader({ line, lines }: Chunk): BatchHeader {
  const value = parse(lines, line);
  if (value === null || value === undefined) return {};
  if (!isRecord(value))
    throw new BatchFileError(line, 'this is not a batch: write `items:`, then one dash for each item');
  if ('items' in value) {
    throw new BatchFileError(
      line,
      'write the items as a block list: `items:` on its own line, then one dash for each item',
    );
  }
  return value;
}

function readItem({ line, lines }: Chunk, header: readonly string[]): Entry {
  // The header is parsed again with an item only if the item may refer to an anchor.
  const withHeader = lines.some((text) => /[\s:[{,]\*\w/.test(text));
  const before = withHeader ? [...header, 'items:'] : [];
  try {
    const value = parse([...before, ...lines], line - before.length);
    const list = withHeader && isRecord(value) ? value.items : value;
    return { kind: 'item', line, value: Array.isArray(list) ? list[0] : list };
  } catch (error) {
    if (!(error instanceof BatchFileError)) throw error;
    return { kind: 'unreadable', line: error.line, reason: error.reason };
  }
}

/** @param first line number of the first line */
function parse(lines: readonly string[], first: number): unknown {
  const counter = new LineCounter();
  const document = readDocument(lines, counter, first);
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new BatchFileError(first - 1 + Math.max(1, counter.linePos(fault.pos[0]).line), `not YAML: ${fault.message}`);
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new BatchFileError(Math.max(1, first), `not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The parser recurses: a document of very many levels exceeds the call stack. */
function readDocument(lines: readonly string[], lineCounter: LineCounter, first: number) {
  try {
    return parseDocument(lines.join('\n'), { lineCounter, prettyErrors: false, merge: true });
  } catch (error) {
    throw new BatchFileError(Math.max(1, first), `not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}
