/** Disks of whole guests: made larger, used, checked and compared by the kernel’s drivers and the programs of others. */
import { spawnSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { untilReleased } from '../own-mounts.js';
import type { Random } from './random.js';
import { check, digests, env, MARKER } from './random-file-system.js';

const MIB = 2 ** 20;
const SECTOR = 512;
/** What the root file system gets in addition to the guest’s own files. */
const MORE_BYTES = 4096 * MIB;
const SESSIONS = 2;
const ESP = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
const LINUX = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';

interface GuestKind {
  readonly mount: string;
  /** The root of the guest, from the top of the file system. */
  readonly root: string;
  /** Of the device, or of the mount point. */
  readonly grow: { readonly mounted: boolean; readonly commands: readonly (readonly string[])[] };
}

const KINDS = {
  // Growing it while it is mounted needs a right that root in a container does not have.
  ext4: { mount: '', root: '', grow: { mounted: false, commands: [['e2fsck', '-fp'], ['resize2fs']] } },
  xfs: { mount: ',nouuid', root: '', grow: { mounted: true, commands: [['xfs_growfs']] } },
  btrfs: {
    mount: ',subvolid=5',
    root: '@rootfs',
    grow: { mounted: true, commands: [['btrfs', 'filesystem', 'resize', 'max']] },
  },
} as const satisfies Readonly<Record<string, GuestKind>>;

export type GuestFileSystem = keyof typeof KINDS;

export interface GuestDisk {
  readonly file: string;
  readonly kind: GuestFileSystem;
}

const table = z.object({
  partitiontable: z.object({
    partitions: z.array(z.object({ start: z.number(), size: z.number(), type: z.string() })),
  }),
});

interface Partition {
  readonly number: number;
  readonly offset: number;
  readonly length: number;
  readonly type: string;
}

function partitionsOf(file: string): readonly Partition[] {
  const { partitions } = table.parse(JSON.parse(run(['sfdisk', '--json', file]))).partitiontable;
  return partitions.map(({ start, size, type }, index) => ({
    ...{ number: index + 1, offset: start * SECTOR, length: size * SECTOR, type },
  }));
}

function rootOf(file: string): Partition {
  const root = partitionsOf(file).find(({ type }) => type === LINUX);
  if (root === undefined) throw new Error('the disk has no partition for Linux');
  return root;
}

/** The root partition is the last one: it and its file system get the new space. */
export function growDisk({ file, kind }: GuestDisk): void {
  truncateSync(file, statSync(file).size + MORE_BYTES);
  run(['sfdisk', '--quiet', '--relocate', 'gpt-bak-std', file]);
  run(['sfdisk', '--quiet', '-N', String(rootOf(file).number), file], ', +');
  const { grow } = KINDS[kind];
  const all = (place: string) => {
    for (const command of grow.commands) run([...command, place]);
  };
  if (grow.mounted) mounted({ file, kind }, 'rw', all);
  else withLoop(file, [], all);
}

/** An emulated machine on a busy host finds its devices later than the 90 seconds after which systemd starts an emergency shell. */
export function giveDevicesTime(disk: GuestDisk): void {
  mounted(disk, 'rw', (mountPoint) => {
    const folder = path.join(mountPoint, KINDS[disk.kind].root, 'etc/systemd/system.conf.d');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'devices.conf'), '[Manager]\nDefaultDeviceTimeoutSec=20min\n');
  });
}

/** Fills the file system with files, deletes most of them in another order, and does it again. The bytes that were deleted. */
export function fillAndDelete(disk: GuestDisk, random: Random): number {
  let deleted = 0;
  for (let session = 0; session < SESSIONS; session += 1) {
    mounted(disk, 'rw', (mountPoint) => {
      const folder = path.join(mountPoint, KINDS[disk.kind].root, 'var', `used-${session}`);
      mkdirSync(folder);
      const names = fillFolder(folder, random);
      while (names.length > 0) {
        const [name = ''] = names.splice(random.whole(0, names.length - 1), 1);
        deleted += statSync(name).size;
        rmSync(name);
      }
    });
  }
  return deleted;
}

