/** Downloads the Temporal command line from its vendor, where the network allows it: seconds instead of minutes. */
import { spawn } from 'node:child_process';
import os from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { TemporalGetting } from './source.js';

const VERSION = 'v1.5.1';
/** A closed network often swallows packets instead of refusing: the first answer decides quickly. */
const ANSWER_WITHIN_MS = 5_000;
const WHOLE_WITHIN_MS = 10 * 60_000;

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The vendor's documented address of a release, as gzipped tar. */
function archiveUrl(): string {
  const [platform, arch] = [PLATFORMS[os.platform()], ARCHITECTURES[os.arch()]];
  if (platform === undefined || arch === undefined) throw new Error(`none for ${os.platform()} on ${os.arch()}`);
  return `https://temporal.download/cli/archive/${VERSION}?platform=${platform}&arch=${arch}`;
}

/** Unpacks the archive's `temporal` into the folder. */
export async function downloadTemporal(folder: string, options: TemporalGetting, url?: string): Promise<void> {
  const noAnswer = new AbortController();
  const timer = setTimeout(() => noAnswer.abort(new Error('no answer from the vendor')), ANSWER_WITHIN_MS);
  const signal = AbortSignal.any([options.signal, noAnswer.signal, AbortSignal.timeout(WHOLE_WITHIN_MS)]);
  let response: Response;
  try {
    response = await fetch(url ?? archiveUrl(), { signal });
  } catch (error) {
    throw new Error(noAnswer.signal.aborted ? 'no answer from the vendor' : 'the vendor cannot be reached', {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok || response.body === null) throw new Error(`the vendor answered ${response.status}`);
  options.say(`downloading the Temporal server ${VERSION}, this once; it is kept in ${options.cacheDir}`);

  const tar = spawn('tar', ['-xzf', '-', '-C', folder, 'temporal'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  tar.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  const unpacked = new Promise<void>((resolve, reject) => {
    tar.once('error', () => reject(new Error('tar is not installed')));
    tar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar: ${complaint.trim()}`))));
  });
  await Promise.all([unpacked, pipeline(Readable.fromWeb(response.body as ReadableStream), tar.stdin, { signal })]);
}
