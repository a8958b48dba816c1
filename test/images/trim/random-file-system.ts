/** Random file systems, made, filled, checked and compared by the programs of others. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Range } from '../../../images/trim/ranges.js';
import { untilReleased } from '../own-mounts.js';
import type { Random } from './random.js';

const MIB = 2 ** 20;
/** What the disk has before it is formatted, and what deleted files had: old content that should not be sent. */
export const MARKER = Buffer.from('OLD CONTENT ');
export const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

interface Maker {
  readonly mebibytes: readonly [least: number, most: number];
  readonly command: (random: Random) => readonly string[];
  /** Null: changed and read with mtools, because kernels without vfat are common on servers. */
  readonly mount: readonly string[] | null;
  readonly check: readonly string[];
}

const ext = (kind: string): Maker => ({
  mebibytes: [24, 300],
  command: (random) => [
    `mkfs.${kind}`,
    '-q',
    '-F',
    '-E',
    'nodiscard',
    '-b',
    random.pick(['1024', '2048', '4096']),
    ...(kind === 'ext4' ? ['-O', random.pick(EXT4_FEATURES)] : []),
  ],
  mount: ['mount', '-o', 'loop'],
  check: ['e2fsck', '-fn'],
});
const EXT4_FEATURES = [
  'metadata_csum,64bit',
  'metadata_csum,^64bit',
  '^metadata_csum,uninit_bg,^64bit',
  '^metadata_csum,^uninit_bg,64bit',
  'metadata_csum,meta_bg,^resize_inode',
  'metadata_csum,^flex_bg',
  'metadata_csum,bigalloc',
  'metadata_csum,sparse_super2',
  'metadata_csum,^sparse_super,^resize_inode',
  'metadata_csum,inline_data',
  'metadata_csum,^has_journal',
];

export const MAKERS: Readonly<Record<string, Maker>> = {
  ext2: ext('ext2'),
  ext3: ext('ext3'),
  ext4: ext('ext4'),
  xfs: {
    mebibytes: [320, 500],
    command: (random) => [
      'mkfs.xfs',
      '-q',
      '-K',
      '-f',
      '-m',
      random.pick(['crc=1', 'crc=1,rmapbt=1', 'crc=1,reflink=0', 'crc=1,finobt=0']),
      '-d',
      `agcount=${random.whole(2, 4)}`,
    ],
    mount: ['mount', '-o', 'loop,nouuid'],
    check: ['xfs_repair', '-n'],
  },
  btrfs: {
    mebibytes: [240, 500],
    command: (random) => [
      'mkfs.btrfs',
      '-q',
      '-K',
      '-f',
      ...random.pick([
        ['-m', 'single'],
        ['-m', 'dup', '-d', 'dup'],
        ['-m', 'dup', '-d', 'single'],
        ['--mixed', '-m', 'dup', '-d', 'dup'],
      ]),
      '--csum',
      random.pick(['crc32c', 'sha256']),
      ...random.pick([[], ['-R', 'free-space-tree'], ['-O', '^no-holes']]),
    ],
    mount: ['mount', '-o', 'loop'],
    check: ['btrfs', 'check', '--check-data-csum'],
  },
  ntfs: {
    mebibytes: [32, 200],
    command: (random) => ['mkntfs', '-q', '-Q', '-F', '-c', random.pick(['512', '4096', '65536'])],
    mount: ['ntfs-3g', '-o', 'big_writes'],
    check: ['ntfsfix', '-n'],
  },
  vfat: {
    mebibytes: [2, 200],
    command: (random) => ['mkfs.vfat', ...random.pick([[], ['-F', '32'], ['-f', '1']])],
    mount: null,
    check: ['fsck.vfat', '-n'],
  },
};

export interface MadeFileSystem {
  readonly options: readonly string[];
  readonly files: number;
  /** As the file system itself reports it. */
  readonly freeBytes: number;
}

export function makeFileSystem(file: string, kind: string, random: Random): MadeFileSystem {
  const maker = makerOf(kind);
  const size = random.whole(...maker.mebibytes) * MIB + random.pick([0, 0, 512, 4096, 65_536 + 1024]);
  fillWithMarker(file, size);
  const options = maker.command(random);
  run([...options, file]);
  let files = 0;
  // Each mount ends the session of the last one: allocation groups, journals and trees differ.
  for (let session = random.whole(1, 3); session > 0; session -= 1) {
    if (maker.mount === null) changeByMtools(file, random);
    else mounted(file, maker, (folder) => change(folder, random));
  }
  let freeBytes = 0;
  mounted(file, maker, (folder) => {
    const { bfree, bsize } = statfsSync(folder);
    freeBytes = ['btrfs', 'vfat'].includes(kind) ? 0 : bfree * bsize;
    files = readdirSync(folder, { recursive: true }).length;
  });
  return { options: options.slice(1), files, freeBytes };
}

