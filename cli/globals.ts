/** Options that every command takes, before or behind its name. */
import type { Command } from 'commander';

export interface GlobalOptions {
  /** Output for programs: one JSON document on stdout. */
  readonly json: boolean;
  /** Show stack traces. */
  readonly debug: boolean;
  /** Where the API is; unset: ECS_IMPORT_API, else the local `up`. */
  readonly api?: string;
}

export function addGlobalOptions(program: Command): void {
  program
    .option('--json', 'print one JSON document on stdout', false)
    .option('--debug', 'show stack traces of errors', false)
    .option('--api <url>', 'address of the API (default: $ECS_IMPORT_API, else the local `up`)');
}

export function globalsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
