/** `demo`: runs one complete import against the emulator, with all servers on this machine and in a temporary folder. */
import { access, constants, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import { accessVariables } from '../../config/api-access.js';
import { withoutTemporalVariables } from '../../config/temporal-variables.js';
import type { ImportView } from '../../domain/import.js';
import type { Stack } from '../../local/supervisor/stack.js';
import { packageRoot } from '../../store/package-root.js';
import { type Api, getImport, openApi } from '../api.js';
import { continueWhenReaderCloses, print, say } from '../console.js';
import { type DemoFolder, makeDemoFolder, removeAbandonedDemos } from '../demo-folder.js';
import { setScene } from '../demo-scene.js';
import { printDocument } from '../document.js';
import { withEmulatorKeys } from '../emulated-account.js';
import { CommandError, EXIT } from '../exit.js';
import { fileProblem } from '../file-problem.js';
import { follow } from '../follow.js';
import { duration } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { foldersOf, imageFolders } from '../image-folders.js';
import { handleInterrupts, type Interrupts } from '../interrupts.js';
import { openLiveView } from '../live-view.js';
import { collect } from '../option-values.js';
import { programName } from '../program-name.js';
import { partPrograms } from '../programs.js';
import { loadServerPart } from '../server-part.js';
import { createSignInLink } from '../sign-in-link.js';
import { formatImport } from '../summary.js';
import { exitWithState } from '../watching.js';
import { registerStack } from './up.js';

const REGION = 'cn-hangzhou';
const BUCKET = 'demo-bucket';

interface DemoOptions extends GlobalOptions {
  readonly images?: readonly string[];
  readonly keep: boolean;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('start all servers and an emulated cloud on this machine and import an image; needs no account')
    .argument('[image]', 'path of a disk image (default: the included demo image)')
    .option('--images <dir>', 'folder with images that imports may read; repeatable (default: this folder)', collect)
    .option('--keep', 'keep the servers running until Ctrl-C, and keep their data folder', false)
    .action(async (image: string | undefined, _options, command: Command) =>
      demo(image, { ...command.opts<DemoOptions>(), ...globalsOf(command) }),
    );
}

async function demo(given: string | undefined, options: DemoOptions): Promise<void> {
  const startedAt = Date.now();
  continueWhenReaderCloses();
  const image = given === undefined ? await includedImage() : path.resolve(given);
  await checkImage(image);
  // The image of the command line is allowed by being named there.
  const { variable } = imageFolders(options.images, process.env, process.cwd());
  const roots = [...(foldersOf(variable) ?? []), image];
  await removeAbandonedDemos(say);
  const interrupts = handleInterrupts();
  const folder = await makeDemoFolder(options);
  let stack: Stack | null = null;
  try {
    stack = await startDemoStack(folder, roots, interrupts);
    // A key in the environment is for another API.
    const api = openApi({ api: stack.apiUrl }, { ECS_IMPORT_API_TOKEN: stack.apiToken });
    const view = await importIt(api, image, options, interrupts);
    if (options.json) printDocument(options, (await getImport(api, view.id)).text);
    else {
      print(formatImport(view, { verbose: true }));
      if (options.keep) {
        await setScene(api, image, { region: REGION, bucket: BUCKET });
        print(`API ${stack.apiUrl}`);
        print(`page ${(await createSignInLink(api, stack.apiUrl)).url}`);
      }
      print(`total ${duration(Date.now() - startedAt)}`);
      print(nextCommands(view, options.keep ? stack.apiUrl : null));
    }
    if (options.keep) await keepRunning(stack, roots, interrupts);
    exitWithState(view);
  } catch (error) {
    if (error instanceof CommandError || !interrupts.signal.aborted) throw error;
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    if (interrupts.signal.aborted) say('stopping');
    await stack?.stop();
    if (!options.keep) await folder.remove();
  }
}

async function startDemoStack(folder: DemoFolder, roots: readonly string[], interrupts: Interrupts): Promise<Stack> {
  const { startStack } = await loadServerPart('demo', () => import('../../local/supervisor/stack.js'));
  const stack = await startStack({
    dataDir: folder.path,
    programs: partPrograms(),
    env: { ...withoutOtherServers(withEmulatorKeys(process.env)), ECS_IMPORT_FILE_ROOTS: JSON.stringify(roots) },
    emulator: { buckets: [`${BUCKET}@${REGION}`] },
    say,
    signal: interrupts.signal,
  });
  interrupts.onSecond(() => {
    stack.kill();
    process.exit(EXIT.interrupted);
  });
  return stack;
}

/**
 * Removes the addresses of other servers: the worker of a demo, whose cloud is the emulator, would execute real imports
 * from them.
 */
function withoutOtherServers(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, ...others } = withoutTemporalVariables(env);
  for (const name of Object.keys(accessVariables)) delete others[name];
  return others;
}

async function importIt(api: Api, image: string, options: DemoOptions, interrupts: Interrupts): Promise<ImportView> {
  const { text } = await api.call({
    method: 'POST',
    path: '/v1/imports',
    body: {
      region: REGION,
      imageName: imageName(image),
      disks: [{ source: pathToFileURL(image).href }],
      upload: { bucket: BUCKET },
    },
  });
  const { id } = readImport(text);
  if (!options.json) print(`importing ${image} as ${imageName(image)}: ${id}`);
  const live = openLiveView(process.stdout, { ...options, verbose: true });
  try {
    return await follow(api, id, live, interrupts.signal);
  } finally {
    live.close();
  }
}

/** Three commands that a reader can run now. */
function nextCommands({ id }: ImportView, api: string | null): string {
  const commands =
    api === null ? ['demo --keep', 'up --emulator', 'import --help'] : [`open ${id}`, `logs ${id}`, 'list'];
  return ['next:', ...commands.map((command) => `  ${programName(process.env)} ${command}`)].join('\n');
}

async function keepRunning(stack: Stack, roots: readonly string[], interrupts: Interrupts): Promise<void> {
  const unregister = await registerStack(stack, roots);
  say('running until Ctrl-C');
  if (stack.temporalUiUrl !== null) {
    say(
      `Temporal Web UI: ${stack.temporalUiUrl}; any user name, the key in ${stack.dataDir}/api-token as the password`,
    );
  }
  say(`data folder: ${stack.dataDir}; restart with \`ecs-image-import up --emulator --data ${stack.dataDir}\``);
  await interrupts.first;
  await unregister();
}

async function includedImage(): Promise<string> {
  const folder = path.join(packageRoot(), 'assets');
  const names = await readdir(folder).catch(() => []);
  const name = names.filter((entry) => entry.endsWith('.qcow2')).sort()[0];
  if (name !== undefined) return path.join(folder, name);
  throw new CommandError(EXIT.failed, [
    `the demo image is missing in ${folder}: install the package again, or give the path of a disk image`,
  ]);
}

/** Checks the file before any server starts. */
async function checkImage(image: string): Promise<void> {
  try {
    const info = await stat(image);
    if (!info.isFile()) throw new Error(info.isDirectory() ? 'it is a directory' : 'it is not a regular file');
    if (info.size === 0) throw new Error('it is empty');
    await access(image, constants.R_OK);
  } catch (error) {
    throw new CommandError(EXIT.failed, [
      `can't import ${image}: ${fileProblem(error)}; give the path of a disk image`,
    ]);
  }
}

/** `demo-` and the file's name, limited to the characters and length that ECS accepts in image names. */
function imageName(image: string): string {
  const name = path
    .basename(image)
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return `demo-${name}`.slice(0, 100);
}
