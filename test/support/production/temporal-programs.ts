/** The programs of the production Temporal server, built with Go once and kept in this user's cache folder. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../../local/supervisor/folders.js';

const execute = promisify(execFile);

/** The server in this release of the CLI, so that a build takes most packages from the cache of the CLI's own build. */
const CLI = 'github.com/temporalio/cli@v1.5.1';
export const TEMPORAL_VERSION = '1.29.1';
const SOURCES = { server: 'go.temporal.io/server/cmd/server', sql: 'go.temporal.io/server/cmd/tools/sql' } as const;

export interface TemporalPrograms {
  readonly server: string;
  /** Creates and updates the tables. */
  readonly sqlTool: string;
}

/** Takes about half a minute after a build of the CLI, else minutes. */
export async function temporalPrograms(): Promise<TemporalPrograms> {
  const bin = path.join(cacheDir(process.env), 'bin', `temporal-server-${TEMPORAL_VERSION}`);
  if (!existsSync(bin)) await build(bin);
  return { server: path.join(bin, 'server'), sqlTool: path.join(bin, 'sql') };
}

async function build(bin: string): Promise<void> {
  await mkdir(path.dirname(bin), { recursive: true });
  const work = await mkdtemp(`${bin}-`);
  const go = (...args: readonly string[]) =>
    execute('go', [...args], {
      ...{ cwd: work, maxBuffer: 64 * 1024 * 1024 },
      env: { ...process.env, GOOS: '', GOARCH: '', GOFLAGS: '-mod=mod' },
    });
  try {
    await go('mod', 'init', 'temporal.invalid/server');
    await go('get', CLI, `go.temporal.io/server@v${TEMPORAL_VERSION}`);
    // The flags of the CLI's own build: packages of builds with other flags are not shared.
    await go('build', '-trimpath', '-ldflags', '-s -w', '-o', `${path.join(work, 'out')}/`, ...Object.values(SOURCES));
    await rename(path.join(work, 'out'), bin).catch((error: unknown) => {
      // Another test has built it meanwhile.
      if (!existsSync(bin)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
