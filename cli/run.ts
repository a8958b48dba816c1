/** One run of the command line. Exit codes: 0 done, 1 failed, 2 wrong usage or request, 3 attention, 4 cancelled. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { isObject } from '../domain/json-value.js';
import { packageRoot } from '../store/package-root.js';
import { apiFailure, parse } from './api.js';
import { addApi } from './commands/api.js';
import { addBatch } from './commands/batch.js';
import { addCancel } from './commands/cancel.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEmulator } from './commands/emulator.js';
import { addImport } from './commands/import.js';
import { addInspect } from './commands/inspect.js';
import { addList } from './commands/list.js';
import { addOrphans } from './commands/orphans.js';
import { addPolicy } from './commands/policy.js';
import { addReport } from './commands/report.js';
import { addResume } from './commands/resume.js';
import { addStatus } from './commands/status.js';
import { addUp } from './commands/up.js';
import { addWatch } from './commands/watch.js';
import { addWorker } from './commands/worker.js';
import { print, say } from './console.js';
import { CommandError, EXIT, type ExitCode } from './exit.js';
import { addGlobalOptions } from './globals.js';

const COMMANDS = [
  addDemo,
  addUp,
  addImport,
  addInspect,
  addList,
  addStatus,
  addWatch,
  addCancel,
  addResume,
  addReport,
  addDoctor,
  addPolicy,
  addOrphans,
  addBatch,
  addWorker,
  addApi,
  addEmulator,
];

/** Runs one command; everything that it has to say has been printed when it returns. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  const program = new Command('ecs-image-import')
    .description('Durable imports of disk images as custom images in Alibaba Cloud ECS')
    .configureHelp({ showGlobalOptions: true })
    .version(version())
    .exitOverride();
  addGlobalOptions(program);
  for (const add of COMMANDS) add(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const { json = false, debug = false } = program.opts<{ json?: boolean; debug?: boolean }>();
    return tell(error, { json, debug });
  }
}

function tell(error: unknown, { json, debug }: { readonly json: boolean; readonly debug: boolean }): ExitCode {
  // Commander has printed its line already; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const known = error instanceof CommandError ? error : (apiFailure(error) ?? asCommandError(error));
  for (const line of known.lines) say(line);
  if (json && known.lines.length > 0)
    print(known.problem ?? JSON.stringify({ title: known.lines[0], detail: known.message }));
  if (debug && error instanceof Error) say(error.stack ?? error.message);
  return known.exitCode;
}

function asCommandError(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = error instanceof Error && error.name === 'ConfigError' ? EXIT.usage : EXIT.failed;
  return new CommandError(exitCode, [message.split('\n')[0] ?? message]);
}

function version(): string {
  const about = parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8'));
  return isObject(about) && typeof about.version === 'string' ? about.version : 'unknown';
}
