/** `demo`: the whole way of one image on this machine, against the emulator, in a folder that goes away again. */
import { access, constants, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { readImport } from '../../client/answers.js';
import type { ImportView } from '../../domain/import.js';
import { type Stack, startStack } from '../../local/supervisor/stack.js';
import { errorCode, messageOf } from '../../local/supervisor/stack-error.js';
import { packageRoot } from '../../store/package-root.js';
import { withoutTemporalVariables } from '../../temporal/settings.js';
import { type Api, getImport, openApi } from '../api.js';
import { continueWhenReaderCloses, print, say } from '../console.js';
import { type DemoFolder, makeDemoFolder, sweepDemoFolders } from '../demo-folder.js';
import { withEmulatorKeys } from '../emulated-account.js';
import { CommandError, EXIT } from '../exit.js';
import { follow } from '../follow.js';
import { duration } from '../format.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { catchInterrupts, type Interrupts } from '../interrupts.js';
import { openLiveView, SILENT } from '../live-view.js';
import { partPrograms } from '../programs.js';
import { whole } from '../summary.js';
import { endAs } from '../watching.js';
import { announce } from './up.js';

const REGION = 'cn-hangzhou';
const BUCKET = 'demo-bucket';

interface DemoOptions extends GlobalOptions {
  readonly keep: boolean;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('import an image on this machine from start to end, against the emulator')
    .argument('[image]', 'a disk image of yours (default: the small one that comes with this program)')
    .option('--keep', 'stay up afterwards, until Ctrl-C, and keep the folder', false)
    .action(async (image: string | undefined, _options, command: Command) =>
      demo(image, { ...command.opts<DemoOptions>(), ...globalsOf(command) }),
    );
}

async function demo(given: string | undefined, options: DemoOptions): Promise<void> {
  const startedAt = Date.now();
  continueWhenReaderCloses();
  const image = given === undefined ? await shippedImage() : path.resolve(given);
  await demandImage(image);
  await sweepDemoFolders(say);
  const interrupts = catchInterrupts();
  const folder = await makeDemoFolder(options);
  let stack: Stack | null = null;
  try {
    stack = await startDemoStack(folder, interrupts);
    // Its own API takes no token, whatever the environment holds for another.
    const api = openApi({ api: stack.apiUrl }, {});
    const view = await importIt(api, image, options, interrupts);
    if (options.json) print((await getImport(api, view.id)).text);
    else {
      print(whole(view));
      print(`API ${stack.apiUrl}`);
      print(`total ${duration(Date.now() - startedAt)}`);
    }
    if (options.keep) await stayUp(stack, interrupts);
    endAs(view);
  } catch (error) {
    if (error instanceof CommandError || !interrupts.signal.aborted) throw error;
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    if (interrupts.signal.aborted) say('stopping');
    await stack?.stop();
    if (!options.keep) await folder.remove();
  }
}

async function startDemoStack(folder: DemoFolder, interrupts: Interrupts): Promise<Stack> {
  say('starting Temporal, PostgreSQL, the emulator, a worker and the API');
  const stack = await startStack({
    dataDir: folder.path,
    programs: partPrograms(),
    env: ownServers(withEmulatorKeys(process.env)),
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
 * A demo never joins servers that are used for other work: its worker, whose cloud is the emulator, would take real
 * imports from them.
 */
function ownServers(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, ECS_IMPORT_API_TOKEN: _token, ...others } = withoutTemporalVariables(env);
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
  const live = options.json ? SILENT : openLiveView(process.stdout);
  try {
    return await follow(api, id, live, interrupts.signal);
  } finally {
    live.close();
  }
}

async function stayUp(stack: Stack, interrupts: Interrupts): Promise<void> {
  const unregister = await announce(stack);
  say(`staying up until Ctrl-C; try \`ecs-image-import status\` or \`list\` with --api ${stack.apiUrl}`);
  if (stack.temporalUiUrl !== null) say(`Temporal's page: ${stack.temporalUiUrl}`);
  say(`state is kept in ${stack.dataDir}; \`ecs-image-import up --emulator --data ${stack.dataDir}\` starts it again`);
  await interrupts.first;
  await unregister();
}

async function shippedImage(): Promise<string> {
  const folder = path.join(packageRoot(), 'images', 'demo');
  const names = await readdir(folder).catch(() => []);
  const name = names.filter((entry) => entry.endsWith('.qcow2')).sort()[0];
  if (name !== undefined) return path.join(folder, name);
  throw new CommandError(EXIT.failed, [
    `the demo's image lacks in ${folder}: install again, or give an image of yours`,
  ]);
}

/** Before anything is started: what the import itself would find only later. */
async function demandImage(image: string): Promise<void> {
  try {
    const info = await stat(image);
    if (!info.isFile()) throw new Error(info.isDirectory() ? 'it is a folder' : 'it is no regular file');
    if (info.size === 0) throw new Error('it is empty');
    await access(image, constants.R_OK);
  } catch (error) {
    const reason = REASONS[errorCode(error) ?? ''] ?? messageOf(error);
    throw new CommandError(EXIT.failed, [`can't import ${image}: ${reason}; give the path of a disk image`]);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  ENOTDIR: 'there is no such file',
};

/** `demo-` and the file's name, as far as the cloud's rule for names allows (letters, digits, `.`, `_`, `-`, `:`). */
function imageName(image: string): string {
  const name = path
    .basename(image)
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return `demo-${name}`.slice(0, 100);
}
