/** Virtual environments of Python for tests, separate from the user's, and kept between runs. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/python');
export const INSTALL_MS = 300_000;

export interface RunOptions {
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Resolves with stdout; rejects with stdout and stderr. */
export function run(file: string, args: readonly string[], { timeoutMs, env = {}, cwd }: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const direct = { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', ...env };
    const options = {
      timeout: timeoutMs,
      env: direct,
      maxBuffer: 64 * 1024 ** 2,
      ...(cwd === undefined ? {} : { cwd }),
    };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`${file} is not installed. Run scripts/test-tools.sh`));
      else reject(new Error(`${file} ${args.join(' ')}: ${error.message}\n${stdout}\n${stderr}`));
    });
  });
}

/**
 * Creates the virtual environment for these requirements once. The marker file detects an incomplete one.
 * @returns the folder of its programs
 */
export async function pythonPrograms(requirements: string): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const environment = path.join(CACHE, digest);
  const programs = path.join(environment, 'bin');
  const marker = path.join(environment, 'made');
  if (!existsSync(marker)) {
    rmSync(environment, { recursive: true, force: true });
    mkdirSync(CACHE, { recursive: true });
    await run('python3', ['-m', 'venv', environment], { timeoutMs: INSTALL_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    await run(path.join(programs, 'python'), pip, { timeoutMs: INSTALL_MS });
    writeFileSync(marker, '');
  }
  return programs;
}
