/** What the upload benchmark compares, each in a process of its own. */
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

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

/** Null, with the reason on stderr, where there is no way to its modules. */
export async function goClient(folder: string): Promise<Client | null> {
  try {
    return program('go-sdk', await buildGo('go-client', folder), []);
  } catch (error) {
    console.error(`no figures for the Go SDK: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** The program made of what lies in a folder beside this file; built in a copy, which leaves nothing here. */
export async function buildGo(name: 'go-client' | 'go-sink', folder: string): Promise<string> {
  const copy = join(folder, name);
  await cp(here(`./${name}`), copy, { recursive: true });
  const binary = join(copy, 'program');
  await run('go', ['build', '-o', binary, '.'], { cwd: copy }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error('go is not on PATH, and the sink is a Go program') : error;
  });
  return binary;
}
