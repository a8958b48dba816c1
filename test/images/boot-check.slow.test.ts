/** Real starts in QEMU, emulated. Needs qemu-system-x86 and qemu-utils, which scripts/test-tools.sh installs. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootCheck } from '../../images/boot-check/boot-check.js';
import { inspectImage } from '../../images/inspect.js';
import { DEMO, MIB } from '../support/images/made-images.js';

let home = '';
const { TMPDIR } = process.env;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'boot-check-'));
  // QEMU runs as a user without rights where the test runs as root.
  chmodSync(home, 0o755);
  process.env.TMPDIR = home;
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(home, { recursive: true, force: true });
});

/** Temporary folders and QEMU processes that still exist. */
function remainingResources(): string[] {
  const files = readdirSync(home).filter((name) => name.startsWith('ecs-image-import-boot-'));
  const processes = execFileSync('ps', ['-eo', 'args']).toString().split('\n');
  return [...files, ...processes.filter((line) => line.includes(home))];
}

test('the demo image → boots to a login prompt and returns its log and screenshot', async () => {
  const check = await bootCheck(DEMO, await inspectImage(DEMO));
  expect(check.finding).toMatchObject({ code: 'ECSIMPORT.BootCheck', severity: 'info' });
  expect(check.outcome).toBe('login');
  expect(check.log?.toString()).toContain('debian-demo login:');
  expect(check.screenshot?.subarray(1, 4).toString()).toBe('PNG');
  expect(remainingResources()).toEqual([]);
});

test('a blank disk → detected by the firmware’s message on the screen', async () => {
  const file = path.join(home, 'empty.raw');
  writeFileSync(file, Buffer.alloc(MIB));
  const inspection = await inspectImage(file);
  const check = await bootCheck(file, { ...inspection, findings: [] }, { timeLimitMs: 60_000 });
  expect(check).toMatchObject({ outcome: 'firmware', finding: { severity: 'blocking' } });
});

test('a cancelled check → ends QEMU and deletes its files', async () => {
  const cancel = new AbortController();
  const check = bootCheck(DEMO, await inspectImage(DEMO), { signal: cancel.signal });
  setTimeout(() => cancel.abort(new Error('cancelled')), 2_000);
  await expect(check).rejects.toThrow('cancelled');
  expect(remainingResources()).toEqual([]);
});
