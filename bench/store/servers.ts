/** The servers of the benchmark: PostgreSQL with a data folder of its own, Temporal, and the real API process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { preparePostgres } from '../../local/postgres/server.js';
import { cacheDir } from '../../local/supervisor/folders.js';
import { portPicker } from '../../local/supervisor/ports.js';
import type { PartPlan } from '../../local/supervisor/supervised-part.js';
import { findTemporal } from '../../local/temporal/binary.js';
import { openTemporal } from '../../local/temporal/server.js';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

const ports = portPicker();
export const API_TOKEN = 'of-the-benchmark';

/** The settings of the embedded server, except for `more`. */
export async function startPostgres(dataDir: string, more: readonly string[] = []): Promise<Server> {
  const { part, url } = await preparePostgres({ dataDir, port: await ports(), env: process.env });
  const args = [...part.command.args, ...more.flatMap((setting) => ['-c', setting])];
  return { url, stop: await start({ ...part, command: { ...part.command, args } }, 'SIGINT') };
}

export async function startTemporal(dataDir: string): Promise<Server> {
  const { env } = process;
  const binary = await findTemporal({
    env,
    cacheDir: cacheDir(env),
    say: () => undefined,
    signal: new AbortController().signal,
  });
  const folder = path.join(dataDir, 'temporal');
  await mkdir(folder, { recursive: true });
  const part = openTemporal(
    { binary, folder, namespace: 'default', port: await ports(), env },
    { http: await ports(), metrics: await ports() },
  );
  return { url: part.address ?? '', stop: await start(part, 'SIGTERM') };
}

async function start(part: PartPlan, signal: NodeJS.Signals): Promise<() => Promise<void>> {
  await part.prepare?.();
  const { file, args, env, cwd, account } = part.command;
  const child = spawn(file, [...args], { ...account, env, cwd, stdio: 'ignore' });
  const isUp = 'probe' in part.ready ? part.ready.probe : () => Promise.resolve(true);
  const until = Date.now() + part.readyWithinMs;
  while (!(await isUp().catch(() => false))) {
    if (Date.now() > until || child.exitCode !== null) throw new Error(`${part.name} did not start`);
    await sleep(100);
  }
  return () => end(child, signal);
}

export async function startApi(databaseUrl: string, temporalAddress: string): Promise<Server> {
  const main = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'api'], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      ECS_IMPORT_PORT: '0',
      ECS_IMPORT_API_TOKEN: API_TOKEN,
      ECS_IMPORT_RATE_PER_IDENTITY: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^ready (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { url, stop: () => end(child, 'SIGTERM') };
  }
  throw new Error('the API did not start');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
