/** Starts stacks as processes of their own, so that they can be killed, and looks at what they leave. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { identify } from '../../../local/supervisor/processes.js';
import { type PartName, type PartRecord, readStackFile } from '../../../local/supervisor/stack-file.js';

export interface RunningStack {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly apiUrl: string;
  readonly part: (name: PartName) => PartRecord;
  readonly pids: () => readonly number[];
  /** What API and worker were told. */
  readonly told: () => Promise<Readonly<Record<'TEMPORAL_ADDRESS' | 'DATABASE_URL' | 'ECS_ENDPOINT', string>>>;
  readonly query: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  readonly stop: () => Promise<number | null>;
}

const RUNNER = path.join(import.meta.dirname, 'parts', 'run-stack.ts');

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Put before the command, e.g. to run it as another user. */
  readonly wrapper?: readonly string[];
}

/** Rejects with what it printed on stderr when it ends instead of getting up. */
export async function runStack(dataDir: string, options: RunOptions = {}): Promise<RunningStack> {
  const command = [...(options.wrapper ?? []), process.execPath, '--import', 'tsx', RUNNER, dataDir];
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const closed = once(child, 'close');
  const ended = closed.then(() => {
    throw new Error(said.trim());
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  ended.catch(() => undefined);
  const { apiUrl } = JSON.parse(String(line));
  const parts = () => readStackFile(path.join(dataDir, 'stack.json'))?.parts ?? [];
  const told: RunningStack['told'] = async () => JSON.parse(await (await fetch(apiUrl)).text());
  return {
    process: child,
    pid: child.pid ?? 0,
    apiUrl,
    part: (name) => {
      const found = parts().find((part) => part.name === name);
      if (found === undefined) throw new Error(`no part ${name}`);
      return found;
    },
    pids: () => parts().flatMap((part) => (part.pid === null ? [] : [part.pid])),
    told,
    query: async (sql) => {
      const client = new pg.Client({ connectionString: (await told()).DATABASE_URL });
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
    stop: async () => {
      // One that was killed before has closed already; a signal to it does nothing.
      child.kill('SIGTERM');
      const [code] = await closed;
      return typeof code === 'number' ? code : null;
    },
  };
}

export function alive(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => identify(pid) !== null);
}
