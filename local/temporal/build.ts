/** Builds the Temporal command line from its source with Go: minutes, once. */
import { spawn } from 'node:child_process';
import type { TemporalGetting } from './source.js';

/** The newest version whose module has no `replace` and so can be installed by name. */
const VERSION = 'v1.5.1';
const TELL_EVERY_MS = 20_000;

export async function buildTemporal(folder: string, options: TemporalGetting): Promise<void> {
  const { say, signal } = options;
  const startedAt = Date.now();
  say(
    `building the Temporal server ${VERSION} with \`go install\`: 3 to 7 minutes, this once; it is kept in ${options.cacheDir}`,
  );
  let packages = 0;
  let lastLine = '';
  const tell = setInterval(() => {
    const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
    say(`still building the Temporal server: ${minutes} minutes, ${packages} packages done`);
  }, TELL_EVERY_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(
        'go',
        ['install', '-v', '-trimpath', '-ldflags', '-s -w', `github.com/temporalio/cli/cmd/temporal@${VERSION}`],
        // GOBIN can't be set for another system than this one, so a GOOS meant for other work must not be seen.
        {
          env: { ...options.env, GOBIN: folder, GOOS: '', GOARCH: '', GOFLAGS: '' },
          stdio: ['ignore', 'ignore', 'pipe'],
          detached: true,
        },
      );
      const stop = () => {
        // Its compilers are its children: the whole group goes.
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
    clearInterval(tell);
  }
  say(`built the Temporal server in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
}
