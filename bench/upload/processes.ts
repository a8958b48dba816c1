/** Starts what the upload benchmark compares, each in a process of its own. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface Sink {
  readonly endpoint: string;
  /** Forgets what it took; learns the file's checksums when given one. */
  prepare(task: { file?: string; partSize: number }): Promise<void>;
  /** Since then. */
  received(): Promise<Received>;
  stop(): void;
}

const received = z.object({
  /** Of bodies, those of requests that were cut off too. */
  bytes: z.number(),
  cutBytes: z.number(),
  /** Of parts that had arrived whole before. */
  repeatedBytes: z.number(),
});
export type Received = z.infer<typeof received>;

export async function startSink(): Promise<Sink> {
  const child = fork(here('./sink.ts'), { execArgv: ['--import', 'tsx'] });
  const { port } = z.object({ port: z.number() }).parse(await message(child));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async prepare(task) {
      child.send(task);
      await message(child);
    },
    async received() {
      child.send('count');
      return received.parse(await message(child));
    },
    stop: () => child.disconnect(),
  };
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the sink ended'));
    child.once('exit', ended);
    child.once('message', (told) => {
      child.off('exit', ended);
      resolve(told);
    });
  });
}

const figures = z.object({
  seconds: z.number(),
  cpuSeconds: z.number(),
  /** Highest resident size, bytes. */
  memory: z.number(),
  /** By how much that is more than before the upload; Go's runtime is too small to tell. */
  growth: z.number().optional(),
  /** Resident size in bytes, ten times over the upload. */
  course: z.array(z.number()).optional(),
});
export type Figures = z.infer<typeof figures>;

export interface Client {
  readonly name: string;
  upload(endpoint: string, file: string, partSize: number, lanes: number): Promise<Figures>;
}

const program = (name: string, command: string, first: readonly string[]): Client => ({
  name,
  async upload(endpoint, file, partSize, lanes) {
    const { stdout } = await run(command, [...first, endpoint, file, String(partSize), String(lanes)]);
    return figures.parse(JSON.parse(stdout));
  },
});

export function nodeClient(name: string): Client {
  return program(name, process.execPath, ['--import', 'tsx', here('./client.ts'), name]);
}

/** Null, with the reason on stderr, where there is no Go or no way to its modules. */
export async function goClient(): Promise<Client | null> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'go-client-'));
    await cp(here('./go-client'), folder, { recursive: true });
    const binary = join(folder, 'client');
    await run('go', ['build', '-o', binary, '.'], { cwd: folder });
    return program('go-sdk', binary, []);
  } catch (error) {
    console.error(`no figures for the Go SDK: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
