import { chmod, chown, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { PART_NAMES } from '../../local/supervisor/stack-file.js';
import { probeTemporal } from '../../temporal/probe.js';
import { reachedByAnotherAccount } from '../support/local/foreign-account.js';
import { withDescendants } from '../support/local/listening-ports.js';
import { alive, type RunningStack, type RunOptions, runStack } from '../support/local/running-stack.js';

const folders: string[] = [];
const stacks: RunningStack[] = [];
let dataDir: string;

beforeEach(async () => {
  dataDir = await freshFolder();
});
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stack test ')); // With a space, to test quoting.
  folders.push(folder);
  return folder;
}

async function run(folder = dataDir, options: RunOptions = {}): Promise<RunningStack> {
  const stack = await runStack(folder, options);
  stacks.push(stack);
  return stack;
}

test('each part killed with SIGKILL → restarts at the same address, and the other parts keep running', async () => {
  const stack = await run();
  for (const name of PART_NAMES) {
    const before = PART_NAMES.map((part) => stack.part(part));
    const { pid, address } = stack.part(name);
    process.kill(pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(stack.part(name)).toMatchObject({ state: 'ready', restarts: 1, address }), {
      timeout: 120_000,
    });
    for (const other of before.filter((part) => part.name !== name)) {
      expect(stack.part(other.name), `${other.name} after ${name}`).toMatchObject({
        pid: other.pid,
        restarts: other.restarts,
        state: 'ready',
      });
    }
    expect(await probeTemporal(readTemporalSettings(await stack.settings()))).toEqual({ serves: true });
    expect(await stack.query('select 1 as one')).toEqual([{ one: 1 }]);
  }
});

test('the Temporal server or only its proxy killed → both end and restart, and one server at a time has the database', async () => {
  const stack = await run();
  const proxy = stack.part('temporal').pid ?? 0;
  const server = withDescendants([proxy]).find((pid) => pid !== proxy) ?? 0;
  process.kill(proxy, 'SIGKILL');
  await vi.waitFor(() => expect(stack.part('temporal')).toMatchObject({ state: 'ready', restarts: 1 }), {
    timeout: 60_000,
  });
  expect(alive([server])).toEqual([]);
  const next = stack.part('temporal').pid ?? 0;
  process.kill(withDescendants([next]).find((pid) => pid !== next) ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(stack.part('temporal')).toMatchObject({ state: 'ready', restarts: 2 }), {
    timeout: 60_000,
  });
  expect(alive([next])).toEqual([]);
  expect(await probeTemporal(readTemporalSettings(await stack.settings()))).toEqual({ serves: true });
});

test('data and addresses → the same after a stop and a start, and after SIGKILL to all processes', async () => {
  const first = await run();
  const settings = await first.settings();
  await first.queryAsOwner("create table kept as select 'before the stop' as line");
  expect(await first.stop()).toBe(0);

  const second = await run();
  expect(await second.settings()).toEqual(settings);
  await second.queryAsOwner("insert into kept values ('before the kill')");
  const pids = second.pids();
  for (const pid of [second.pid, ...pids]) process.kill(pid, 'SIGKILL');

  const third = await run();
  expect(await third.queryAsOwner('select line from kept order by line desc')).toEqual([
    { line: 'before the stop' },
    { line: 'before the kill' },
  ]);
});

test('stop → ends all processes', async () => {
  const stack = await run();
  expect(stack.pids()).toHaveLength(6);
  const pids = stack.allPids();
  expect(await stack.stop()).toBe(0);
  expect(alive(pids)).toEqual([]);
});

test('two concurrent stacks → separate servers and data', async () => {
  const [one, other] = await Promise.all([run(), run(await freshFolder())]);
  const [a, b] = await Promise.all([one.settings(), other.settings()]);
  expect(a.DATABASE_URL).not.toBe(b.DATABASE_URL);
  expect(a.TEMPORAL_ADDRESS).not.toBe(b.TEMPORAL_ADDRESS);
  await one.queryAsOwner('create table mine (id int)');
  await expect(other.queryAsOwner('select * from mine')).rejects.toThrow('does not exist');
});

test('a second start on the same folder → error in one line, and the first stack keeps running', async () => {
  const stack = await run();
  const pids = stack.pids();
  await expect(runStack(dataDir)).rejects.toThrow(
    new RegExp(
      `^\`up\` is already running on .* \\(process ${stack.pid}, ${stack.apiUrl}\\): use it, stop it, or set --data to another folder$`,
    ),
  );
  expect(alive(pids)).toHaveLength(6);
});

test('a killed supervisor → its parts end', async () => {
  const stack = await run();
  const pids = stack.allPids();
  process.kill(stack.pid, 'SIGKILL');
  await vi.waitFor(() => expect(alive(pids)).toEqual([]), { timeout: 120_000 });
});

