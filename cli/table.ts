/** Tables that fit into the terminal: cells wrap at spaces, and a table that is still too wide becomes one block a row. */
import stringWidth from 'string-width';
import { outputColumns } from './console.js';
import { clean, indent } from './format.js';
import { paint, type Style } from './style.js';

/** A cell; its text may be untrusted. */
export type Cell = string | { readonly text: string; readonly style: Style | undefined };

const GAP = '  ';

/**
 * A header and aligned columns.
 * @param width characters in a row; null: any number. Default: those of the terminal
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  width: number | null = outputColumns(),
): string {
  const cells = rows.map((row) => row.map(cleaned));
  const natural = head.map((name, column) => Math.max(stringWidth(name), ...cells.map((row) => widthOf(row[column]))));
  if (width === null || total(natural) <= width) return lines(head, cells, natural).join('\n');
  const least = head.map((name, column) =>
    Math.max(stringWidth(name), ...cells.map((row) => longestWord(row[column]?.text ?? ''))),
  );
  if (total(least) > width || width - total(least) < MIN_SPARE) return blocks(head, cells).join('\n\n');
  return lines(head, cells, shared(natural, least, width - total(least))).join('\n');
}

/** With less to distribute, wrapped columns are hard to read. */
const MIN_SPARE = 4;

interface Shown {
  readonly text: string;
  readonly style: Style | undefined;
}

function cleaned(cell: Cell): Shown {
  return typeof cell === 'string'
    ? { text: clean(cell), style: undefined }
    : { text: clean(cell.text), style: cell.style };
}

function widthOf(cell: Shown | undefined): number {
  return cell === undefined ? 0 : stringWidth(cell.text);
}

function longestWord(text: string): number {
  return Math.max(0, ...text.split(' ').map((word) => stringWidth(word)));
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
}

/** The widths of columns that wrap: what they need at least, and a share of the rest. */
function shared(natural: readonly number[], least: readonly number[], spare: number): readonly number[] {
  const wanted = natural.map((width, column) => width - (least[column] ?? 0));
  const sum = wanted.reduce((all, one) => all + one, 0);
  return least.map((width, column) => width + Math.floor((spare * (wanted[column] ?? 0)) / sum));
}

function lines(
  head: readonly string[],
  rows: readonly (readonly Shown[])[],
  widths: readonly number[],
): readonly string[] {
  return [head.map((name): Shown => ({ text: name, style: 'bold' })), ...rows].flatMap((row) => {
    const wrapped = row.map(({ text }, column) => wrap(text, widths[column] ?? 0));
    const height = Math.max(1, ...wrapped.map((parts) => parts.length));
    return Array.from({ length: height }, (_, line) =>
      row
        .map(({ style }, column) => padded(wrapped[column]?.[line] ?? '', style, widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    );
  });
}

function padded(text: string, style: Style | undefined, width: number): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return style === undefined || text === '' ? `${text}${space}` : `${paint(style, text)}${space}`;
}

/** Breaks at spaces. A word that is longer than the width stays whole, so that an ID can be copied. */
export function wrap(text: string, width: number): readonly string[] {
  if (stringWidth(text) <= width) return [text];
  const found: string[] = [];
  for (const word of text.split(' ')) {
    const last = found.at(-1);
    if (last !== undefined && stringWidth(`${last} ${word}`) <= width) found[found.length - 1] = `${last} ${word}`;
    else found.push(word);
  }
  return found;
}

/** Empty cells are left out. */
function blocks(head: readonly string[], rows: readonly (readonly Shown[])[]): readonly string[] {
  const width = Math.max(...head.map((name) => stringWidth(name)));
  return rows.map((row) =>
    row
      .flatMap((cell, column) =>
        cell.text === ''
          ? []
          : [`${padded(head[column] ?? '', 'bold', width)}${GAP}${padded(cell.text, cell.style, 0)}`],
      )
      .join('\n'),
  );
}

/** At most so many characters in a row; a cut text ends with `…`. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let shown = '';
  let used = 0;
  for (const character of text) {
    used += stringWidth(character);
    if (used > width - 1) break;
    shown += character;
  }
  return `${shown}…`;
}

/** A table two columns to the right. */
export function indentedTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const width = outputColumns();
  return indent(table(head, rows, width === null ? null : width - 2));
}
