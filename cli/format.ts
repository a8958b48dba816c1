/** Formats sizes, durations and tables for the terminal. */
import { printableLine } from '../domain/printable.js';

export { formatBytes as size } from '../domain/format-bytes.js';
export { formatDuration as duration } from '../domain/format-duration.js';

/** One line, safe for a terminal: names and messages can come from an untrusted image. */
export const clean = printableLine;

/** A header and aligned columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(clean));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
