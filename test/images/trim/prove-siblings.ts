/** Proves for each of SIBLINGS that only free blocks are replaced, or that it is left whole for the expected reason. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { openFile } from '../../../images/bytes.js';
import { readLayout } from '../../../images/disk/volumes.js';
import { findingList } from '../../../images/findings.js';
import { guestTree } from '../../../images/guest/tree.js';
import { findFreeSpace } from '../../../images/trim/free-space.js';
import type { Range } from '../../../images/trim/ranges.js';
import { env, writeZeros } from './random-file-system.js';
import { makeSibling, type Sibling } from './siblings.js';

/** Problems, and one line about what happened. */
export function proveSibling(
  folder: string,
  sibling: Sibling,
): { readonly problems: string[]; readonly facts: string } {
  const file = path.join(folder, 'sibling.raw');
  makeSibling(file, sibling);
  const problems = checkOf(sibling, file).map((line) => `before: ${line}`);
  const allowed = freeByItsTools(sibling, file);
  const source = openFile(file);
  const { ranges, volumes } = findFreeSpace(source);
  const reported = readLayout(source, findingList()).volumes[0]?.fileSystem?.freeBytes ?? 0;
  source.close();
  const reason = volumes.map(({ leftWhole }) => leftWhole).find((one) => one !== null) ?? null;
  const freed = ranges.reduce((sum, { length }) => sum + length, 0);
  if (sibling.leftWhole === null && reason !== null) problems.push(`left whole: ${reason}`);
  if (sibling.leftWhole !== null && (reason === null || !sibling.leftWhole.test(reason)))
    problems.push(`expected ${sibling.leftWhole}, but ${reason ?? 'trimmed'}`);
  const before = filesOf(file);
  if (reason === null) {
    // The number of btrfs does not count copies.
    if (sibling.kind !== 'btrfs' && freed < 0.9 * reported)
      problems.push(`${freed} bytes are trimmed of ${reported} free ones`);
    if (allowed !== null) problems.push(...outside(ranges, allowed));
    writeZeros(file, ranges);
    problems.push(...checkOf(sibling, file));
    if (filesOf(file) !== before) problems.push('a file has changed');
  }
  rmSync(file);
  const state =
    reason ?? `${(freed / 2 ** 20).toFixed(1)} MiB of ${(reported / 2 ** 20).toFixed(1)} in ${ranges.length} ranges`;
  return { problems, facts: `${before.split('\n').length} files, ${state}` };
}

function filesOf(file: string): string {
  const source = openFile(file);
  try {
    const fileSystem = readLayout(source, findingList()).volumes[0]?.fileSystem;
    if (fileSystem == null) return '';
    const tree = guestTree([{ at: '/', fileSystem }]);
    const walk = (folder: string): string[] =>
      (tree.list(folder) ?? []).flatMap((name) => {
        const one = `${folder}/${name}`;
        const digest = createHash('sha256')
          .update(tree.bytes(one, 2 ** 28) ?? '')
          .digest('hex');
        return [`${one} ${tree.link(one) ?? ''} ${digest}`, ...(folder.split('/').length > 4 ? [] : walk(one))];
      });
    return walk('').join('\n');
  } finally {
    source.close();
  }
}

const CHECKS: Readonly<Record<Sibling['kind'], readonly string[]>> = {
  ext: ['e2fsck', '-fn'],
  xfs: ['xfs_repair', '-n'],
  btrfs: ['btrfs', 'check', '--check-data-csum'],
  ntfs: ['ntfsfix', '-n'],
  vfat: ['fsck.vfat', '-n'],
};

/** Checkers need the other parts of those that are left whole. */
function checkOf({ kind, leftWhole }: Sibling, file: string): readonly string[] {
  if (leftWhole !== null) return [];
  const [program = '', ...options] = CHECKS[kind];
  const { status, stdout, stderr } = spawnSync(program, [...options, file], { env, encoding: 'utf8' });
  return status === 0 ? [] : [`${program}: ${`${stdout}${stderr}`.slice(-300)}`];
}

/** The free bytes according to the file system's own tools; null if they do not list them. */
function freeByItsTools({ kind }: Sibling, file: string): readonly Range[] | null {
  if (kind === 'ext') {
    const text = output(['dumpe2fs', file]);
    const blockSize = Number(/Block size:\s+(\d+)/.exec(text)?.[1]);
    // The last number of a range is the first block of its last cluster.
    const clusterSize = Number(/Cluster size:\s+(\d+)/.exec(text)?.[1] ?? blockSize);
    return [...text.matchAll(/^ {2}Free blocks: (.*)$/gm)].flatMap(([, list = '']) =>
      list
        .split(', ')
        .filter(Boolean)
        .map((part) => {
          const [first = 0, last = first] = part.split('-').map(Number);
          return { offset: first * blockSize, length: (last - first) * blockSize + clusterSize };
        }),
    );
  }
  if (kind !== 'xfs') return null;
  const superblock = output(['xfs_db', '-r', '-c', 'sb 0', '-c', 'print blocksize agblocks', file]);
  const [blockSize = 0, groupBlocks = 0] = [...superblock.matchAll(/= (\d+)/g)].map(([, value]) => Number(value));
  return [...output(['xfs_db', '-r', '-c', 'freesp -d', file]).matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/gm)].map(
    ([, group, block, count]) => ({
      offset: (Number(group) * groupBlocks + Number(block)) * blockSize,
      length: Number(count) * blockSize,
    }),
  );
}

function outside(ranges: readonly Range[], allowed: readonly Range[]): string[] {
  const joined: { offset: number; end: number }[] = [];
  for (const { offset, length } of allowed.toSorted((left, right) => left.offset - right.offset)) {
    const last = joined.at(-1);
    if (last !== undefined && last.end >= offset) last.end = Math.max(last.end, offset + length);
    else joined.push({ offset, end: offset + length });
  }
  const wrong = ranges.filter(
    ({ offset, length }) => !joined.some((one) => one.offset <= offset && one.end >= offset + length),
  );
  const [first] = wrong;
  return first === undefined ? [] : [`${wrong.length} ranges are in use for its tools, the first at ${first.offset}`];
}

function output([program = '', ...options]: readonly string[]): string {
  return spawnSync(program, options, { env, encoding: 'utf8', maxBuffer: 2 ** 28 }).stdout;
}
