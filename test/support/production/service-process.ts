/** One worker or API as its own process, which tests stop and replace as an operator does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ServiceProcess {
  readonly pid: number;
  /** Asks it to end, as a service manager does, and resolves to its exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

export interface ProcessOptions {
  /** `dist/cli/main.js` of the release. */
  readonly main: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** Resolves when it has printed that it is ready. */
export async function startServiceProcess({ main, args, env, logFile }: ProcessOptions): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<true>((resolve) => {
    lines.on('line', (line) => {
      if (line.startsWith('ready')) resolve(true);
    });
  });
  if (!(await Promise.race([ready, exited.then(() => false)])))
    throw new Error(`${args.join(' ')} ended with code ${child.exitCode} before it was ready: ${logFile}`);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return {
    pid: child.pid ?? 0,
    async stop() {
      await end('SIGTERM');
      return child.exitCode;
    },
    kill: () => end('SIGKILL'),
  };
}
