/** Runs stacks as separate processes, so that tests can kill them and check the remaining processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { USER } from '../../../local/postgres/cluster.js';
import { identify } from '../../../local/supervisor/processes.js';
import { type PartName, type PartRecord, readStackFile } from '../../../local/supervisor/stack-file.js';
import { withDescendants } from './listening-ports.js';

export interface RunningStack {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly apiUrl: string;
  readonly part: (name: PartName) => PartRecord;
  readonly parts: () => readonly PartRecord[];
  /** Of the parts. */
  readonly pids: () => readonly number[];
  /** Of the parts, and the processes that they started. */
  readonly allPids: () => readonly number[];
  /** What it reported so far. */
  readonly messages: () => string;
  /** The variables that API and worker received. */
  readonly settings: () => Promise<
    Readonly<Record<string, string> & Record<'TEMPORAL_ADDRESS' | 'DATABASE_URL' | 'ECS_ENDPOINT', string>>
  >;
  /** As the role of worker and API, which owns nothing. */
  readonly query: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  /** As the owner of the embedded database. */
  readonly queryAsOwner: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  readonly stop: () => Promise<number | null>;
}

const RUNNER = path.join(import.meta.dirname, 'parts', 'run-stack.mjs');

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** A command prefix, e.g. to run the stack as another user. */
  readonly wrapper?: readonly string[];
}

/** Rejects with the stack's stderr if it ends before it is ready. */
export async function runStack(dataDir: string, options: RunOptions = {}): Promise<RunningStack> {
  const command = [...(options.wrapper ?? []), process.execPath, RUNNER, dataDir];
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const closed = once(child, 'close');
  const ended = closed.then(() => {
    throw new Error(errors.trim());
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  ended.catch(() => undefined);
  const { apiUrl } = JSON.parse(String(line));
  const parts = () => readStackFile(path.join(dataDir, 'stack.json'))?.parts ?? [];
  const pids = () => parts().flatMap((part) => (part.pid === null ? [] : [part.pid]));
  const settings: RunningStack['settings'] = async () => JSON.parse(await (await fetch(apiUrl)).text());
  return {
    process: child,
    pid: child.pid ?? 0,
    apiUrl,
    part: (name) => {
      const found = parts().find((part) => part.name === name);
      if (found === undefined) throw new Error(`no part ${name}`);
      return found;
    },
    parts,
    messages: () => errors,
    pids,
    allPids: () => withDescendants(pids()),
    settings,
    query: async (sql) => await queryAt((await settings()).DATABASE_URL, sql),
    queryAsOwner: async (sql) => {
      const url = new URL((await settings()).DATABASE_URL);
      url.username = USER;
      url.password = (await readFile(path.join(dataDir, 'postgres.password'), 'utf8')).trim();
      return await queryAt(url.href, sql);
    },
    stop: async () => {
      // Has no effect if the process was killed before.
      child.kill('SIGTERM');
      const [code] = await closed;
      return typeof code === 'number' ? code : null;
    },
  };
}

async function queryAt(connectionString: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

export function alive(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => identify(pid) !== null);
}
