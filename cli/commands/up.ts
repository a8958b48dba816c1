/** `up`: everything on this machine, with durable state in one folder, until Ctrl-C. */
import type { Command } from 'commander';
import { defaultDataDir } from '../../local/supervisor/folders.js';
import { registerInstance } from '../../local/supervisor/instances.js';
import { type Stack, startStack } from '../../local/supervisor/stack.js';
import { messageOf } from '../../local/supervisor/stack-error.js';
import { continueWhenReaderCloses, print, say } from '../console.js';
import { withKeysForEmulator } from '../emulated-account.js';
import { CommandError, EXIT } from '../exit.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { catchInterrupts } from '../interrupts.js';
import { port } from '../option-values.js';
import { partPrograms } from '../programs.js';

interface UpOptions extends GlobalOptions {
  readonly emulator: boolean;
  readonly emulatorPort?: number;
  readonly port?: number;
  readonly data?: string;
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('start Temporal, PostgreSQL, worker and API on this machine, and keep them running until Ctrl-C')
    .option('--emulator', 'start the emulator too, and let it stand for Alibaba Cloud', false)
    .option('--emulator-port <n>', 'port of the emulator (default: a free one)', port)
    .option('--port <n>', 'port of the API (default: a free one)', port)
    .option('--data <dir>', `folder of all state (default: ${defaultDataDir(process.env)})`)
    .action(async (_options, command: Command) => up({ ...command.opts<UpOptions>(), ...globalsOf(command) }));
}

async function up(options: UpOptions): Promise<void> {
  continueWhenReaderCloses();
  const interrupts = catchInterrupts();
  const withEmulator = options.emulator || options.emulatorPort !== undefined;
  const stack = await startStack({
    dataDir: options.data ?? defaultDataDir(process.env),
    programs: partPrograms(),
    env: withEmulator ? withKeysForEmulator(process.env) : process.env,
    emulator: withEmulator
      ? { buckets: [], ...(options.emulatorPort === undefined ? {} : { port: options.emulatorPort }) }
      : null,
    ...(options.port === undefined ? {} : { apiPort: options.port }),
    say,
    signal: interrupts.signal,
  }).catch((error: unknown) => {
    throw interrupts.signal.aborted ? new CommandError(EXIT.interrupted, []) : error;
  });
  interrupts.onSecond(() => {
    stack.kill();
    process.exit(EXIT.interrupted);
  });
  const unregister = await announce(stack);
  if (options.json) print(JSON.stringify({ ready: stack.apiUrl, emulator: stack.emulatorUrl }));
  else {
    if (stack.emulatorUrl !== null) print(`emulator ${stack.emulatorUrl}`);
    print(`ready ${stack.apiUrl}`);
  }
  say(`state is kept in ${stack.dataDir}; Ctrl-C stops`);
  if (stack.temporalUiUrl !== null) say(`Temporal's page: ${stack.temporalUiUrl}`);
  await interrupts.first;
  say('stopping');
  await unregister();
  await stack.stop();
}

/** Lets the other commands find it. Returns what takes it back. */
export async function announce(stack: Stack): Promise<() => Promise<void>> {
  try {
    return await registerInstance(process.env, { dataDir: stack.dataDir, api: stack.apiUrl });
  } catch (error) {
    say(`other commands need --api ${stack.apiUrl} to find this (${messageOf(error)})`);
    return async () => {};
  }
}
