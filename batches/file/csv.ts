/**
 * CSV: one item per row; column names are paths of request fields (`imageName`, `disks[0].source`, `tags.team`). The row of
 * column names decides the separator: comma, semicolon, tab or `|`. Lines before it that begin with `#` hold the header of the
 * batch as YAML.
 */

import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { parse as parseYaml } from 'yaml';
import { isRecord } from '../../domain/json-value.js';
import { type Column, columnsOf, namesOfFields, shown, withoutTrailingEmpty } from './csv-columns.js';
import {
  BatchFileError,
  type BatchHeader,
  type ColumnOf,
  type Entry,
  HEADER_FIELDS,
  linesOf,
  MAX_ITEM_CHARACTERS,
  tooLong,
} from './entries.js';

/** A row as csv-parse gives it with `info`: its cells, and the line at which it ended. */
interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

const SEPARATORS = [',', ';', '\t', '|'] as const;

/** Excel's line that names the separator. */
const SEPARATOR_LINE = /^sep=(.)$/i;

/** @param onColumns is called before the first item */
export async function* csvEntries(
  chunks: AsyncIterable<string>,
  onColumns: (columnOf: ColumnOf) => void = () => undefined,
): AsyncGenerator<Entry> {
  const comments: string[] = [];
  const lines = linesOf(chunks);
  let separator: string | null = null;
  /** The row of column names, and the lines above it. */
  let first: string | null = null;
  let before = 0;
  // `for await` would close the lines with the loop.
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const { number, text } = next.value;
    const named = SEPARATOR_LINE.exec(text)?.[1];
    if (named !== undefined) separator = named;
    else if (text.startsWith('#') || text.trim() === '') comments.push(text.replace(/^# ?/, ''));
    else {
      first = text;
      break;
    }
    if (named !== undefined) comments.push('');
    before = number;
  }
  if (first === null) throw new BatchFileError(before + 1, 'the row of column names is missing');
  const loneReturn = first.indexOf('\r');
  if (loneReturn >= 0) {
    const reason = 'lines end with a carriage return: save the file with LF or CRLF as line ends';
    throw new BatchFileError(before + 1, `column ${loneReturn + 1}: ${reason}`);
  }
  yield { kind: 'header', header: headerIn(comments), line: 1 };
  yield* itemsIn(first, lines, {
    separator: separator ?? separatorIn(first),
    before,
    onColumns,
  });
}

/** The separator that occurs most often outside quotes. */
function separatorIn(row: string): string {
  const bare = row.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = SEPARATORS.map((one) => ({ one, count: bare.split(one).length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).one;
}

interface ItemsOptions {
  readonly separator: string;
  /** Lines above the row of column names. */
  readonly before: number;
  readonly onColumns: (columnOf: ColumnOf) => void;
}

async function* itemsIn(
  first: string,
  lines: AsyncIterable<{ readonly text: string }>,
  { separator, before, onColumns }: ItemsOptions,
): AsyncGenerator<Entry> {
  async function* rows(): AsyncGenerator<string> {
    yield `${first}\n`;
    for await (const { text } of lines) yield `${text}\n`;
  }
  const parser = parse({
    info: true,
    trim: true,
    delimiter: separator,
    record_delimiter: '\n',
    relax_column_count: true,
    max_record_size: MAX_ITEM_CHARACTERS,
  });
  const source = Readable.from(rows());
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let columns: readonly Column[] | null = null;
  let previousEnd = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Row>) {
      const line = before + previousEnd + 1;
      previousEnd = info.lines;
      if (columns === null) {
        columns = columnsOf(record, line);
        onColumns(namesOfFields(columns));
        continue;
      }
      const cells = withoutTrailingEmpty(record);
      if (cells.length === 0) continue;
      if (cells.length > columns.length) {
        const reason = `the row has ${cells.length} cells, but the first row has ${columns.length} columns: column ${columns.length + 1} (${shown(cells[columns.length] ?? '')}) has no name. Quote cells that contain ${nameOf(separator)}`;
        yield { kind: 'unreadable', line, reason };
      } else yield { kind: 'item', line, value: itemOf(columns, cells) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unreadable(error, before, first.split(separator));
  }
}

function nameOf(separator: string): string {
  return { ',': 'commas', ';': 'semicolons', '\t': 'tabs' }[separator] ?? JSON.stringify(separator);
}

/** @param before lines above the row of column names */
function unreadable(error: CsvError, before: number, names: readonly string[]): BatchFileError {
  // The parser fails ahead of the rows that were read. Its message has the line at which a quote begins.
  const line = before + Number(/ at line (\d+)/.exec(error.message)?.[1] ?? error.lines);
  if (error.code === 'CSV_MAX_RECORD_SIZE') return tooLong(line);
  const number = Number(error.column) + 1;
  const name = names[number - 1]?.trim().replaceAll('"', '');
  const where = Number.isInteger(number) ? `column ${number}${name === undefined ? '' : ` (${shown(name)})`}: ` : '';
  const reason =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quoted cell is not closed. Add the closing quote'
      : 'a quote is inside a cell. Quote the whole cell, and write "" for a quote in it';
  return new BatchFileError(line, `not CSV: ${where}${reason}`);
}

/** Empty cells are skipped, so that the defaults apply. */
function itemOf(columns: readonly Column[], cells: readonly string[]): unknown {
  const item: Record<string, unknown> = {};
  for (const [index, { path, read }] of columns.entries()) {
    const cell = cells[index] ?? '';
    if (cell !== '') assign(item, path, read(cell));
  }
  return item;
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [part = '', ...rest] = path;
  if (rest.length === 0) {
    target[part] = value;
    return;
  }
  const next = target[part];
  // The elements of a list are assigned by index, like the fields of an object.
  const inner = isObject(next) ? next : /^\d+$/.test(rest[0] ?? '') ? Object.assign([]) : {};
  target[part] = inner;
  assign(inner, rest, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const HEADER_LINE = new RegExp(`^(${HEADER_FIELDS.join('|')})\\s*:`);

/** The header begins at the first comment with a header field; other comments before it are ignored. */
function headerIn(comments: readonly string[]): BatchHeader {
  const start = comments.findIndex((line) => HEADER_LINE.test(line));
  if (start < 0) return {};
  try {
    const value: unknown = parseYaml(comments.slice(start).join('\n'));
    return isRecord(value) ? value : {};
  } catch (error) {
    throw new BatchFileError(
      start + 1,
      `not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    );
  }
}
