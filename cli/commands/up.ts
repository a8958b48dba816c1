/** `up`: runs the whole service on this machine until Ctrl-C, with its durable state in one folder. */
import type { Command } from 'commander';
import { ApiProblem } from '../../client/errors.js';
import { apiAccessFromEnvironment, NO_AUTH } from '../../config/api-access.js';
import { defaultDataDir } from '../../local/supervisor/folders.js';
import { registerInstance } from '../../local/supervisor/instances.js';
import type { Stack } from '../../local/supervisor/stack.js';
import { messageOf } from '../../local/supervisor/stack-error.js';
import { openApi } from '../api.js';
import { continueWhenReaderCloses, print, say } from '../console.js';
import { printDocument } from '../document.js';
import { withDefaultEmulatorKeys } from '../emulated-account.js';
import { CommandError, EXIT } from '../exit.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { foldersOf, type ImageFolders, imageFolders } from '../image-folders.js';
import { handleInterrupts } from '../interrupts.js';
import { collect, port } from '../option-values.js';
import { partPrograms } from '../programs.js';
import { loadServerPart } from '../server-part.js';
import { createSignInLink } from '../sign-in-link.js';

interface UpOptions extends GlobalOptions {
  readonly emulator: boolean;
  readonly emulatorPort?: number;
  readonly bucket?: readonly string[];
  readonly port?: number;
  readonly data?: string;
  readonly insecureNoAuth: boolean;
  readonly images?: readonly string[];
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('run the service (Temporal, PostgreSQL, worker and API) on this machine until Ctrl-C')
    .option('--emulator', 'use an emulator instead of Alibaba Cloud; create its buckets with --bucket', false)
    .option('--emulator-port <n>', 'port of the emulator (default, and 0: a free port)', port)
    .option('--bucket <name@region>', 'create this bucket in the emulator; repeatable (images@cn-hangzhou)', collect)
    .option('--port <n>', 'port of the API (default: the last one or a free port; 0: a free port)', port)
    .option('--images <dir>', 'folder with images that imports may read; repeatable (default: this folder)', collect)
    .option('--insecure-no-auth', 'require no key: every user and program of this machine is an admin', false)
    .option('--data <dir>', `data folder (default: ${defaultDataDir(process.env)})`)
    .action(async (_options, command: Command) => up({ ...command.opts<UpOptions>(), ...globalsOf(command) }));
}

async function up(options: UpOptions): Promise<void> {
  continueWhenReaderCloses();
  const { startStack } = await loadServerPart('up', () => import('../../local/supervisor/stack.js'));
  const interrupts = handleInterrupts();
  const { bucket: buckets = [] } = options;
  const withEmulator = options.emulator || options.emulatorPort !== undefined;
  if (buckets.length > 0 && !withEmulator) {
    throw new CommandError(EXIT.usage, ['--bucket creates a bucket in the emulator: add --emulator, or omit it']);
  }
  const images = imageFolders(options.images, process.env, process.cwd());
  const env = {
    ...process.env,
    ECS_IMPORT_FILE_ROOTS: images.variable,
    ...(options.insecureNoAuth ? { ECS_IMPORT_INSECURE_NO_AUTH: 'true' } : {}),
  };
  // Before anything starts.
  if (apiAccessFromEnvironment(env).isOpen) say(`warning: ${NO_AUTH}`);
  const stack = await startStack({
    dataDir: options.data ?? defaultDataDir(process.env),
    programs: partPrograms(),
    env: withEmulator ? withDefaultEmulatorKeys(env) : env,
    emulator: withEmulator
      ? { buckets, ...(options.emulatorPort === undefined ? {} : { port: options.emulatorPort }) }
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
  const unregister = await registerStack(stack, foldersOf(images.variable));
  const signIn = await signInLink(stack);
  if (options.json) printDocument(options, { ready: stack.apiUrl, emulator: stack.emulatorUrl, signIn });
  else {
    if (stack.emulatorUrl !== null) print(`emulator ${stack.emulatorUrl}`);
    print(`ready ${stack.apiUrl}`);
    if (signIn !== null) print(`sign-in ${signIn}`);
  }
  if (signIn !== null) say('open the sign-in link within 10 minutes; `ecs-image-import open` prints a new one');
  say(`data folder: ${stack.dataDir}; press Ctrl-C to stop`);
  if (stack.temporalUiUrl !== null) {
    say(
      `Temporal Web UI: ${stack.temporalUiUrl}; any user name, the key in ${stack.dataDir}/api-token as the password`,
    );
  }
  say(images.note);
  await interrupts.first;
  say('stopping');
  await unregister();
  await stack.stop();
}

/** Null: the page needs no link, or the API did not create one. */
async function signInLink(stack: Stack): Promise<string | null> {
  const api = openApi({ api: stack.apiUrl }, { ECS_IMPORT_API_TOKEN: stack.apiToken });
  try {
    return (await createSignInLink(api, stack.apiUrl)).url;
  } catch (error) {
    if (!(error instanceof ApiProblem && error.problem?.code === 'Api.NoSignIn')) {
      say(`can't create a sign-in link (${messageOf(error)}): \`ecs-image-import open\` tries again`);
    }
    return null;
  }
}

/** Registers the API for other commands of this user. Returns the function that unregisters it. */
export async function registerStack(stack: Stack, images: ImageFolders): Promise<() => Promise<void>> {
  try {
    return await registerInstance(process.env, { dataDir: stack.dataDir, api: stack.apiUrl, images });
  } catch (error) {
    say(`can't register this service for other commands (${messageOf(error)}): use them with --api ${stack.apiUrl}`);
    return async () => {};
  }
}
