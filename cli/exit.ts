/** Exit codes, and the error that a command ends with. */
import type { ImportView } from '../domain/import.js';

export const EXIT = { done: 0, failed: 1, usage: 2, attention: 3, cancelled: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Told to the person as lines on stderr, and with `--json` as a problem document on stdout. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly exitCode: ExitCode,
    /** One fact a line. */
    readonly lines: readonly string[],
    /** The API's own problem document, where it sent one. */
    readonly problem: string | null = null,
    options?: ErrorOptions,
  ) {
    super(lines.join('; '), options);
  }
}

/** How a command that followed an import to its end, or to where a person must act, ends itself. */
export function exitCodeOf(view: Pick<ImportView, 'state'>): ExitCode {
  return OUTCOMES[view.state];
}

const OUTCOMES: Readonly<Record<ImportView['state'], ExitCode>> = {
  running: EXIT.done,
  cancelling: EXIT.done,
  succeeded: EXIT.done,
  failed: EXIT.failed,
  attention: EXIT.attention,
  cancelled: EXIT.cancelled,
};
