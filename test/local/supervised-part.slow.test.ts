import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identify } from '../../local/supervisor/processes.js';
import { StackError } from '../../local/supervisor/stack-error.js';
import { readStackFile } from '../../local/supervisor/stack-file.js';
import type { PartPlan } from '../../local/supervisor/supervised-part.js';
import { openSupervisor, type Supervisor } from '../../local/supervisor/supervisor.js';

let dataDir: string;
let supervisor: Supervisor;
const messages: string[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'supervisor-test-'));
  messages.length = 0;
  supervisor = await openSupervisor({ dataDir, say: (line) => messages.push(line) });
});
afterEach(async () => {
  await supervisor.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function shellPart(script: string, over: Partial<PartPlan> = {}): PartPlan {
  return {
    name: 'worker',
    address: null,
    command: { file: '/bin/sh', args: ['-c', script], env: process.env },
    ready: { line: /^ready worker$/m },
    readyWithinMs: 5_000,
    stopWithinMs: 1_000,
    ...over,
  };
}

const RUNS = 'echo ready worker; exec sleep 60';
const pidOf = (name: string) => supervisor.parts().find((part) => part.name === name)?.pid ?? 0;
const recordOf = (name: string) => readStackFile(supervisor.stackFile)?.parts.find((part) => part.name === name);

test('a killed part → restarts, and the state file counts the restart', async () => {
  await supervisor.start([shellPart(RUNS)]);
  const first = pidOf('worker');
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(recordOf('worker')).toMatchObject({ state: 'ready', restarts: 1 }), 3_000);
  expect(recordOf('worker')).toMatchObject({ lastExit: 'signal SIGKILL' });
  expect(recordOf('worker')?.pid).not.toBe(first);
  expect(messages).toEqual(['worker ended (signal SIGKILL); restarting it']);
});

test('a part that never becomes ready → the start fails after three attempts with the last log line', async () => {
  const start = supervisor.start([shellPart('echo no licence >&2; exit 1')]);
  await expect(start).rejects.toThrow(/^worker does not start: exit code 1: no licence \(log: .*worker\.log\)$/);
  await expect(start).rejects.toBeInstanceOf(StackError);
  const log = await readFile(path.join(dataDir, 'logs', 'worker.log'), 'utf8');
  expect(log.match(/no licence/g)).toHaveLength(3);
});

test.each([
  ['FATAL:  could not write lock file: No space left on device', 'its disk is full'],
  ['unable to open database: database or disk is full (13)', 'its disk is full'],
  ['FATAL:  could not map anonymous shared memory: Cannot allocate memory', 'no memory left'],
])('a server that ends with "%s" → the reason and what to do', async (line, reason) => {
  const part = shellPart(`echo '${line}' >&2; exit 1`, { name: 'postgres' });
  await expect(supervisor.start([part])).rejects.toThrow(reason);
});

test('a server whose disk becomes full while it runs → reported once', async () => {
  const line = 'echo "ERROR:  could not extend file: No space left on device" >&2';
  await supervisor.start([
    shellPart(`echo ready worker; ${line}; sleep 0.1; ${line}; exec sleep 60`, { name: 'postgres' }),
  ]);
  await vi.waitFor(() => expect(messages).toHaveLength(1), 3_000);
  expect(messages[0]).toMatch(/^postgres: its disk is full: free space there \(log: .*postgres\.log\)$/);
});

test('a part that ends with exit code 2 (wrong usage) → is not retried', async () => {
  await expect(supervisor.start([shellPart('echo set DATABASE_URL >&2; exit 2')])).rejects.toThrow('set DATABASE_URL');
  const log = await readFile(path.join(dataDir, 'logs', 'worker.log'), 'utf8');
  expect(log.match(/set DATABASE_URL/g)).toHaveLength(1);
});

test('a program that does not exist → error with its path', async () => {
  const part = shellPart('', { command: { file: '/no/such/program', args: [], env: {} } });
  await expect(supervisor.start([part])).rejects.toThrow('/no/such/program');
});

test('a part that is not ready in time → ended and restarted', async () => {
  const marker = path.join(dataDir, 'second');
  const script = `if [ -e ${marker} ]; then ${RUNS}; else touch ${marker}; exec sleep 60; fi`;
  await supervisor.start([shellPart(script, { readyWithinMs: 300 })]);
  expect(recordOf('worker')).toMatchObject({ state: 'ready', restarts: 1 });
});

test('a part that ignores SIGTERM → killed', async () => {
  await supervisor.start([
    shellPart(`trap '' TERM; echo ready worker; while :; do sleep 0.1; done`, { stopWithinMs: 300 }),
  ]);
  const pid = pidOf('worker');
  await supervisor.stop();
  expect(identify(pid)).toBeNull();
  expect(recordOf('worker')).toMatchObject({ state: 'stopped', pid: null });
});

test('stop → ends each part before the parts that it depends on', async () => {
  const note = path.join(dataDir, 'order');
  const plan = (name: PartPlan['name'], signal: string) =>
    shellPart(`trap 'echo ${name} >> ${note}; exit 0' ${signal}; echo ready worker; while :; do sleep 0.05; done`, {
      name,
    });
  await supervisor.start([
    plan('postgres', 'INT'),
    plan('temporal', 'TERM'),
    plan('api', 'TERM'),
    plan('worker', 'TERM'),
  ]);
  await supervisor.stop();
  expect((await readFile(note, 'utf8')).trim().split('\n')).toEqual(['api', 'worker', 'temporal', 'postgres']);
});

test('a second supervisor on the same folder → error with the process id of the first', async () => {
  await expect(openSupervisor({ dataDir, say: () => {} })).rejects.toThrow(
    new RegExp(`already running on ${dataDir} \\(process ${process.pid}\\).*--data`),
  );
});

test('stop while a part is starting → ends it', async () => {
  const start = supervisor.start([shellPart('exec sleep 60')]);
  const refused = expect(start).rejects.toThrow('stopped before it was ready');
  await vi.waitFor(() => expect(pidOf('worker')).toBeGreaterThan(0));
  const pid = pidOf('worker');
  await supervisor.stop();
  await refused;
  expect(identify(pid)).toBeNull();
});
