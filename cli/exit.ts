/** Exit codes, and the error that ends a command with one of them. */
import type { ImportView } from '../domain/import.js';

export const EXIT = { done: 0, failed: 1, usage: 2, attention: 3, cancelled: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

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
