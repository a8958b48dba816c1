/** The clients of the upload benchmark. Each runs in a separate process. */
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
  /** Of a second upload in the same process. The Go client does not make one. */
  again: z.object({ seconds: z.number(), cpuSeconds: z.number() }).optional(),
  /** Maximum resident memory in bytes. */
  memory: z.number(),
  /** Growth of resident memory during the upload, in bytes. The Go client does not report it. */
  growth: z.number().optional(),
  /** Resident memory in bytes at ten points of the upload. */
  course: z.array(z.number()).optional(),
});
export type Figures = z.infer<typeof figures>;

export interface Client {
  readonly name: string;
  upload(endpoint: string, file: string, partSize: number, concurrentParts: number): Promise<Figures>;
}

const program = (name: string, command: string, prefixArgs: readonly string[]): Client => ({
  name,
  async upload(endpoint, file, partSize, concurrentParts) {
    const { stdout } = await run(command, [...prefixArgs, endpoint, file, String(partSize), String(concurrentParts)]);
    return figures.parse(JSON.parse(stdout));
  },
});

export function nodeClient(name: string): Client {
  return program(name, process.execPath, ['--import', 'tsx', here('./client.ts'), name]);
}

/** Null, with the reason on stderr, if the client cannot be built, for example without network access. */
export async function goClient(folder: string): Promise<Client | null> {
  try {
    return program('go-sdk', await buildGo('go-client', folder), []);
  } catch (error) {
    console.error(`skipped the Go SDK: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Builds a Go program from a folder next to this file, in a copy, so that no build output remains in the repository. */
export async function buildGo(name: 'go-client' | 'go-sink', folder: string): Promise<string> {
  const copy = join(folder, name);
  await cp(here(`./${name}`), copy, { recursive: true });
  const binary = join(copy, 'program');
  await run('go', ['build', '-o', binary, '.'], { cwd: copy }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error('go is not on PATH. Install Go: the sink is a Go program') : error;
  });
  return binary;
}