/** Until no space is left. Each twelfth file stays; some of the others grow when there are files after them. */
function fillFolder(folder: string, random: Random): string[] {
  const marker = Buffer.alloc(48 * MIB, MARKER);
  const kept = randomFillSync(Buffer.alloc(2 * MIB));
  const names: string[] = [];
  try {
    for (let number = 0; ; number += 1) {
      if (number % 12 === 0) {
        writeFileSync(path.join(folder, `kept-${number}`), kept.subarray(0, random.whole(1, kept.length)));
        continue;
      }
      names.push(path.join(folder, `${number}`));
      const most = random.chance(0.1) ? marker.length : 3 * MIB;
      writeFileSync(names.at(-1) ?? '', marker.subarray(0, random.whole(1, most)));
      if (random.chance(0.2)) writeFileSync(random.pick(names), marker.subarray(0, 200_000), { flag: 'a' });
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
  return names;
}

export interface Content {
  readonly files: number;
  readonly digest: string;
}

/** Names, kinds, owners, modes, targets and contents of everything in all file systems. */
export function contentOf(disk: GuestDisk): Content {
  const list = [
    'find . -printf "%y %m %U %G %l %p\\n" | sort',
    'find . -type f -print0 | sort -z | xargs -0 sha256sum',
    'find . ! -type l -print0 | sort -z | xargs -0 getfattr --dump --match=-',
  ];
  const lines = mounted(disk, 'ro', (mountPoint) => list.map((command) => run(['sh', '-c', command], '', mountPoint)));
  const digest = createHash('sha256').update(lines.join('\0'));
  for (const esp of copiesOfEsp(disk)) digest.update(digests(esp, 'vfat'));
  return { files: (lines[1] ?? '').split('\n').length - 1, digest: digest.digest('hex') };
}

/** The errors that the checkers of all file systems find. */
export function checkDisk(disk: GuestDisk): readonly string[] {
  const problems = withLoop(disk.file, ['--read-only'], (device) => check(device, disk.kind));
  return [...problems, ...copiesOfEsp(disk).flatMap((esp) => check(esp, 'vfat'))];
}

/** mtools and the checker of FAT read whole files. */
function copiesOfEsp({ file }: GuestDisk): readonly string[] {
  return partitionsOf(file)
    .filter(({ type }) => type === ESP)
    .map(({ number, offset, length }) => {
      const copy = `${file}.${number}`;
      run(['dd', `if=${file}`, `of=${copy}`, 'bs=1M', 'status=none', `skip=${offset / MIB}`, `count=${length / MIB}`]);
      return copy;
    });
}

function mounted<Result>({ file, kind }: GuestDisk, mode: 'ro' | 'rw', use: (folder: string) => Result): Result {
  const { offset, length } = rootOf(file);
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-mount-'));
  const options = `loop,offset=${offset},sizelimit=${length},${mode}${KINDS[kind].mount}`;
  run(['mount', '-o', options, file, folder]);
  try {
    return use(folder);
  } finally {
    run(['umount', folder]);
    untilReleased(file);
    rmdirSync(folder);
  }
}

function withLoop<Result>(file: string, options: readonly string[], use: (device: string) => Result): Result {
  const { offset, length } = rootOf(file);
  const place = ['--offset', String(offset), '--sizelimit', String(length)];
  const device = run(['losetup', '--find', '--show', ...options, ...place, file]).trim();
  try {
    return use(device);
  } finally {
    run(['losetup', '--detach', device]);
  }
}

export function run(command: readonly string[], input = '', cwd?: string): string {
  const [program = '', ...options] = command;
  const { status, stdout, stderr, error } = spawnSync(program, options, {
    ...{ env, input, cwd, encoding: 'utf8', maxBuffer: 2 ** 28 },
  });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
