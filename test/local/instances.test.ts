import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheDir, defaultDataDir, instancesDir } from '../../local/supervisor/folders.js';
import { liveInstances, liveUp, registerInstance } from '../../local/supervisor/instances.js';

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'instances-test-'));
  env = { XDG_CACHE_HOME: home, XDG_DATA_HOME: home };
});
afterEach(() => rm(home, { recursive: true, force: true }));

test('a registered `up` → listed until it unregisters', async () => {
  const unregister = await registerInstance(env, { dataDir: '/data', api: 'http://127.0.0.1:1234' });
  expect(await liveInstances(env)).toMatchObject([
    { pid: process.pid, dataDir: '/data', api: 'http://127.0.0.1:1234' },
  ]);
  await unregister();
  expect(await liveInstances(env)).toEqual([]);
});

test('one running `up` with --data → it is the one that commands use; two, none of them with the default folder → none is', async () => {
  expect(await liveUp(env)).toBeNull();
  const unregister = await registerInstance(env, { dataDir: home, api: 'http://127.0.0.1:1234' });
  expect(await liveUp(env)).toEqual({ dataDir: home, parts: [] });
  const [entry] = await readdir(instancesDir(env));
  await copyFile(path.join(instancesDir(env), String(entry)), path.join(instancesDir(env), 'second.json'));
  expect(await liveUp(env)).toBeNull();
  await unregister();
});

test('entries of killed processes and invalid entries → not listed, and removed', async () => {
  await mkdir(instancesDir(env), { recursive: true });
  const dead = { pid: process.pid, startTime: 'long ago', dataDir: '/data', api: 'http://127.0.0.1:1' };
  await writeFile(path.join(instancesDir(env), '1.json'), JSON.stringify(dead));
  await writeFile(path.join(instancesDir(env), '2.json'), 'not JSON');
  expect(await liveInstances(env)).toEqual([]);
  expect(await readdir(instancesDir(env))).toEqual([]);
});

test('absolute XDG variables → used; relative ones → ignored', () => {
  expect(defaultDataDir({ XDG_DATA_HOME: '/d' })).toBe('/d/ecs-image-import');
  expect(cacheDir({ XDG_CACHE_HOME: 'relative' })).toBe(path.join(os.homedir(), '.cache/ecs-image-import'));
});
