/** Exit codes, and the error that ends a command with one of them. */
import { LoggedError } from '../config/logged-error.js';
import type { ImportView } from '../domain/import.js';

export const EXIT = {
  ...{ done: 0, failed: 1, usage: 2, attention: 3, cancelled: 4 },
  ...{ unreachable: 5, notReady: 6, interrupted: 130 },
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Of the help and of docs/cli.md. The same for every command. */
export const EXIT_MEANINGS: readonly (readonly [code: ExitCode, name: string, meaning: string])[] = [
  [EXIT.done, 'done', 'the command did what was asked; a running import or batch is fine so far'],
  [EXIT.failed, 'failed', 'the import, batch or command failed, or an image would fail'],
  [EXIT.usage, 'usage', 'the command line, the request or the ID is wrong'],
  [EXIT.attention, 'attention', 'action is required: fix the cause, then resume'],
  [EXIT.cancelled, 'cancelled', 'the import or batch was cancelled'],
  [EXIT.unreachable, 'unreachable', 'the service cannot be reached, or a server that up, worker, api or doctor needs'],
  [EXIT.notReady, 'not ready', 'the service answers, but cannot work now'],
  [EXIT.interrupted, 'interrupted', 'Ctrl-C or SIGTERM stopped the command'],
];

/** Printed as lines on stderr, and with `--json` as a problem document on stdout. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly exitCode: ExitCode,
    /** One message a line. */
    readonly lines: readonly string[],
    /** The problem document that the API sent. */
    readonly problem: string | null = null,
    options?: ErrorOptions,
  ) {
    super(lines.join('; '), options);
  }
}

/** By name: the classes are in parts of the program that are loaded on demand. */
const CODES_OF_ERRORS: Readonly<Record<string, ExitCode>> = {
  ConfigError: EXIT.usage,
  UnreachableError: EXIT.unreachable,
};

/** The exit code of a command that ended with an error other than `CommandError`. */
export function exitCodeOfError(error: unknown): ExitCode {
  const cause = error instanceof LoggedError ? error.cause : error;
  return (cause instanceof Error ? CODES_OF_ERRORS[cause.name] : undefined) ?? EXIT.failed;
}

/** The exit code of a command that watched an import until it ended or required action. */
export function exitCodeOf(view: Pick<ImportView, 'state'>): ExitCode {
  return EXIT_CODES[view.state];
}

const EXIT_CODES: Readonly<Record<ImportView['state'], ExitCode>> = {
  running: EXIT.done,
  cancelling: EXIT.done,
  succeeded: EXIT.done,
  failed: EXIT.failed,
  attention: EXIT.attention,
  cancelled: EXIT.cancelled,
};
