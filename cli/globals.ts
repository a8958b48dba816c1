/** Options of every command, accepted before and after its name. */
import type { Command } from 'commander';

export interface GlobalOptions {
  /** Print one JSON document on stdout. */
  readonly json: boolean;
  /** Show stack traces. */
  readonly debug: boolean;
  /** URL of the API. Unset: see `findApi`. */
  readonly api?: string;
}

export function addGlobalOptions(program: Command): void {
  program
    .option('--json', 'print the result as one JSON document on stdout', false)
    .option('--debug', 'print stack traces of errors', false)
    .option('--api <url>', 'URL of the API (default: $ECS_IMPORT_API, else the running `up`)');
}

export function globalsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
