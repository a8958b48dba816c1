/** Runs the built command line as a separate process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import OSS from 'ali-oss';

const MAIN = path.resolve(import.meta.dirname, '../../../dist/cli/main.js');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

export async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = start(args, env);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

async function text(stream: ChildProcess['stdout']): Promise<string> {
  let whole = '';
  for await (const chunk of stream?.setEncoding('utf8') ?? []) whole += chunk;
  return whole;
}

export interface Up {
  readonly api: string;
  readonly emulator: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Sends SIGINT; resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
}

/** Runs `up --emulator` with short polling intervals. The caller removes the folder. */
export async function up(dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<Up> {
  const images = ['--images', tmpdir(), '--images', process.cwd()];
  const child = start(['up', '--emulator', ...images, '--data', dataDir], {
    ECS_IMPORT_POLL_FIRST_MS: '100',
    ECS_IMPORT_POLL_MAX_MS: '500',
    ECS_IMPORT_LOOK_EVERY_MS: '200',
    ...env,
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const found: Record<string, string> = {};
  if (child.stdout === null) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = '', url = ''] = line.split(' ');
    found[name] = url;
    if (name === 'ready') break;
  }
  if (found.ready === undefined || found.emulator === undefined) throw new Error(`up does not start: ${errors}`);
  return {
    api: found.ready,
    emulator: found.emulator,
    dataDir,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null) return child.exitCode;
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
      return typeof code === 'number' ? code : null;
    },
  };
}

/** A folder for one test file. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-cli-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Creates a bucket in the emulator with an OSS client. */
export async function makeBucket(endpoint: string, name: string, region: string): Promise<void> {
  // `sldEnable` (path style) is missing from the package's types. A variable avoids the check for excess properties.
  const location = { endpoint, sldEnable: true, region: `oss-${region}`, authorizationV4: true };
  const client = new OSS({ ...location, accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' });
  await client.putBucket(name);
}
