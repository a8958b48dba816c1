/** The table of `list`: the columns that fit into the terminal, and why an import does not continue. */
import stringWidth from 'string-width';
import type { ImportLine } from '../client/answers.js';
import { waitText } from '../domain/progress-text.js';
import { clean } from './format.js';
import { paint, styleOf } from './style.js';
import { cut } from './table.js';

interface Column {
  readonly name: string;
  readonly text: (line: ImportLine) => string;
}

const COLUMNS: readonly Column[] = [
  { name: 'id', text: ({ id }) => id },
  { name: 'state', text: ({ state }) => state },
  { name: 'phase', text: ({ phase }) => phase },
  { name: '%', text: ({ progress }) => String(Math.floor(progress.percent)) },
  { name: 'region', text: ({ request }) => request.region },
  { name: 'name', text: ({ request }) => request.imageName },
  { name: 'account', text: ({ request }) => request.account ?? '' },
  { name: 'image', text: ({ image }) => image?.imageId ?? '' },
  { name: 'created', text: ({ createdAt }) => createdAt.slice(0, 19).replace('T', ' ') },
];

/** A narrow terminal shows the first of these that fit. */
const PRIORITY: readonly string[] = ['id', 'state', 'name', 'phase', 'region', 'created', 'image', '%', 'account'];
const GAP = 2;
/** A shorter reason says little: it gets a line of its own. */
const MIN_REASON = 30;

export interface ImportTable {
  readonly head: string;
  readonly rows: (lines: readonly ImportLine[]) => readonly string[];
}

/**
 * @param sample the first lines, which decide the widths of the columns; longer cells of later lines move the next column
 * @param width characters in a row; null: any number, and no text is cut
 */
export function importTable(sample: readonly ImportLine[], width: number | null): ImportTable {
  const hasAccounts = sample.some(({ request }) => request.account !== undefined);
  const widthOf = ({ name, text }: Column) =>
    Math.max(stringWidth(name), ...sample.map((line) => stringWidth(clean(text(line)))));
  const possible = COLUMNS.filter(({ name }) => name !== 'account' || hasAccounts).map((column) => ({
    ...column,
    width: widthOf(column),
  }));
  const chosen = new Set<string>();
  let used = 0;
  for (const name of PRIORITY) {
    const column = possible.find((one) => one.name === name);
    if (column === undefined) continue;
    if (width !== null && chosen.size > 2 && used + column.width > width) break;
    chosen.add(name);
    used += column.width + GAP;
  }
  const columns = possible.filter(({ name }) => chosen.has(name));
  const beside = width === null || width - used >= MIN_REASON;
  const cells = (texts: readonly string[]) =>
    texts.map((text, index) => pad(text, columns[index]?.width ?? 0)).join('  ');
  const shorter = (text: string, space: number) => (width === null ? text : cut(text, space));
  const row = (line: ImportLine): readonly string[] => {
    const start = columns
      .map(({ name, text, width: own }) => {
        const padded = pad(clean(text(line)), own);
        const style = name === 'state' ? styleOf(line.state) : undefined;
        return style === undefined ? padded : paint(style, padded);
      })
      .join('  ');
    const reason = reasonOf(line);
    if (reason === '') return [start.trimEnd()];
    if (beside) return [`${start}  ${shorter(reason, (width ?? 0) - used)}`];
    return [start.trimEnd(), paint('dim', `  ${shorter(reason, (width ?? 0) - GAP)}`)];
  };
  const head = [...columns.map(({ name }) => name), ...(beside ? ['reason'] : [])];
  return { head: paint('bold', cells(head).trimEnd()), rows: (lines) => lines.flatMap(row) };
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** Why the import failed, stopped or waits; empty: it did none of these. */
function reasonOf({ error, attention, waitingFor }: ImportLine): string {
  const problem = error ?? attention;
  if (problem) return clean(`${problem.code}: ${problem.message}`);
  return waitingFor ? clean(waitText(waitingFor, Date.now())) : '';
}
