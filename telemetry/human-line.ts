/** A JSON log line as text: `12:30:01.123 WARN  worker: message key=value`. */
import { printableLine } from '../domain/printable.js';

/** The same in all lines of a process, or shown in another place. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'stack', 'error']);

export function humanLine(line: string): string {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== 'object' || entry === null) return line;
  const fields = new Map(Object.entries(entry));
  const text = (name: string) => String(fields.get(name) ?? '');
  const rest = [...fields].filter(([name]) => !HIDDEN.has(name)).map(([name, value]) => ` ${name}=${shown(value)}`);
  const time = text('time').slice(11, 23);
  const stacks = ['stack', 'error'].flatMap((name) => (fields.has(name) ? [`\n${text(name)}`] : []));
  return `${time} ${text('level').toUpperCase().padEnd(5)} ${text('name')}: ${printableLine(text('msg'))}${rest.join('')}${stacks.join('')}\n`;
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
