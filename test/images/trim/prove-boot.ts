/** Proves that a trimmed disk boots: the demo’s Debian, whose file system is filled with files that are deleted again. */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootCheck } from '../../../images/boot-check/boot-check.js';
import { openFile } from '../../../images/bytes.js';
import { inspectImage } from '../../../images/inspect.js';
import { findFreeSpace } from '../../../images/trim/free-space.js';
import { env, MARKER, markerBytes, writeZeros } from './random-file-system.js';

const DEMO = fileURLToPath(new URL('../../../assets/debian-demo.qcow2', import.meta.url));
const MIB = 2 ** 20;
/** The file system of the demo image begins with its second partition. */
const START = 4096 * 512;
const DELETED = 28;
const DELETED_BYTES = 25 * MIB;
const KEPT_BYTES = 2 * MIB;
const TIME_LIMIT_MS = 1_200_000;

/** Problems, and one line about what happened. */
export async function proveBoot(
  folder: string,
): Promise<{ readonly problems: readonly string[]; readonly facts: string }> {
  // QEMU runs as a user without rights.
  chmodSync(folder, 0o755);
  const disk = path.join(folder, 'boot.raw');
  run(['qemu-img', 'convert', '-O', 'raw', DEMO, disk]);
  fillAndDelete(folder, disk);
  const files = digestsOf(folder, disk);
  const problems: string[] = [];
  const source = openFile(disk);
  const { ranges, volumes } = findFreeSpace(source);
  source.close();
  // The partition of the boot loader has no file system.
  if (volumes.filter(({ leftWhole }) => leftWhole === null).length !== 1)
    problems.push(`left whole: ${volumes.map(({ leftWhole }) => leftWhole).join('; ')}`);
  const before = markerBytes(disk);
  writeZeros(disk, ranges);
  const after = markerBytes(disk);
  if (before < DELETED * DELETED_BYTES) problems.push(`only ${before} bytes of deleted files before`);
  if (after > 0) problems.push(`${after} bytes of deleted files remain`);
  const { status, stdout } = spawnSync('e2fsck', ['-fn', onDisk(disk)], { env, encoding: 'utf8' });
  if (status !== 0) problems.push(`e2fsck: ${stdout.slice(-300)}`);
  if (digestsOf(folder, disk) !== files) problems.push('a file has changed');
  const { outcome, seconds } = await bootCheck(disk, await inspectImage(disk), { timeLimitMs: TIME_LIMIT_MS });
  if (outcome !== 'login') problems.push(`boots to ${outcome}`);
  rmSync(disk);
  const count = files.split('\n').length - 1;
  const old = `${(before / MIB).toFixed(0)} MiB of deleted files before, ${(after / MIB).toFixed(0)} after`;
  return { problems, facts: `${count} files and links, ${old}, ${outcome} after ${seconds.toFixed(0)} s` };
}

/** Between the deleted files are some that stay. */
function fillAndDelete(folder: string, disk: string): void {
  const deleted = path.join(folder, 'deleted');
  const kept = path.join(folder, 'kept');
  writeFileSync(deleted, Buffer.alloc(DELETED_BYTES, MARKER));
  writeFileSync(kept, randomFillSync(Buffer.alloc(KEPT_BYTES)));
  const indexes = Array.from({ length: DELETED }, (_, index) => index);
  const writes = indexes.flatMap((index) => [
    `write ${deleted} deleted-${index}`,
    ...(index % 9 === 0 ? [`write ${kept} kept-${index}`] : []),
  ]);
  const commands = ['cd /root', ...writes, ...indexes.map((index) => `rm deleted-${index}`)];
  run(['debugfs', '-w', '-f', '-', onDisk(disk)], commands.join('\n'));
  rmSync(deleted);
  rmSync(kept);
}

/** One line for each file and link. */
function digestsOf(folder: string, disk: string): string {
  const target = path.join(folder, 'files');
  mkdirSync(target);
  run(['debugfs', '-R', `rdump / ${target}`, onDisk(disk)]);
  const list = 'find . -type f -exec sha256sum {} + | sort; find . -type l -printf "%p %l\\n" | sort';
  const { stdout } = spawnSync('sh', ['-c', list], { cwd: target, encoding: 'utf8', maxBuffer: 2 ** 28 });
  rmSync(target, { recursive: true });
  return stdout;
}

/** For the programs of e2fsprogs. */
function onDisk(disk: string): string {
  return `${disk}?offset=${START}`;
}

function run([program = '', ...options]: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync(program, options, { env, encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}
