import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FindTemporalOptions, findTemporal } from '../../local/temporal/binary.js';
import { downloadTemporal } from '../../local/temporal/download.js';
import type { TemporalInstaller } from '../../local/temporal/installer.js';

const TEMPORAL = '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"\n';

let cacheDir: string;
let installs: number;
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(os.tmpdir(), 'temporal-binary-test-'));
  installs = 0;
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

async function program(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
}

function installer(name: string, text: string | Error): TemporalInstaller {
  return {
    name,
    install: async (folder) => {
      installs += 1;
      if (text instanceof Error) throw text;
      await program(path.join(folder, 'temporal'), text);
    },
  };
}

function options(installers: readonly TemporalInstaller[], messages: string[] = []): FindTemporalOptions {
  return {
    env: { PATH: '/usr/bin:/bin' },
    cacheDir,
    say: (line) => messages.push(line),
    signal: new AbortController().signal,
    installers,
  };
}

test('temporal on PATH → used', async () => {
  await program(path.join(cacheDir, 'path', 'temporal'), TEMPORAL);
  const found = await findTemporal({ ...options([]), env: { PATH: path.join(cacheDir, 'path') } });
  expect(found).toBe(path.join(cacheDir, 'path', 'temporal'));
});

test('another program named temporal on PATH → ignored', async () => {
  await program(path.join(cacheDir, 'path', 'temporal'), '#!/bin/sh\necho hello\n');
  const found = await findTemporal({
    ...options([installer('get', TEMPORAL)]),
    env: { PATH: path.join(cacheDir, 'path') },
  });
  expect(found).toBe(path.join(cacheDir, 'bin', 'temporal'));
});

test('an installed binary → used again, and no temporary files remain', async () => {
  const found = await findTemporal(
    options([installer('download', new Error('no answer')), installer('build', TEMPORAL)]),
  );
  expect(await findTemporal(options([]))).toBe(found);
  expect(await readdir(path.dirname(found))).toEqual(['temporal']);
});

test('two concurrent starts → one installs, the other reports that it waits', async () => {
  const slow: TemporalInstaller = {
    name: 'build',
    install: async (folder, installOptions) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await installer('build', TEMPORAL).install(folder, installOptions);
    },
  };
  const messages: string[] = [];
  const both = await Promise.all([findTemporal(options([slow], messages)), findTemporal(options([slow], messages))]);
  expect(new Set(both).size).toBe(1);
  expect(installs).toBe(1);
  expect(messages).toEqual([`process ${process.pid} is installing the Temporal server; waiting for it`]);
});

test('a cached binary that does not run → installed again', async () => {
  await program(path.join(cacheDir, 'bin', 'temporal'), '\u007fELF half');
  await findTemporal(options([installer('build', TEMPORAL)]));
  expect(installs).toBe(1);
});

test('all installers fail → one line with each reason and the remedies', async () => {
  const installers = [
    installer('download', new Error('no answer')),
    installer('go install', new Error('Go is not installed')),
  ];
  await expect(findTemporal(options(installers))).rejects.toThrow(
    "can't install the Temporal server (download: no answer; go install: Go is not installed): put `temporal` on PATH, install Go, or set TEMPORAL_ADDRESS",
  );
  expect(await readdir(path.join(cacheDir, 'bin'))).toEqual([]);
});

test('a download with another checksum than the pinned one → nothing of it is unpacked or run', async () => {
  const { archive, sha256 } = await madeArchive();
  const server = createServer((_request, response) => response.end(archive));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
  const download = (digest: string): TemporalInstaller => ({
    name: 'download',
    install: (folder, given) => downloadTemporal(folder, given, { url, sha256: digest }),
  });
  try {
    await expect(findTemporal(options([download('0'.repeat(64))]))).rejects.toThrow(
      `the archive has the SHA-256 ${sha256}`,
    );
    expect(await readdir(path.join(cacheDir, 'bin'))).toEqual([]);
    expect(await findTemporal(options([download(sha256)]))).toBe(path.join(cacheDir, 'bin', 'temporal'));
  } finally {
    server.close();
  }
});

async function madeArchive(): Promise<{ readonly archive: Buffer; readonly sha256: string }> {
  const folder = path.join(cacheDir, 'release');
  await program(path.join(folder, 'temporal'), TEMPORAL);
  execFileSync('tar', ['-czf', path.join(cacheDir, 'release.tar.gz'), '-C', folder, 'temporal']);
  const archive = await readFile(path.join(cacheDir, 'release.tar.gz'));
  return { archive, sha256: createHash('sha256').update(archive).digest('hex') };
}
