/** Runs one command. Exit codes: see `EXIT`. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError, Help, type Option } from 'commander';
import { LoggedError } from '../config/logged-error.js';
import { isObject } from '../domain/json-value.js';
import { packageRoot } from '../store/package-root.js';
import { apiFailure, parse } from './api.js';
import { addApi } from './commands/api.js';
import { addAudit } from './commands/audit.js';
import { addBatch } from './commands/batch.js';
import { addCancel } from './commands/cancel.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEmulator } from './commands/emulator.js';
import { addHold, addHolds, addRelease } from './commands/hold.js';
import { addImport } from './commands/import.js';
import { addInspect } from './commands/inspect.js';
import { addKeys } from './commands/keys.js';
import { addList } from './commands/list.js';
import { addMigrate } from './commands/migrate.js';
import { addOpen } from './commands/open.js';
import { addOrphans } from './commands/orphans.js';
import { addPayloadKeys } from './commands/payload-keys.js';
import { addPolicy } from './commands/policy.js';
import { addReconcile } from './commands/reconcile.js';
import { addReport } from './commands/report.js';
import { addResume } from './commands/resume.js';
import { addStatus } from './commands/status.js';
import { addUp } from './commands/up.js';
import { addWatch } from './commands/watch.js';
import { addWebhooks } from './commands/webhooks.js';
import { addWorker } from './commands/worker.js';
import { print, say } from './console.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { addGlobalOptions } from './globals.js';
import { commandIn, rejectEmptyValues, usageErrorOf } from './usage.js';

/** In the order of the help text. */
const COMMAND_GROUPS: Readonly<Record<string, readonly ((program: Command) => void)[]>> = {
  'Start here:': [addDemo, addUp, addOpen, addDoctor],
  'Imports:': [addImport, addInspect, addList, addStatus, addWatch, addCancel, addResume, addReport],
  'Batches:': [addBatch],
  'Administration:': [
    addKeys,
    addPayloadKeys,
    addAudit,
    addPolicy,
    addMigrate,
    addOrphans,
    addReconcile,
    addHold,
    addRelease,
    addHolds,
    addWebhooks,
  ],
  'Single processes:': [addWorker, addApi, addEmulator],
};

const EXIT_CODES_HELP = `
Exit codes: 0 success, 1 failure, 2 wrong usage or rejected request, 3 action required, 4 cancelled, 130 interrupted`;

/** Prints the result and errors of the command, and returns its exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let written = '';
  const program = new Command('ecs-image-import')
    .description('Import disk images as custom images into Alibaba Cloud ECS. Imports survive restarts of the service.')
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .addHelpText('after', EXIT_CODES_HELP)
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(text.replace(/\n$/, '')),
      writeErr: (text) => {
        written += text;
      },
    })
    .hook('preAction', (_program, command) => {
      rejectEmptyValues(program);
      rejectEmptyValues(command);
    });
  addGlobalOptions(program);
  for (const [heading, commands] of Object.entries(COMMAND_GROUPS)) {
    program.commandsGroup(heading);
    for (const add of commands) add(program);
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    // Commander stops at the first wrong argument: an option after it is not set.
    const given = (flag: string) => argv.includes(flag);
    const wrong = error instanceof CommanderError && error.exitCode !== 0;
    return report(wrong ? usageErrorOf(error, commandIn(program, argv), written) : error, {
      json: given('--json'),
      debug: given('--debug'),
    });
  }
}

function report(error: unknown, { json, debug }: { readonly json: boolean; readonly debug: boolean }): ExitCode {
  // The help or the version was printed.
  if (error instanceof CommanderError) return EXIT.done;
  const known = error instanceof CommandError ? error : (apiFailure(error) ?? asCommandError(error));
  for (const line of known.lines) say(line);
  if (json && known.lines.length > 0)
    print(known.problem ?? JSON.stringify({ title: known.lines[0], detail: known.message }));
  if (debug && error instanceof Error) say(error.stack ?? error.message);
  return known.exitCode;
}

function asCommandError(error: unknown): CommandError {
  if (error instanceof LoggedError) return new CommandError(error.isSetting ? EXIT.usage : EXIT.failed, []);
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = error instanceof Error && error.name === 'ConfigError' ? EXIT.usage : EXIT.failed;
  return new CommandError(exitCode, [message.split('\n')[0] ?? message]);
}

/** Omits the default of flags: commander would print "(default: false)". */
function describeOption(option: Option): string {
  return option.defaultValue === false ? option.description : new Help().optionDescription(option);
}

function version(): string {
  const about = parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8'));
  return isObject(about) && typeof about.version === 'string' ? about.version : 'unknown';
}
