/** The columns of a CSV file: their names, the fields that they stand for, and the conversion of their cells. */
import { printableLine } from '../../domain/printable.js';
import { BatchFileError } from './entries.js';

export interface Column {
  readonly name: string;
  readonly path: readonly string[];
  readonly read: (cell: string) => unknown;
}

/** Longer than every field, also with the longest key of a tag. */
const MAX_NAME = 256;
/** The fields of a request have at most four. */
const MAX_PARTS = 16;

/** Short names for common columns. */
const SHORT: Readonly<Record<string, string>> = {
  name: 'imageName',
  source: 'disks[0].source',
  format: 'disks[0].format',
  diskImageSize: 'disks[0].diskImageSize',
  sha256: 'disks[0].sha256',
  credential: 'disks[0].credential',
  bucket: 'upload.bucket',
  prefix: 'upload.prefix',
};

/** Fields of an item. Their columns may be written in any case, and with spaces, `_` or `-` between words. */
const FIELDS: readonly string[] = [
  ...['region', 'imageName', 'description', 'architecture', 'osType', 'platform', 'bootMode', 'licenseType'],
  ...['resourceGroupId', 'roleName', 'storageLocationArn', 'role', 'dryRun', 'priority'],
  ...['disks[].source', 'disks[].format', 'disks[].diskImageSize', 'disks[].sha256', 'disks[].credential'],
  ...['features.nvmeSupport', 'features.imdsSupport'],
  ...['upload.bucket', 'upload.prefix', 'upload.convert', 'upload.keepObject', 'upload.endpoint'],
  ...['detection.strategy', 'detection.wait', 'detection.failOn', 'inspection.failOn', 'inspection.bootCheck'],
  ...['distribute.regions', 'distribute.shareWith', 'distribute.encrypt'],
];

const SPELLINGS = new Map(
  [...Object.entries(SHORT), ...FIELDS.map((field) => [field, field] as const)].map(([name, field]) => [
    normalized(name),
    field,
  ]),
);

function normalized(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]+/g, '');
}

/** Throws `BatchFileError` for a name that is missing, repeated or not usable. */
export function columnsOf(header: readonly string[], line: number): readonly Column[] {
  const names = withoutTrailingEmpty(header);
  const columns = names.map((name, index) => columnOf(name.replace(/^\ufeff/, ''), index + 1, line));
  requireSeparateFields(columns, line);
  const numbers = new Map<string, number>();
  for (const [index, { name, path }] of columns.entries()) {
    const key = path.join('.');
    const other = numbers.get(key);
    if (other !== undefined) {
      throw new BatchFileError(line, `columns ${other} and ${index + 1} are both ${shown(name)}: remove one of them`);
    }
    numbers.set(key, index + 1);
  }
  return columns;
}

/** The name of the column that sets a field or the whole of it; `disks[0].source` → source. */
export function namesOfFields(columns: readonly Column[]): (path: string) => string | null {
  const names = new Map(columns.map(({ name, path }) => [path.join('.'), name]));
  return (field) => {
    const parts = field.split(/[.[\]]+/).filter((part) => part !== '');
    for (let length = parts.length; length > 0; length -= 1) {
      const name = names.get(parts.slice(0, length).join('.'));
      if (name !== undefined) return name;
    }
    return null;
  };
}

/** A column for a whole field and one for a part of it would overwrite each other. */
function requireSeparateFields(columns: readonly Column[], line: number): void {
  const whole = new Map(columns.map(({ name, path }) => [path.join('.'), name]));
  for (const { name, path } of columns) {
    for (let length = 1; length < path.length; length += 1) {
      const other = whole.get(path.slice(0, length).join('.'));
      if (other === undefined) continue;
      throw new BatchFileError(
        line,
        `columns ${shown(other)} and ${shown(name)} set the same field: remove ${shown(other)}, or all columns of its parts`,
      );
    }
  }
}

/** Spreadsheets write separators for columns that are empty. */
export function withoutTrailingEmpty(cells: readonly string[]): readonly string[] {
  const last = cells.findLastIndex((cell) => cell !== '');
  return cells.slice(0, last + 1);
}

function columnOf(name: string, number: number, line: number): Column {
  if (name === '') throw new BatchFileError(line, `column ${number} has no name: name it, or remove the column`);
  if (name.length > MAX_NAME) {
    throw new BatchFileError(line, `column ${number}: the name has ${name.length} characters, more than ${MAX_NAME}`);
  }
  const full = fieldOf(name);
  const path = full.split(/[.[\]]+/).filter((part) => part !== '');
  if (path.length > MAX_PARTS) {
    throw new BatchFileError(line, `column ${number}: ${shown(name)} has more than ${MAX_PARTS} parts`);
  }
  if (path.length === 0 || path.some((part) => ['__proto__', 'constructor', 'prototype'].includes(part))) {
    throw new BatchFileError(line, `column ${number}: ${shown(name)} is not a valid column name`);
  }
  return { name, path, read: READERS.get(full.replaceAll(/\[\d+\]/g, '[]')) ?? ((cell) => cell) };
}

/** An unknown name stays as it is, so that the validation reports it for each item with the nearest known one. */
function fieldOf(name: string): string {
  const tag = /^tags\s*\.\s*(.+)$/i.exec(name)?.[1];
  if (tag !== undefined) return `tags.${tag}`;
  const shareOf = /^distribute\s*\.\s*resource[\s_-]*shares\s*\.\s*(.+)$/i.exec(name)?.[1];
  if (shareOf !== undefined) return `distribute.resourceShares.${shareOf}`;
  const keyOf = /^distribute\s*\.\s*kms[\s_-]*key[\s_-]*id\s*\.\s*(.+)$/i.exec(name)?.[1];
  if (keyOf !== undefined) return `distribute.kmsKeyId.${keyOf}`;
  const index = /\[(\d+)\]/.exec(name)?.[1];
  const field = SPELLINGS.get(normalized(name.replace(/\[\d+\]/, '[]'))) ?? SPELLINGS.get(normalized(name));
  if (field === undefined) return name;
  return index === undefined ? field : field.replace('[]', `[${index}]`);
}

/** Converts the cells of fields that are not text. */
const READERS: ReadonlyMap<string, (cell: string) => unknown> = new Map<string, (cell: string) => unknown>(
  Object.entries({
    'disks[].diskImageSize': numberIn,
    priority: numberIn,
    'upload.keepObject': flagIn,
    'detection.wait': flagIn,
    'inspection.bootCheck': flagIn,
    dryRun: flagIn,
    'distribute.encrypt': flagIn,
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
  return cell.split(/[\s;,|]+/).filter((part) => part !== '');
}

/** A cell or name as a message quotes it. */
export function shown(text: string): string {
  return JSON.stringify(printableLine(text.slice(0, 60)));
}
