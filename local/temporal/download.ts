/** Downloads the Temporal CLI from its vendor. */
import { spawn } from 'node:child_process';
import os from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { TemporalInstallOptions } from './installer.js';

const VERSION = 'v1.5.1';
/** Short, because firewalls often drop packets instead of rejecting them. */
const ANSWER_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The documented URL of a release archive. */
function archiveUrl(): string {
  const [platform, arch] = [PLATFORMS[os.platform()], ARCHITECTURES[os.arch()]];
  if (platform === undefined || arch === undefined) throw new Error(`no release for ${os.platform()} on ${os.arch()}`);
  return `https://temporal.download/cli/archive/${VERSION}?platform=${platform}&arch=${arch}`;
}

/** Extracts `temporal` from the archive into the folder. */
export async function downloadTemporal(folder: string, options: TemporalInstallOptions, url?: string): Promise<void> {
  const noAnswer = new AbortController();
  const timer = setTimeout(
    () => noAnswer.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`)),
    ANSWER_TIMEOUT_MS,
  );
  const signal = AbortSignal.any([options.signal, noAnswer.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]);
  let response: Response;
  try {
    response = await fetch(url ?? archiveUrl(), { signal });
  } catch (error) {
    throw new Error(
      noAnswer.signal.aborted
        ? `no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`
        : 'the download server is unreachable',
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok || response.body === null) throw new Error(`the download server answered ${response.status}`);
  options.say(`downloading the Temporal server ${VERSION} once, into the cache ${options.cacheDir}`);

  const tar = spawn('tar', ['-xzf', '-', '-C', folder, 'temporal'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let errors = '';
  tar.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const extracted = new Promise<void>((resolve, reject) => {
    tar.once('error', () => reject(new Error('tar is not installed')));
    tar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar: ${errors.trim()}`))));
  });
  await Promise.all([extracted, pipeline(Readable.fromWeb(response.body as ReadableStream), tar.stdin, { signal })]);
}
