import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { lockFolder } from '../../emulator/folder-lock.js';
import { identify } from '../../local/supervisor/processes.js';
import { isProcessAlive } from '../../sources/process-alive.js';

/** A parent that never reads exit codes, as PID 1 of some containers. It prints the process id of its dead child. */
const NEGLIGENT = 'sleep 0.1 & echo $!; exec sleep 60';

test.runIf(process.platform === 'linux')('a zombie → not alive; its lock of the emulator folder is stale', async () => {
  const parent = spawn('/bin/sh', ['-c', NEGLIGENT], { stdio: ['ignore', 'pipe', 'ignore'] });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'zombie-test-'));
  try {
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8');
    await vi.waitFor(() => expect(stat()).toContain(') Z '), { timeout: 10_000 });
    expect(isProcessAlive(pid)).toBe(false);
    expect(identify(pid)).toBeNull();
    writeFileSync(path.join(folder, 'owner'), `${pid} ${stat().split(') ')[1]?.split(' ')[19]}\n`);
    lockFolder(folder)();
  } finally {
    parent.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

test('this process → alive; a process id that is not in use → not alive', () => {
  expect(isProcessAlive(process.pid)).toBe(true);
  expect(isProcessAlive(999_999_999)).toBe(false);
});
