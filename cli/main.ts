#!/usr/bin/env node
/** The command line. Exit codes: 0 done, 1 failed, 2 wrong usage or request, 3 attention, 4 cancelled. */
import { Command, CommanderError } from 'commander';
import { StackError } from '../local/stack-error.js';
import { addApi } from './commands/api.js';
import { addEmulator } from './commands/emulator.js';
import { addUp } from './commands/up.js';
import { addWorker } from './commands/worker.js';
import { endWhenNobodyReads, print, say } from './console.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { addGlobalOptions } from './globals.js';

const COMMANDS = [addUp, addWorker, addApi, addEmulator];

async function main(): Promise<ExitCode> {
  endWhenNobodyReads();
  const program = new Command('ecs-image-import')
    .description('Durable imports of disk images as custom images in Alibaba Cloud ECS')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride();
  addGlobalOptions(program);
  for (const add of COMMANDS) add(program);
  try {
    await program.parseAsync(process.argv);
    return EXIT.done;
  } catch (error) {
    const { json = false, debug = false } = program.opts<{ json?: boolean; debug?: boolean }>();
    return tell(error, { json, debug });
  }
}

function tell(error: unknown, { json, debug }: { readonly json: boolean; readonly debug: boolean }): ExitCode {
  // Commander has printed its line already; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const known = error instanceof CommandError ? error : asCommandError(error);
  for (const line of known.lines) say(line);
  if (json && known.lines.length > 0)
    print(known.problem ?? JSON.stringify({ title: known.lines[0], detail: known.message }));
  if (debug && error instanceof Error) say(error.stack ?? error.message);
  return known.exitCode;
}

function asCommandError(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = error instanceof Error && error.name === 'ConfigError' ? EXIT.usage : EXIT.failed;
  if (error instanceof StackError) return new CommandError(EXIT.failed, [message]);
  return new CommandError(exitCode, [message.split('\n')[0] ?? message]);
}

// Whatever a library still holds open (a pool, a socket kept alive) must not keep a finished command from ending.
process.exit(await main());
