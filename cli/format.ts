/** Formats sizes, durations and tables for the terminal. */
import { printableLine } from '../domain/printable.js';

export { formatBytes as size } from '../domain/format-bytes.js';
export { formatDuration as duration } from '../domain/format-duration.js';

/** One line, safe for a terminal: names and messages can come from an untrusted image. */
export const clean = printableLine;

export function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
