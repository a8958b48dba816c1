/**
 * The log of a process on standard error: one JSON object a line with ISO time and the name of the level, or text for a person on a
 * terminal.
 */
import { isatty } from 'node:tty';
import pino, { type DestinationStream, type Logger } from 'pino';
import { printable } from '../domain/printable.js';
import { humanLine } from './human-line.js';
import { logContext } from './log-context.js';

const STDERR = 2;

export interface LogOptions {
  /** Of the process: `worker`, `api`. */
  readonly name: string;
  readonly level: string;
  /** `auto`: text on a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'text';
  /** Default: standard error. */
  readonly to?: DestinationStream;
}

export function createLog({ name, level, format, to = pino.destination(STDERR) }: LogOptions): Logger {
  const isText = format === 'text' || (format === 'auto' && isatty(STDERR));
  return pino(
    {
      ...{ name, level, timestamp: pino.stdTimeFunctions.isoTime, mixin: () => ({ ...logContext() }) },
      formatters: { level: (label) => ({ level: label }) },
      // The last step before a line is written: texts of guests and of the cloud must not control a terminal.
      hooks: { streamWrite: (line) => printable(isText ? humanLine(line) : line) },
    },
    to,
  );
}
