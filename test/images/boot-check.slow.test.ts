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

/** Files and processes of a check that has ended: there must be none. */
function leftovers(): string[] {
  const files = readdirSync(home).filter((name) => name.startsWith('ecs-image-import-boot-'));
  const processes = execFileSync('ps', ['-eo', 'args']).toString().split('\n');
  return [...files, ...processes.filter((line) => line.includes(home))];
}

test('the demo’s image starts to its login prompt, and keeps its log and its screen', async () => {
  const check = await bootCheck(DEMO, await inspectImage(DEMO));
  expect(check.finding).toMatchObject({ code: 'ECSIMPORT.BootCheck', severity: 'info' });
  expect(check.outcome).toBe('login');
  expect(check.log?.toString()).toContain('debian-demo login:');
  expect(check.screenshot?.subarray(1, 4).toString()).toBe('PNG');
  expect(leftovers()).toEqual([]);
});

test('a disk with nothing to start is told by the firmware’s words on the screen', async () => {
  const file = path.join(home, 'empty.raw');
  writeFileSync(file, Buffer.alloc(MIB));
  const inspection = await inspectImage(file);
  const check = await bootCheck(file, { ...inspection, findings: [] }, { timeLimitMs: 60_000 });
  expect(check).toMatchObject({ outcome: 'firmware', finding: { severity: 'blocking' } });
});

test('a cancelled check ends QEMU and leaves nothing behind', async () => {
  const cancel = new AbortController();
  const check = bootCheck(DEMO, await inspectImage(DEMO), { signal: cancel.signal });
  setTimeout(() => cancel.abort(new Error('cancelled')), 2_000);
  await expect(check).rejects.toThrow('cancelled');
  expect(leftovers()).toEqual([]);
});
