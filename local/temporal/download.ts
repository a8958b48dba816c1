/** Downloads the Temporal CLI from its vendor, and installs it only if its checksum is the one in this file. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TemporalInstallOptions } from './installer.js';

const VERSION = '1.5.1';
/** Short, because firewalls often drop packets instead of rejecting them. */
const ANSWER_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/** The archives have 40 to 50 MB. */
const MAX_BYTES = 200 * 1024 * 1024;

interface Archive {
  readonly url: string;
  /** Of all bytes, in lower-case hex. */
  readonly sha256: string;
}

/** SHA-256 of the archives of this version, as the release publishes them in `checksums.txt`. Change both together. */
const CHECKSUMS: Readonly<Record<string, string>> = {
  linux_amd64: 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  linux_arm64: 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
  darwin_amd64: 'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  darwin_arm64: 'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
};
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function releaseArchive(): Archive {
  const name = `${os.platform()}_${ARCHITECTURES[os.arch()] ?? os.arch()}`;
  const sha256 = CHECKSUMS[name];
  if (sha256 === undefined) throw new Error(`no release for ${os.platform()} on ${os.arch()}`);
  const folder = `https://github.com/temporalio/cli/releases/download/v${VERSION}`;
  return { url: `${folder}/temporal_cli_${VERSION}_${name}.tar.gz`, sha256 };
}

/** Extracts `temporal` from the archive into the folder. */
export async function downloadTemporal(
  folder: string,
  options: TemporalInstallOptions,
  archive: Archive = releaseArchive(),
): Promise<void> {
  const noAnswer = new AbortController();
  const timer = setTimeout(
    () => noAnswer.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`)),
    ANSWER_TIMEOUT_MS,
  );
  const signal = AbortSignal.any([options.signal, noAnswer.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]);
  let response: Response;
  try {
    response = await fetch(archive.url, { signal });
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
  const file = path.join(folder, 'temporal.tar.gz');
  const sha256 = await save(response.body, file);
  // Before anything of the archive is unpacked or run.
  if (sha256 !== archive.sha256) {
    const message = `the archive has the SHA-256 ${sha256} instead of ${archive.sha256}, and was deleted`;
    // Also where the build from source succeeds next.
    options.say(`the Temporal server from ${archive.url} is not used: ${message}`);
    throw new Error(message);
  }
  await extract(file, folder);
}

/** @returns the SHA-256 of what arrived */
async function save(body: ReadableStream<Uint8Array>, file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'wx', 0o600);
  try {
    let size = 0;
    for await (const piece of body) {
      size += piece.byteLength;
      if (size > MAX_BYTES) throw new Error(`the archive has more than ${MAX_BYTES} bytes`);
      hash.update(piece);
      await handle.write(piece);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

async function extract(file: string, folder: string): Promise<void> {
  const tar = spawn('tar', ['-xzf', file, '-C', folder, 'temporal'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  tar.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    tar.once('error', () => reject(new Error('tar is not installed')));
    tar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar: ${errors.trim()}`))));
  });
}
