/**
 * `npm run truth`: makes disks that boot or not, inspects each, boots each whose outcome is not kept, and compares.
 * It runs without root. The outcomes are kept in boots.json beside this file. Exit code 1 if a verdict is wrong.
 *
 *   npx tsx test/images/truth/truth.ts [--again] [--no-boot] [NAME…]      --again: boot also those with a kept outcome
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { bootCheck } from '../../../images/boot-check/boot-check.js';
import { createInspector } from '../../../images/inspect-in-child.js';
import type { Inspection } from '../../../images/inspection.js';
import { biosDisks, coreDisks, uefiDisks } from './disks.js';
import { grubDisks } from './grub-disks.js';
import { KERNEL, makeDisk, makeParts, recipeOf, type TestDisk } from './make-disk.js';
import { verdictOf } from './verdict.js';

const KEPT = path.join(import.meta.dirname, 'boots.json');
/** How the boot of a disk ended, by the digest of its recipe. */
const keptSchema = z.record(z.string(), z.object({ name: z.string(), outcome: z.string(), seconds: z.number() }));

const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('--'));
const folder = mkdtempSync(path.join(tmpdir(), 'truth-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const parts = makeParts(folder);
const kept = { ...keptSchema.parse(JSON.parse(readFileSync(KEPT, 'utf8'))) };
const disks = [...biosDisks(parts), ...coreDisks(parts), ...grubDisks(parts), ...uefiDisks()].filter(
  ({ name }) => named.length === 0 || named.includes(name),
);
const inspect = createInspector();

let [facts, right, falseBoot, falseNoBoot, unsure, notBooted, worstMs] = [0, 0, 0, 0, 0, 0, 0];
for (const disk of disks) {
  const file = makeDisk(parts, disk);
  const startedAt = performance.now();
  const inspection = await inspect(file);
  worstMs = Math.max(worstMs, performance.now() - startedAt);
  const outcome = await outcomeOf(disk, file, inspection);
  const boots = outcome === null ? disk.boots : outcome === 'login';
  const verdict = verdictOf(inspection);
  if (boots !== disk.boots) process.stdout.write(`      expected ${disk.boots ? 'a login' : 'no login'}\n`);
  if (verdict === 'boots' && !boots) falseBoot += 1;
  if (verdict === 'does not boot' && boots) falseNoBoot += 1;
  if (verdict === 'not verified') unsure += 1;
  if (outcome === null) notBooted += 1;
  for (const [name, wanted] of expectedFacts(disk)) {
    facts += 1;
    const found = inspection[name];
    if (found === wanted) right += 1;
    else process.stdout.write(`      ${name}: found ${String(found)}, expected ${String(wanted)}\n`);
  }
  const isWrong = (verdict === 'boots' && !boots) || (verdict === 'does not boot' && boots);
  process.stdout.write(`${isWrong ? 'WRONG' : 'ok   '} ${disk.name}: ${verdict}; ${outcome ?? 'not booted'}\n`);
  if (isWrong)
    for (const { severity, message } of inspection.findings) process.stdout.write(`      ${severity}: ${message}\n`);
}
const share = ((100 * right) / Math.max(1, facts)).toFixed(1);
process.stdout.write(
  `\n${disks.length} images, ${facts} facts, ${share} % right, ${falseBoot} false boot, ${falseNoBoot} false no-boot, ${unsure} not verified, ${notBooted} not booted, worst ${(worstMs / 1000).toFixed(1)} s\n`,
);
process.exit(falseBoot + falseNoBoot + (facts - right) === 0 ? 0 : 1);

/** Null: it was not booted. */
async function outcomeOf(disk: TestDisk, file: string, inspection: Inspection): Promise<string | null> {
  const recipe = recipeOf(disk);
  const known = kept[recipe];
  if (known !== undefined && !args.includes('--again')) return known.outcome;
  if (args.includes('--no-boot')) return null;
  const bootMode = disk.esp === undefined ? 'BIOS' : 'UEFI';
  // The machine decides, whatever the inspection says.
  const machine: Inspection = { ...inspection, bootMode, architecture: 'x86_64', osType: 'linux', findings: [] };
  const check = await bootCheck(file, machine, { timeLimitMs: disk.boots ? 300_000 : 120_000 });
  if (check.outcome === 'not-run') throw new Error(check.finding.message);
  kept[recipe] = { name: disk.name, outcome: check.outcome, seconds: Math.round(check.seconds) };
  writeFileSync(KEPT, `${JSON.stringify(kept, null, 2)}\n`);
  return check.outcome;
}

/** What the change of a disk leaves as it was. */
function expectedFacts(disk: TestDisk): [keyof Inspection, unknown][] {
  if (disk.cutTo !== undefined) return [['format', 'RAW']];
  return [
    ['format', 'RAW'],
    ['partitionTable', 'gpt'],
    // All programs of the demo are one file, so nothing is left to tell it from.
    ['architecture', disk.name === 'an empty init program' ? null : 'x86_64'],
    ['platform', 'Debian'],
    ['osVersion', '12'],
    ['osType', 'linux'],
    ['cloudInitVersion', null],
    ...(disk.root !== undefined && (!disk.boots || /kernel|menu|default|password|initramfs/.test(disk.name))
      ? []
      : ([['kernelVersion', KERNEL]] as [keyof Inspection, unknown][])),
  ];
}
