/** Errors of the command line: what is wrong, in which command, and where its help is. */
import type { Command, CommanderError } from 'commander';
import { CommandError, EXIT } from './exit.js';
import { problemDocument } from './problem.js';

/** The program, or the command that the arguments name. */
export function commandIn(program: Command, argv: readonly string[]): Command {
  let found = program;
  for (const word of argv) {
    const next = found.commands.find((command) => command.name() === word);
    if (next !== undefined) found = next;
  }
  return found;
}

/** `ecs-image-import batch status`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** @param written what commander would have printed: the message, or the help of a command that needs a subcommand */
export function usageErrorOf(error: CommanderError, command: Command, written: string): CommandError {
  if (error.code === 'commander.help') {
    const message = `${fullName(command)} needs a command`;
    return new CommandError(EXIT.usage, [message, ...written.trimEnd().split('\n')], problemOf(message, command));
  }
  const message = (written === '' ? error.message : written)
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ');
  return wrongUsage(message, command);
}

export function wrongUsage(message: string, command: Command): CommandError {
  return new CommandError(
    EXIT.usage,
    [`${message.replace(/\.$/, '')}. ${remedyOf(command)}`],
    problemOf(message, command),
  );
}

function remedyOf(command: Command): string {
  return `See \`${fullName(command)} --help\`.`;
}

function problemOf(detail: string, command: Command): string {
  return problemDocument({
    ...{ code: 'Cli.WrongUsage', title: 'The command line is not valid', detail },
    ...{ remedy: remedyOf(command), exitCode: EXIT.usage },
  });
}

const MAY_BE_EMPTY: readonly string[] = ['--prefix', '--account'];

/** An empty value is almost always an unset variable of a script. */
export function rejectEmptyValues(command: Command): void {
  for (const option of command.options) {
    const isGiven = command.getOptionValueSource(option.attributeName()) === 'cli';
    if (isGiven && command.getOptionValue(option.attributeName()) === '' && !MAY_BE_EMPTY.includes(option.long ?? '')) {
      throw wrongUsage(`option '${option.flags}' has an empty value. Give a value, or omit the option`, command);
    }
  }
  for (const [index, argument] of command.registeredArguments.entries()) {
    if (command.args[index] === '') throw wrongUsage(`argument '${argument.name()}' is empty`, command);
  }
}