/** Creates, grows, cuts and deletes files and folders until the file system was nearly full at least once, sometimes. */
function change(folder: string, random: Random): void {
  const names: string[] = readdirSync(folder).filter((name) => name !== 'lost+found');
  for (let step = random.whole(20, 120); step > 0; step -= 1) {
    try {
      const name = `${step}-${random.whole(0, 1e6)}`;
      const old = names.length === 0 ? null : random.pick(names);
      const what = random.whole(0, 9);
      if (what <= 3) {
        writeFileSync(path.join(folder, name), content(random));
        names.push(name);
      } else if (what === 4) {
        mkdirSync(path.join(folder, name));
        for (let count = random.whole(1, 80); count > 0; count -= 1)
          writeFileSync(path.join(folder, name, `${count}`), content(random).subarray(0, random.whole(0, 5000)));
        names.push(name);
      } else if (what === 5) symlinkSync('x'.repeat(random.whole(1, 200)), path.join(folder, `link-${name}`));
      else if (what === 6 && old !== null) truncateSync(path.join(folder, old), random.whole(0, 3 * MIB));
      else if (what === 7 && old !== null) writeFileSync(path.join(folder, old), content(random), { flag: 'a' });
      else if (old !== null) {
        rmSync(path.join(folder, old), { recursive: true });
        names.splice(names.indexOf(old), 1);
      }
    } catch (error) {
      // Full, or a folder where a file was meant.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
}

function changeByMtools(file: string, random: Random): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-new-'));
  const names: string[] = [];
  for (let step = random.whole(5, 30); step > 0; step -= 1) {
    const name = `${step}-${random.whole(0, 1e6)}.long name`;
    if (random.chance(0.7)) {
      writeFileSync(path.join(folder, name), content(random));
      // Fails where the file system is full, and keeps what fits.
      spawnSync('mcopy', ['-n', '-i', file, path.join(folder, name), '::/'], { env });
      names.push(name);
    } else if (names.length > 0) spawnSync('mdel', ['-i', file, `::/${random.pick(names)}`], { env });
  }
  rmSync(folder, { recursive: true });
}

function content(random: Random): Buffer {
  const size = random.chance(0.2) ? random.whole(1, 8 * MIB) : random.whole(0, 200_000);
  return Buffer.alloc(size, random.chance(0.5) ? MARKER : Buffer.from(`file ${random.whole(0, 1e9)} `));
}

export function fillWithMarker(file: string, size: number): void {
  const piece = Buffer.alloc(12 * MIB, MARKER);
  const target = openSync(file, 'w');
  for (let done = 0; done < size; done += piece.length)
    writeSync(target, piece, 0, Math.min(piece.length, size - done));
  closeSync(target);
}

/** Bytes of old content, in whole sectors. */
export function markerBytes(file: string): number {
  const source = openSync(file, 'r');
  const { size } = fstatSync(source);
  const piece = Buffer.alloc(12 * MIB);
  let found = 0;
  for (let done = 0; done < size; done += piece.length) {
    const count = readSync(source, piece, 0, piece.length, done);
    for (let at = 0; at + 512 <= count; at += 512) {
      if (piece.subarray(at, at + 48).includes(MARKER)) found += 512;
    }
  }
  closeSync(source);
  return found;
}

export function writeZeros(file: string, ranges: readonly Range[]): void {
  const zeros = Buffer.alloc(4 * MIB);
  const target = openSync(file, 'r+');
  for (const { offset, length } of ranges) {
    for (let done = 0; done < length; done += zeros.length) {
      writeSync(target, zeros, 0, Math.min(zeros.length, length - done), offset + done);
    }
  }
  closeSync(target);
}

/** One digest of the names, targets and contents of everything. */
export function digests(file: string, kind: string): string {
  const digest = createHash('sha256');
  mounted(file, readOnly(makerOf(kind)), (folder) => {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const name = path.join(entry.parentPath, entry.name);
      const bytes = entry.isFile() ? readFileSync(name) : entry.isSymbolicLink() ? readlinkSync(name) : '';
      digest.update(`${path.relative(folder, name)}\0${createHash('sha256').update(bytes).digest('hex')}\n`);
    }
  });
  return digest.digest('hex');
}

/** The errors that the file system's own checker finds. */
export function check(file: string, kind: string): readonly string[] {
  const [command = '', ...options] = makerOf(kind).check;
  const { status, stdout, stderr } = spawnSync(command, [...options, file], { env, encoding: 'utf8' });
  return status === 0 ? [] : [`${command}: ${`${stdout}${stderr}`.slice(-300)}`];
}

function makerOf(kind: string): Maker {
  const maker = MAKERS[kind];
  if (maker === undefined) throw new Error(`there is no maker of ${kind}`);
  return maker;
}

/** A mount for writing changes the file system, and with it what is free. */
function readOnly(maker: Maker): Maker {
  if (maker.mount === null) return maker;
  const [program = '', option = '', value = ''] = maker.mount;
  return { ...maker, mount: [program, option, `${value},ro`] };
}

function mounted(file: string, { mount }: Maker, use: (folder: string) => void): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-mount-'));
  if (mount === null) spawnSync('mcopy', ['-s', '-n', '-i', file, '::/*', folder], { env });
  else run([...mount, file, folder]);
  try {
    use(folder);
  } finally {
    if (mount !== null) {
      run(['umount', folder]);
      untilReleased(file);
    }
    rmSync(folder, { recursive: true });
  }
}

function run(command: readonly string[]): void {
  const [program = '', ...options] = command;
  const { status, stderr, error } = spawnSync(program, options, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? stderr}`);
}