test('a start immediately after the supervisor was killed → all parts run again', async () => {
  const first = await run();
  const pids = first.pids();
  process.kill(first.pid, 'SIGKILL');
  const second = await run();
  expect(alive(pids)).toEqual([]);
  expect(await second.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('parts that survived supervisor and watchdog → ended by the next start', async () => {
  const first = await run();
  const pids = first.pids();
  // Without the watchdog, no process ends the parts.
  const watchdog = await childNamed(first.pid, 'ecs-image-import-watchdog');
  process.kill(watchdog, 'SIGSTOP');
  process.kill(first.pid, 'SIGKILL');
  process.kill(watchdog, 'SIGKILL');
  const second = await run();
  expect(alive(pids)).toEqual([]);
  expect(await second.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('servers listen on the loopback address only, and other users cannot read secrets', async () => {
  const stack = await run();
  const { DATABASE_URL, TEMPORAL_ADDRESS } = await stack.settings();
  const outside = Object.values(os.networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === 'IPv4')?.address;
  for (const port of [new URL(DATABASE_URL).port, TEMPORAL_ADDRESS.split(':')[1]]) {
    expect(await connects('127.0.0.1', Number(port))).toBe(true);
    if (outside !== undefined) expect(await connects(outside, Number(port))).toBe(false);
  }
  for (const file of ['postgres.password', 'stack.json']) {
    expect((await stat(path.join(dataDir, file))).mode & 0o077).toBe(0);
  }
  expect((await stat(dataDir)).mode & 0o077).toBe(0);
});

test('network namespaces are refused → reported, and Temporal runs without HTTP API and web interface', async () => {
  const bin = await freshFolder();
  const refusing = path.join(bin, 'unshare');
  await writeFile(refusing, '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n', {
    mode: 0o755,
  });
  const stack = await run(dataDir, { env: { PATH: `${bin}:${process.env.PATH}` } });
  expect(stack.messages()).toMatch(/^Temporal has no access control on this machine \(unshare: .* not permitted/m);
  expect(await probeTemporal(readTemporalSettings(await stack.settings()))).toEqual({ serves: true });
  const reached = await reachedByAnotherAccount(stack.parts().filter(({ name }) => name === 'temporal'));
  expect(reached).toContain('temporal: http GetSystemInfo: gRPC 0');
  expect(reached.filter((what) => !what.includes('gRPC'))).toEqual([]);
  const files = await readdir(path.join(dataDir, 'temporal'));
  for (const file of files) expect((await stat(path.join(dataDir, 'temporal', file))).mode & 0o077).toBe(0);
});

test('server addresses in the environment → used instead of the embedded servers', async () => {
  const stack = await run();
  const { ECS_ENDPOINT: _emulator, ECS_IMPORT_STACK_FILE: _file, ...servers } = await stack.settings();
  const other = await run(await freshFolder(), { env: servers });
  expect(await other.settings()).toMatchObject(servers);
  expect(other.pids()).toHaveLength(3);
});

test.each([
  ['TEMPORAL_ADDRESS', '127.0.0.1:9', /^Temporal at 127\.0\.0\.1:9 can't be reached \(.*\): check TEMPORAL_ADDRESS/],
  [
    'DATABASE_URL',
    'postgres://a:geheim@127.0.0.1:9/b',
    /^PostgreSQL at DATABASE_URL \(127\.0\.0\.1:9\/b\) can't be used/,
  ],
])('an unreachable %s → error in one line without the password', async (name, value, message) => {
  const refused = await runStack(dataDir, { env: { [name]: value } }).catch((error: Error) => error.message);
  expect(refused).toMatch(message);
  expect(refused).not.toContain('geheim');
});

test('a part that cannot start → error with its last log line, and all parts are stopped', async () => {
  const failed = runStack(dataDir, { env: { STUB_FAILS: 'worker' } });
  await expect(failed).rejects.toThrow(
    /^worker does not start: exit code 1: worker: the stub is configured to fail \(log: /m,
  );
  const { readStackFile } = await import('../../local/supervisor/stack-file.js');
  expect(readStackFile(path.join(dataDir, 'stack.json'))?.parts.map((part) => part.state)).toEqual(
    Array.from({ length: 6 }, () => 'stopped'),
  );
});

test.runIf(process.getuid?.() === 0)('an unprivileged user → can run the stack', async () => {
  const nobody = 65_534;
  await chmod(dataDir, 0o700);
  await chown(dataDir, nobody, nobody);
  const stack = await run(dataDir, {
    wrapper: ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
    env: { HOME: dataDir, XDG_CACHE_HOME: await sharedCache() },
  });
  expect(await stack.query('select 1 as one')).toEqual([{ one: 1 }]);
  expect((await stat(path.join(dataDir, 'postgres'))).uid).toBe(nobody);
});

/** A cache that the unprivileged user can read, with a copy of the Temporal server. */
async function sharedCache(): Promise<string> {
  const { cacheDir } = await import('../../local/supervisor/folders.js');
  const { cp, mkdir } = await import('node:fs/promises');
  const folder = await freshFolder();
  await mkdir(path.join(folder, 'ecs-image-import', 'bin'), { recursive: true });
  await cp(
    path.join(cacheDir(process.env), 'bin', 'temporal'),
    path.join(folder, 'ecs-image-import', 'bin', 'temporal'),
  );
  await chmod(folder, 0o755);
  return folder;
}

async function childNamed(parent: number, name: string): Promise<number> {
  const { readFile, readdir } = await import('node:fs/promises');
  for (const entry of await readdir('/proc')) {
    const line = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (line.slice(line.lastIndexOf(')') + 2).split(' ')[1] === String(parent) && command.includes(name))
      return Number(entry);
  }
  throw new Error(`process ${parent} has no child ${name}`);
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
