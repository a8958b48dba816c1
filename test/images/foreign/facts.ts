/**
 * `npm run facts -- FOLDER…`: inspects every image in folders of other projects' test images, and compares the facts with
 * `blkid -p`, `partx` and `qemu-img info` of this host. Prints one line a difference and one a folder. Exit code 1: differences.
 *
 * Images ending in .gz and .xz are decompressed. A folder may have the answers of a newer blkid in `expected/low-probe-NAME`.
 * A file in which blkid finds nothing counts no fact, but must not be recognised.
 *
 *   npx tsx test/images/foreign/facts.ts [--here] FOLDER…      --here: inspect in this process, which is faster
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspectImage } from '../../../images/inspect.js';
import { createInspector } from '../../../images/inspect-in-child.js';
import type { Inspection } from '../../../images/inspection.js';
import { verdictOf } from '../truth/verdict.js';
import { factsOf, type Reference } from './reference.js';

const args = process.argv.slice(2);
const folders = args.filter((arg) => !arg.startsWith('--'));
const inspect = args.includes('--here') ? inspectImage : createInspector();
const scratch = mkdtempSync(path.join(tmpdir(), 'facts-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

interface Tally {
  images: number;
  facts: number;
  right: number;
  failures: number;
  falseBoot: number;
  worstMs: number;
}

const all: Tally[] = [];
for (const folder of folders) all.push(await measure(folder));
const sum = (of: (tally: Tally) => number) => all.reduce((total, tally) => total + of(tally), 0);
const [facts, right] = [sum(({ facts }) => facts), sum(({ right }) => right)];
const share = ((100 * right) / Math.max(1, facts)).toFixed(1);
console.log(`${sum(({ images }) => images)} images, ${facts} facts, ${right} right, ${share} %`);
process.exitCode = facts === right && sum(({ failures, falseBoot }) => failures + falseBoot) === 0 ? 0 : 1;

async function measure(folder: string): Promise<Tally> {
  const tally: Tally = { images: 0, facts: 0, right: 0, failures: 0, falseBoot: 0, worstMs: 0 };
  for (const file of filesIn(folder)) {
    const image = decompressed(file);
    const startedAt = performance.now();
    const inspection = await inspect(image).catch((error: unknown) => String(error));
    tally.worstMs = Math.max(tally.worstMs, performance.now() - startedAt);
    tally.images += 1;
    count(tally, path.relative(folder, file), inspection, { image, answers: answersFor(file) });
    if (image !== file) rmSync(image);
  }
  const { images, facts, right, failures, falseBoot, worstMs } = tally;
  console.log(
    `${folder}: ${images} images, ${facts} facts, ${right} right, ${failures} failures, ${falseBoot} false boot, worst ${(worstMs / 1000).toFixed(1)} s`,
  );
  return tally;
}

function count(tally: Tally, name: string, inspection: Inspection | string, reference: Reference): void {
  if (typeof inspection === 'string') {
    // An empty file is refused before it is inspected.
    if (inspection.includes('Source.Empty')) return;
    tally.failures += 1;
    console.log(`${name}: ${inspection}`);
    return;
  }
  if (inspection.findings.some(({ code }) => code === 'ECSIMPORT.GuestNotRead')) {
    tally.failures += 1;
    console.log(`${name}: the guest was not read`);
  }
  if (verdictOf(inspection) === 'boots') {
    tally.falseBoot += 1;
    console.log(`${name}: called bootable`);
  }
  for (const { name: fact, found, wanted } of factsOf(inspection, reference)) {
    tally.facts += 1;
    if (found === wanted) tally.right += 1;
    else console.log(`${name}: ${fact}: found ${found}, expected ${wanted}`);
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && path.basename(entry.parentPath) !== 'expected')
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/\.(md|txt)$/.test(file))
    .sort();
}

/** The path of the image itself. */
function decompressed(file: string): string {
  const program = /\.gz$/.test(file) ? 'gzip' : /\.xz$/.test(file) ? 'xz' : null;
  if (program === null) return file;
  const target = path.join(scratch, path.basename(file).replace(/\.(gz|xz)$/, ''));
  const { status, stderr } = spawnSync('sh', [
    '-c',
    `${program} -dc "$1" | cp --sparse=always /dev/stdin "$2"`,
    'sh',
    file,
    target,
  ]);
  if (status !== 0) throw new Error(`${file}: ${stderr.toString()}`);
  return target;
}

/** What a newer blkid found, as util-linux keeps it beside its test images; null: not kept. */
function answersFor(file: string): string | null {
  const name = path.basename(file).replace(/\.img(\.xz)?$/, '');
  const kept = path.join(path.dirname(file), '..', 'expected', `low-probe-${name}`);
  return existsSync(kept) ? readFileSync(kept, 'utf8') : null;
}
