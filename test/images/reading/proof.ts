/**
 * `sudo npm run reading [-- --rounds 24 --seed N --only TEXT]`: proves that the readers of file systems see what the kernel
 * sees. Makes each of SIBLINGS that this kernel mounts, fills it, and compares names, sizes, modes and contents: of the
 * unmounted file system, and of one that stopped while its last changes were only in its journal or log; and whether it is mounted
 * after one byte of that was changed. Then changes XFS
 * file systems at random until their small log was written several times, and stops them. Needs loop devices.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openFile } from '../../../images/bytes.js';
import { readLayout } from '../../../images/disk/volumes.js';
import { findingList } from '../../../images/findings.js';
import { continueWithOwnMounts, untilReleased } from '../own-mounts.js';
import { createRandom, type Random } from '../trim/random.js';
import { env } from '../trim/random-file-system.js';
import { SIBLINGS } from '../trim/siblings.js';
import { change, changeLast, fill } from './changes.js';
import { changeLog, logBlocks } from './damaged-logs.js';
import { differences, mountedTree, readTree, type Tree } from './trees.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '24' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
  },
});
continueWithOwnMounts();
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-reading-'));
const inFolder = (name: string) => path.join(folder, name);
const [disk, stopped, replayed, changed] = [
  inFolder('disk'),
  inFolder('stopped'),
  inFolder('replayed'),
  inFolder('changed'),
];
const mountPoint = inFolder('mounted');
mkdirSync(mountPoint);

const run = (program: string, ...options: readonly string[]) => spawnSync(program, options, { env, encoding: 'utf8' });

/** Null: the kernel does not mount it. */
function mounted<Result>(file: string, options: string, work: () => Result): Result | null {
  if (run('mount', '-o', `loop${options}`, file, mountPoint).status !== 0) return null;
  try {
    return work();
  } finally {
    run('umount', mountPoint);
    untilReleased(file);
  }
}

let [compared, wrong] = [0, 0];
function compare(name: string, expected: Tree, file: string): void {
  const source = openFile(file);
  const fileSystem = readLayout(source, findingList()).volumes[0]?.fileSystem ?? null;
  const problems = fileSystem === null ? ['not recognised'] : differences(expected, readTree(fileSystem));
  source.close();
  compared += 1;
  // What is known to be missing is reported.
  const isKnown = problems.length > 0 && /not replayed|but not its fast commits/.test(fileSystem?.stale ?? '');
  if (problems.length > 0 && !isKnown) wrong += 1;
  const verdict = problems.length === 0 ? 'equal' : isKnown ? 'incomplete, and reported' : 'WRONG';
  console.log(`${name}: ${expected.size} names, ${verdict} (${fileSystem?.stale ?? 'unmounted'})`);
  for (const problem of isKnown ? [] : problems.slice(0, 5)) console.log(`  ${problem}`);
}

function asTheKernelReplays(name: string, file: string): void {
  copyFileSync(file, replayed);
  const tree = mounted(replayed, name.startsWith('xfs') ? ',nouuid' : '', () => mountedTree(mountPoint));
  if (tree !== null) compare(`${name}, stopped`, tree, file);
}

/** One changed byte in the log: Linux refuses what the reader knows to be refused, and has the same content otherwise. */
function changedLogs(name: string, kind: 'xfs' | 'ext', random: Random): void {
  const blocks = logBlocks(stopped, kind);
  for (let round = 0; round < 4 && blocks.length > 0; round += 1) {
    copyFileSync(stopped, changed);
    const { at, refused } = changeLog(changed, kind, blocks, random);
    copyFileSync(changed, replayed);
    const tree = mounted(replayed, kind === 'xfs' ? ',nouuid' : '', () => mountedTree(mountPoint));
    const what = `${name}, byte ${at} of its log changed`;
    if (tree !== null && refused === null) {
      compare(what, tree, changed);
      continue;
    }
    compared += 1;
    if (tree !== null || refused === null) wrong += 1;
    console.log(
      `${what}: ${tree === null ? 'refused' : 'mounted'}, ${tree === null && refused !== null ? 'equal' : 'WRONG'}`,
    );
  }
}

/** Options of btrfs, so that each method is used. */
const COMPRESSION = [',compress-force=zstd', ',compress-force=lzo', ',compress-force=zlib', ''];
/** The smallest logs, so that they are written several times. */
const SMALL_LOGS = [
  '-m rmapbt=0,reflink=0 -i sparse=0 -l size=5m',
  '-m rmapbt=1,reflink=1 -l size=14m -i nrext64=1',
  '-b size=1024 -m rmapbt=0,reflink=0 -l size=6m',
];

try {
  console.log(`seed ${values.seed}`);
  const random = createRandom(values.seed);
  for (const [index, { name, kind, bytes, command }] of SIBLINGS.entries()) {
    if (!name.includes(values.only) || !['ext', 'xfs', 'btrfs'].includes(kind)) continue;
    if (command.some((word) => word.includes('DEVICE'))) continue;
    const [program = '', ...options] = command;
    empty(disk, bytes);
    if (run(program, ...options, disk).status !== 0) continue;
    const expected = mounted(disk, kind === 'btrfs' ? (COMPRESSION[index % COMPRESSION.length] ?? '') : '', () => {
      fill(mountPoint, random);
      run('sync', '-f', mountPoint);
      changeLast(mountPoint);
      copyFileSync(disk, stopped);
      return mountedTree(mountPoint);
    });
    if (expected === null) {
      console.log(`${name}: this kernel does not mount it`);
      continue;
    }
    compare(name, expected, disk);
    // Without a journal, a copy of a mounted file system has no defined content.
    if (!/ext2|\^has_journal/.test(name)) asTheKernelReplays(name, stopped);
    if (/^(xfs|ext4)/.test(name) && !/\^metadata_csum|\^has_journal|crc=0/.test(name))
      changedLogs(name, kind === 'xfs' ? 'xfs' : 'ext', random);
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const options = random.pick(SMALL_LOGS);
    empty(disk, 320 * 2 ** 20);
    run('mkfs.xfs', '-q', '-K', '-f', '--unsupported', ...options.split(' '), disk);
    const logBuffer = random.pick(['32k', '64k', '256k']);
    const done = mounted(disk, `,logbsize=${logBuffer}`, () => {
      change(mountPoint, random, random.whole(2000, 30_000));
      return run('xfs_io', '-x', '-c', random.chance(0.5) ? 'shutdown' : 'shutdown -f', mountPoint).status;
    });
    if (done !== 0) throw new Error(`mkfs.xfs ${options}: not mounted`);
    asTheKernelReplays(`xfs changed at random, round ${round}: ${options}, logbsize=${logBuffer}`, disk);
  }
  console.log(`${compared} compared, ${wrong} wrong`);
  process.exitCode = wrong > 0 || compared === 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function empty(file: string, bytes: number): void {
  rmSync(file, { force: true });
  writeFileSync(file, '');
  truncateSync(file, bytes);
}
