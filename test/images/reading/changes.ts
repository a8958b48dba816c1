/** What is written to a mounted file system: content of every kind, and random changes. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Random } from '../trim/random.js';
import { env } from '../trim/random-file-system.js';

/** Small, large, sparse, fragmented, preallocated and linked files, long names, attributes, and folders of many entries. */
export function fill(root: string, random: Random): void {
  const at = (name: string) => path.join(root, name);
  const write = (name: string, content: Buffer | string) => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
  };
  for (const size of [0, 1, 60, 130, 1024, 70_001, 3_000_001]) write(`size/${size}`, noise(random, size));
  write('text', 'hello world '.repeat(60_000));
  write('deep/a/b/c/d/e/f/g/h', 'deep');
  write('ümläut/Жф', 'u');
  write(`name-${'n'.repeat(240)}`, 'long');
  const many = (index: number) => `many/file-number-${index}-${'z'.repeat(index % 40)}`;
  for (let index = 0; index < 700; index += 1) write(many(index), `${index}`);
  for (let index = 0; index < 600; index += 3) rmSync(at(many(index)));
  const sparse = openSync(at('sparse'), 'w');
  for (const [offset, size] of [
    [0, 10],
    [100_000, 5000],
    [1_000_000, 4096],
    [3_333_333, 777],
  ] as const)
    writeSync(sparse, noise(random, size), 0, size, offset);
  ftruncateSync(sparse, 5_000_000);
  closeSync(sparse);
  const fragmented = [openSync(at('one'), 'w'), openSync(at('other'), 'w')];
  for (let turn = 0; turn < 120; turn += 1) {
    for (const file of fragmented) {
      writeSync(file, noise(random, 7000));
      fsyncSync(file);
    }
  }
  fragmented.forEach(closeSync);
  for (const command of [
    ['fallocate', '-l', '400000', at('preallocated')],
    ['fallocate', '-p', '-o', '8192', '-l', '16384', at('size/70001')],
    ['setfattr', '-n', 'user.small', '-v', 'v'.repeat(30), at('size/1')],
    ['setfattr', '-n', 'user.large', '-v', 'v'.repeat(2000), at('size/1024')],
    ['cp', '--reflink=always', at('size/3000001'), at('clone')],
  ]) {
    // Not every file system can do all of it.
    const [program = '', ...options] = command;
    spawnSync(program, options, { env });
  }
  for (const length of [10, 59, 200, 1000]) symlinkSync('t/'.repeat(length / 2), at(`link-${length}`));
  linkSync(at('size/1024'), at('hard'));
  chmodSync(at('size/1'), 0o4755);
}

/** Changes whose last ones are on the disk only in the journal. */
export function changeLast(root: string): void {
  const folder = path.join(root, 'last');
  mkdirSync(folder);
  for (let index = 0; index < 50; index += 1) writeFileSync(path.join(folder, `${index}`), `${index}`);
  rmSync(path.join(root, 'text'));
  spawnSync('sync', ['-f', root], { env });
}

/** Creates, deletes, renames, links and extends files, at random. */
export function change(root: string, random: Random, count: number): void {
  const files: string[] = [];
  const pick = () => files[below(random, files.length)] ?? root;
  for (let turn = 0; turn < count; turn += 1) {
    const kind = files.length < 10 ? 0 : below(random, 9);
    if (kind < 4) {
      const folder = path.join(root, `d${below(random, 12)}`, `e${below(random, 5)}`);
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, `${turn}${'q'.repeat(below(random, 90))}`);
      writeFileSync(file, noise(random, below(random, 9000)));
      files.push(file);
    } else if (kind < 6) {
      const [file] = files.splice(below(random, files.length), 1);
      if (file !== undefined) rmSync(file);
    } else if (kind === 6) {
      const index = below(random, files.length);
      const to = path.join(root, `renamed-${turn}`);
      renameSync(files[index] ?? '', to);
      files[index] = to;
    } else if (kind === 7) {
      const file = path.join(root, `link-${turn}`);
      symlinkSync('t/'.repeat(1 + below(random, 500)), file);
      files.push(file);
    } else extend(pick(), random);
  }
}

function extend(file: string, random: Random): void {
  // A link leads nowhere.
  if (lstatSync(file).isSymbolicLink()) return;
  const opened = openSync(file, 'r+');
  try {
    const size = 1 + below(random, 20_000);
    writeSync(opened, noise(random, size), 0, size, below(random, 400_000));
    if (below(random, 3) > 0) fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

const below = (random: Random, end: number) => random.whole(0, end - 1);

/** Does not compress. */
function noise(random: Random, size: number): Buffer {
  if (size === 0) return Buffer.alloc(0);
  return createHash('shake256', { outputLength: size })
    .update(String(random.whole(0, 2 ** 40)))
    .digest();
}
