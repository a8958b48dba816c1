/** Builds the Temporal CLI from source with Go. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { homeFolder } from '../../config/home.js';
import { canBeMade } from '../supervisor/folders.js';
import type { TemporalInstallOptions } from './installer.js';

/** The newest version without a `replace` directive: `go install` refuses modules that have one. */
const VERSION = 'v1.5.1';
const REPORT_INTERVAL_MS = 20_000;

export async function buildTemporal(folder: string, options: TemporalInstallOptions): Promise<void> {
  const { say, signal } = options;
  const startedAt = Date.now();
  say(
    `building the Temporal server ${VERSION} with \`go install\`; this takes 3 to 7 minutes once, the result is cached in ${options.cacheDir}`,
  );
  let packages = 0;
  let lastLine = '';
  const reporter = setInterval(() => {
    const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
    say(`building the Temporal server: ${packages} packages after ${minutes} minutes`);
  }, REPORT_INTERVAL_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(
        'go',
        ['install', '-v', '-trimpath', '-ldflags', '-s -w', `github.com/temporalio/cli/cmd/temporal@${VERSION}`],
        // Go rejects GOBIN together with a GOOS or GOARCH for cross-compilation.
        {
          env: {
            ...options.env,
            GOBIN: folder,
            GOOS: '',
            GOARCH: '',
            GOFLAGS: '',
            ...goFolders(options.env, folder),
          },
          stdio: ['ignore', 'ignore', 'pipe'],
          detached: true,
        },
      );
      const stop = () => {
        // The process group includes the compilers that Go started.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      };
      signal.addEventListener('abort', stop, { once: true });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        for (const line of chunk.split('\n').filter((text) => text !== '')) {
          if (!line.startsWith('go: ')) packages += 1;
          lastLine = line;
        }
      });
      child.once('error', () => reject(new Error('Go is not installed')));
      child.once('close', (code) => {
        signal.removeEventListener('abort', stop);
        if (code === 0) resolve();
        else reject(new Error(`exit code ${code}: ${lastLine}`));
      });
    });
  } finally {
    clearInterval(reporter);
  }
  say(`built the Temporal server in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
}

/**
 * Go keeps sources and objects below the home folder. Without a writable one they go to the folder of this build, which
 * is removed at its end.
 */
function goFolders(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const home = homeFolder();
  if (home !== null && canBeMade(path.join(home, 'go')) && canBeMade(path.join(home, '.cache'))) {
    // HOME may be unset although the user has a home folder.
    return { HOME: home };
  }
  const work = path.join(folder, 'go');
  return {
    GOPATH: env.GOPATH || path.join(work, 'path'),
    GOMODCACHE: env.GOMODCACHE || path.join(work, 'modules'),
    GOCACHE: env.GOCACHE || path.join(work, 'objects'),
    // Else it can't be removed.
    GOFLAGS: '-modcacherw',
  };
}
