/**
 * `npm run trim [-- --disks 200 --seed N]`: proves that a trimmed disk boots, and the file systems of SIBLINGS, which are made
 * without a mount. Then makes random file systems with the kernel's own drivers, writes, grows and deletes files, replaces the free bytes by zeros, and
 * compares: every checker finds no error, every file has the same digest, and the bytes that were free are gone. With
 * `--disks 0` only the former; the latter need root, loop devices, and the programs in MAKERS. With `--from N` only the
 * random ones, from the one with this number.
 *
 * `npm run trim -- --boot [--only xfs] [--seed N]`: imports whole Debian guests instead, after gigabytes of files were
 * written to them and deleted, and checks, compares and boots what arrives (prove-guests.ts). Makes the guests as `npm run
 * test:images` does. Takes about ten minutes a guest, and needs 20 GiB of disk and the tools of both.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openFile } from '../../../images/bytes.js';
import { findFreeSpace } from '../../../images/trim/free-space.js';
import { continueWithOwnMounts } from '../own-mounts.js';
import { proveBoot } from './prove-boot.js';
import { GUESTS, proveGuests } from './prove-guests.js';
import { proveSibling } from './prove-siblings.js';
import { createRandom } from './random.js';
import { check, digests, MAKERS, makeFileSystem, markerBytes, writeZeros } from './random-file-system.js';
import { SIBLINGS } from './siblings.js';

const { values } = parseArgs({
  options: {
    disks: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
    from: { type: 'string' },
    boot: { type: 'boolean', default: false },
  },
});

continueWithOwnMounts();
console.log(`seed ${values.seed}`);
const kinds = Object.keys(MAKERS).filter((kind) => kind.includes(values.only));
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-trim-'));
const guests = GUESTS.filter(({ image }) => image.includes(values.only));
let wrong = 0;
let before = 0;
let after = 0;
const report = (
  name: string,
  { problems, facts }: { readonly problems: readonly string[]; readonly facts: string },
) => {
  wrong += problems.length > 0 ? 1 : 0;
  console.log(`${name}: ${facts}${problems.length === 0 ? '' : ` WRONG: ${problems.join(' | ')}`}`);
};
try {
  if (values.boot) await proveGuests(folder, guests, createRandom(values.seed), report);
  else if (values.from === undefined) {
    if ('boot'.includes(values.only)) report('boot', await proveBoot(folder));
    for (const sibling of SIBLINGS.filter(({ name }) => name.includes(values.only)))
      report(sibling.name, proveSibling(folder, sibling));
  }
  const count = values.boot ? 0 : Number(values.disks);
  for (let index = Number(values.from ?? 0); index < count; index += 1) {
    const kind = kinds[index % kinds.length] ?? '';
    const random = createRandom(`${values.seed}/${index}`);
    const file = path.join(folder, `${index}.raw`);
    const made = makeFileSystem(file, kind, random);
    const problems = check(file, kind).map((line) => `before: ${line}`);
    const source = openFile(file);
    const { ranges, volumes } = findFreeSpace(source);
    source.close();
    const marked = markerBytes(file);
    const files = digests(file, kind);
    writeZeros(file, ranges);
    const left = markerBytes(file);
    problems.push(...check(file, kind));
    if (digests(file, kind) !== files) problems.push('a file has changed');
    const whole = volumes.map(({ leftWhole }) => leftWhole).filter((reason) => reason !== null);
    if (whole.length > 0) problems.push(`left whole: ${whole.join('; ')}`);
    const freed = ranges.reduce((sum, { length }) => sum + length, 0);
    if (freed < 0.9 * made.freeBytes) problems.push(`${freed} bytes are trimmed of ${made.freeBytes} free ones`);
    before += marked;
    after += left;
    const facts = `${made.files} files, ${(freed / 2 ** 20).toFixed(1)} of ${(made.freeBytes / 2 ** 20).toFixed(1)} MiB free, ${ranges.length} ranges`;
    report(`${index} ${kind} ${made.options.join(' ')}`, { problems, facts });
    if (problems.length === 0) rmSync(file);
    else console.log(`  kept: ${file}`);
  }
} finally {
  if (wrong === 0) rmSync(folder, { recursive: true, force: true });
}
if (values.boot) console.log(`${guests.length} guests, ${wrong} wrong`);
else
  console.log(
    `${values.disks} file systems, ${wrong} wrong, ${(before / 2 ** 20).toFixed(0)} MiB of old content before, ${(after / 2 ** 20).toFixed(0)} MiB after`,
  );
process.exit(wrong === 0 ? 0 : 1);
