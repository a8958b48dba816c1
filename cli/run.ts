/** Runs one command. Exit codes: see `EXIT`. */
import { type Command, CommanderError } from 'commander';
import { LoggedError } from '../config/logged-error.js';
import { apiFailure } from './api.js';
import { completions } from './completions.js';
import { configureOutput, hasPrintedPart, print, say } from './console.js';
import { CommandError, EXIT, type ExitCode, exitCodeOfError } from './exit.js';
import { globalsOf } from './globals.js';
import type { ProgressMode } from './live-view.js';
import { problemOf } from './problem.js';
import { createProgram } from './program.js';
import { commandIn, rejectEmptyValues, usageErrorOf } from './usage.js';

/** Prints the result and errors of the command, and returns its exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let written = '';
  const program = createProgram((text) => {
    written += text;
  }).hook('preAction', (_program, command) => {
    applyOutput(command);
    rejectEmptyValues(program);
    rejectEmptyValues(command);
  });
  const [first, second] = argv;
  if (first === '__complete' && second === '--') {
    for (const line of await completions(program, argv.slice(2), process.env)) print(line);
    return EXIT.done;
  }
  // Commander stops at the first wrong argument: an option after it is not set.
  const given = (...flags: readonly string[]) => argv.some((word) => flags.some((flag) => word === flag));
  configureOutput(given('--color=never') ? 'never' : 'auto', false);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const wrong = error instanceof CommanderError && error.exitCode !== 0;
    return report(wrong ? usageErrorOf(error, commandIn(program, argv), written) : error, {
      json: given('--json') || argv.some((word) => word.startsWith('--fields')),
      debug: given('--debug'),
    });
  }
}

function applyOutput(command: Command): void {
  const { progress } = command.opts<{ readonly progress?: ProgressMode }>();
  configureOutput(globalsOf(command).color, progress === 'json');
}

function report(error: unknown, { json, debug }: { readonly json: boolean; readonly debug: boolean }): ExitCode {
  // The help or the version was printed.
  if (error instanceof CommanderError) return EXIT.done;
  const known = error instanceof CommandError ? error : (apiFailure(error) ?? asCommandError(error));
  for (const line of known.lines) say(line);
  if (json && known.lines.length > 0 && !hasPrintedPart()) print(known.problem ?? problemOf(known));
  if (debug && error instanceof Error) say(error.stack ?? error.message);
  return known.exitCode;
}

function asCommandError(error: unknown): CommandError {
  if (error instanceof LoggedError) return new CommandError(exitCodeOfError(error), []);
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError(exitCodeOfError(error), [message.split('\n')[0] ?? message]);
}
