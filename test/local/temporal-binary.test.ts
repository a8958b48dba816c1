import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FindTemporalOptions, findTemporal } from '../../local/temporal/binary.js';
import type { TemporalSource } from '../../local/temporal/source.js';

const WORKS = '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"\n';

let cacheDir: string;
let gets: number;
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(os.tmpdir(), 'temporal-binary-test-'));
  gets = 0;
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

async function program(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
}

function source(name: string, text: string | Error): TemporalSource {
  return {
    name,
    get: async (folder) => {
      gets += 1;
      if (text instanceof Error) throw text;
      await program(path.join(folder, 'temporal'), text);
    },
  };
}

function options(sources: readonly TemporalSource[], said: string[] = []): FindTemporalOptions {
  return {
    env: { PATH: '/usr/bin:/bin' },
    cacheDir,
    say: (line) => said.push(line),
    signal: new AbortController().signal,
    sources,
  };
}

test('a temporal on PATH is used before any other', async () => {
  await program(path.join(cacheDir, 'path', 'temporal'), WORKS);
  const found = await findTemporal({ ...options([]), env: { PATH: path.join(cacheDir, 'path') } });
  expect(found).toBe(path.join(cacheDir, 'path', 'temporal'));
});

test('a program on PATH that is called temporal but is another one is passed over', async () => {
  await program(path.join(cacheDir, 'path', 'temporal'), '#!/bin/sh\necho hello\n');
  const found = await findTemporal({ ...options([source('get', WORKS)]), env: { PATH: path.join(cacheDir, 'path') } });
  expect(found).toBe(path.join(cacheDir, 'bin', 'temporal'));
});

test('what was got once is kept, and nothing else is left', async () => {
  const found = await findTemporal(options([source('download', new Error('no answer')), source('build', WORKS)]));
  expect(await findTemporal(options([]))).toBe(found);
  expect(await readdir(path.dirname(found))).toEqual(['temporal']);
});

test('two starts at once get it once, and the second says what it waits for', async () => {
  const slow: TemporalSource = {
    name: 'build',
    get: async (folder, getting) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await source('build', WORKS).get(folder, getting);
    },
  };
  const said: string[] = [];
  const both = await Promise.all([findTemporal(options([slow], said)), findTemporal(options([slow], said))]);
  expect(new Set(both).size).toBe(1);
  expect(gets).toBe(1);
  expect(said).toEqual([`process ${process.pid} is already getting the Temporal server; waiting for it`]);
});

test('a cached program that does not run (half written, another machine) is got again', async () => {
  await program(path.join(cacheDir, 'bin', 'temporal'), '\u007fELF half');
  await findTemporal(options([source('build', WORKS)]));
  expect(gets).toBe(1);
});

test('where it cannot be had, one line says what was tried and what to do', async () => {
  const sources = [source('download', new Error('no answer')), source('go install', new Error('Go is not installed'))];
  await expect(findTemporal(options(sources))).rejects.toThrow(
    'no Temporal server (download: no answer; go install: Go is not installed): put `temporal` on PATH, install Go, or set TEMPORAL_ADDRESS',
  );
  expect(await readdir(path.join(cacheDir, 'bin'))).toEqual([]);
});
