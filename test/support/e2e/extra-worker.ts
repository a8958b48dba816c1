/** A second worker process of a test's service, on the same host and with the same settings. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { withEmulatorKeys } from '../../../cli/emulated-account.js';
import type { Service } from './service.js';

const MAIN = path.resolve(import.meta.dirname, '../../../dist/cli/main.js');

export interface ExtraWorker {
  /** Kills it without warning. */
  end(): Promise<void>;
  signal(what: NodeJS.Signals): void;
}

/**
 * Resolves when the worker polls its queues. It ends with the service at the latest.
 * @param main the program; default: that of `dist/`
 */
export async function startExtraWorker(service: Service, env: NodeJS.ProcessEnv, main = MAIN): Promise<ExtraWorker> {
  const cloud = service.emulatorUrl;
  const child: ChildProcess = spawn(process.execPath, [main, 'worker'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withEmulatorKeys(process.env),
      ...{ ECS_ENDPOINT: cloud, RAM_ENDPOINT: cloud, STS_ENDPOINT: cloud, OSS_ENDPOINT: cloud },
      ECS_IMPORT_CACHE_DIR: path.join(service.dataDir, 'images'),
      ...env,
      ...service.stack.temporalEnv,
      ...service.stack.payloadEnv,
      DATABASE_URL: service.databaseUrl(),
    },
  });
  if (child.stdout === null) throw new Error('the worker has no output');
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the worker has ended: ${complaint}`)));
  // After it has started, its end is no error.
  ended.catch(() => undefined);
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  service.atStop(end);
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  return { end, signal: (what) => void child.kill(what) };
}
