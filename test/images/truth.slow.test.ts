/** Real disks with one change each: the verdict is what the machine does. `npm run truth` boots all of them. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootCheck } from '../../images/boot-check/boot-check.js';
import { inspectImage } from '../../images/inspect.js';
import { biosDisks } from './truth/disks.js';
import { makeDisk, makeParts, type Parts, type TestDisk } from './truth/make-disk.js';
import { verdictOf } from './truth/verdict.js';

let folder = '';
let parts: Parts;
let disks: readonly TestDisk[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'truth-'));
  // QEMU runs as a user without rights where the test runs as root.
  chmodSync(folder, 0o755);
  parts = makeParts(folder);
  disks = biosDisks(parts);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Decompression stops there, and the kernel continues with what it has. The demo's initramfs has no udev. */
const NOT_VERIFIED = ['an initramfs that was cut off', 'a driver that only udev must not load'];

test('disks that boot, and disks that do not → no verdict is wrong', async () => {
  const wrong: string[] = [];
  for (const disk of disks) {
    const verdict = verdictOf(await inspectImage(makeDisk(parts, disk)));
    const expected = NOT_VERIFIED.includes(disk.name) ? 'not verified' : disk.boots ? 'boots' : 'does not boot';
    if (verdict !== expected) wrong.push(`${disk.name}: ${verdict}`);
  }
  expect(wrong).toEqual([]);
  expect(disks.length).toBeGreaterThan(30);
}, 240_000);

test.each([
  ['a menu without entries', 'loader'],
  ['an initramfs without init', 'panic'],
  ['a root of another machine', 'emergency'],
])(
  '%s → the boot ends as predicted: %s',
  async (name, outcome) => {
    const disk = disks.find((one) => one.name === name);
    if (disk === undefined) throw new Error(`no disk ${name}`);
    const file = makeDisk(parts, disk);
    const inspection = await inspectImage(file);
    expect(verdictOf(inspection)).toBe('does not boot');
    expect((await bootCheck(file, { ...inspection, findings: [] })).outcome).toBe(outcome);
  },
  310_000,
);
