/**
 * CSV: one item per row; column names are paths of request fields (`imageName`, `disks[0].source`, `tags.team`).
 * Lines before the first row that begin with `#` hold the header of the batch as YAML.
 */

import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { parse as parseYaml } from 'yaml';
import { isRecord } from '../../domain/json-value.js';
import {
  BatchFileError,
  type BatchHeader,
  type Entry,
  HEADER_FIELDS,
  linesOf,
  MAX_ITEM_CHARACTERS,
} from './entries.js';

/** Short names for common columns. */
const SHORT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    name: 'imageName',
    source: 'disks[0].source',
    format: 'disks[0].format',
    diskImageSize: 'disks[0].diskImageSize',
    sha256: 'disks[0].sha256',
    bucket: 'upload.bucket',
    prefix: 'upload.prefix',
  }),
);

/** A row as csv-parse gives it with `info`: its cells, and the line at which it ended. */
interface Row {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

export async function* csvEntries(chunks: AsyncIterable<string>): AsyncGenerator<Entry> {
  const comments: string[] = [];
  let before = 0;

  /** The lines from the column names on; the comments before them are collected for the header. */
  async function* rows(): AsyncGenerator<string> {
    let above = true;
    for await (const { number, text } of linesOf(chunks)) {
      above &&= text.startsWith('#') || text.trim() === '';
      if (above) {
        before = number;
        comments.push(text.replace(/^# ?/, ''));
      } else yield `${text}\n`;
    }
  }

  const parser = parse({
    info: true,
    trim: true,
    skip_empty_lines: true,
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
        columns = record.map((name) => columnOf(name, line));
        rejectRepeated(record, columns, line);
        yield { kind: 'header', header: headerIn(comments), line: 1 };
        continue;
      }
      if (record.length > columns.length) {
        const reason = `the row has ${record.length} cells, but the first row has ${columns.length} columns: quote cells that contain commas`;
        yield { kind: 'unreadable', line, reason };
      } else yield { kind: 'item', line, value: itemOf(columns, record) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new BatchFileError(before + previousEnd + 1, `not CSV: ${error.message}`);
  }
  if (columns === null) throw new BatchFileError(before + 1, 'the row of column names is missing');
}

interface Column {
  readonly path: readonly string[];
  readonly read: (cell: string) => unknown;
}

function columnOf(name: string, line: number): Column {
  const full = SHORT.get(name) ?? name;
  const path = full.split(/[.[\]]+/).filter((part) => part !== '');
  if (path.length === 0 || path.some((part) => ['__proto__', 'constructor', 'prototype'].includes(part))) {
    throw new BatchFileError(line, `${JSON.stringify(name)} is not a valid column name`);
  }
  return { path, read: READERS.get(full.replaceAll(/\[\d+\]/g, '[]')) ?? ((cell) => cell) };
}

function rejectRepeated(names: readonly string[], columns: readonly Column[], line: number): void {
  const seen = new Map<string, string>();
  for (const [index, { path }] of columns.entries()) {
    const name = names[index] ?? '';
    const field = path.join('.');
    const other = seen.get(field);
    if (other !== undefined) {
      const what = other === name ? `column ${name} occurs twice` : `columns ${other} and ${name} are the same field`;
      throw new BatchFileError(line, `${what}: remove one of them`);
    }
    seen.set(field, name);
  }
}

/** Converts the cells of fields that are not text. */
const READERS: ReadonlyMap<string, (cell: string) => unknown> = new Map<string, (cell: string) => unknown>(
  Object.entries({
    'disks[].diskImageSize': numberIn,
    priority: numberIn,
    'upload.keepObject': flagIn,
    'detection.wait': flagIn,
    dryRun: flagIn,
    'distribute.regions': listIn,
    'distribute.shareWith': listIn,
  }),
);

/** A cell that is not a number stays text, so that validation reports it. */
function numberIn(cell: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : cell;
}

function flagIn(cell: string): unknown {
  const word = cell.toLowerCase();
  return ['true', 'yes', '1'].includes(word) ? true : ['false', 'no', '0'].includes(word) ? false : cell;
}

function listIn(cell: string): readonly string[] {
  return cell.split(/[\s;]+/).filter((part) => part !== '');
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
