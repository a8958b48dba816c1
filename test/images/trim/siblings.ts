/** File systems with uncommon features, made and changed without a mount, and what must happen to each of them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { env, fillWithMarker, MARKER } from './random-file-system.js';

const MIB = 2 ** 20;

export interface Sibling {
  readonly name: string;
  readonly kind: 'ext' | 'xfs' | 'btrfs' | 'ntfs' | 'vfat';
  readonly bytes: number;
  readonly command: readonly string[];
  /** Null: trimmed. Otherwise the reason for which it is left whole. */
  readonly leftWhole: RegExp | null;
  /** Further files that belong to it: an external log, or a further device. */
  readonly others?: readonly string[];
}

const ext = (name: string, mib: number, options: string, leftWhole: RegExp | null = null): Sibling => ({
  name: `${name}: ${options}`,
  kind: 'ext',
  bytes: Math.round(mib * MIB),
  command: ['mke2fs', '-q', '-F', '-t', name, '-E', 'nodiscard', ...options.split(' ').filter(Boolean)],
  leftWhole,
});
const xfs = (
  mib: number,
  options: string,
  leftWhole: RegExp | null = null,
  others: readonly string[] = [],
): Sibling => ({
  name: `xfs: ${options}`,
  kind: 'xfs',
  bytes: Math.round(mib * MIB),
  command: ['mkfs.xfs', '-q', '-K', '-f', ...options.split(' ').filter(Boolean)],
  leftWhole,
  others,
});
const btrfs = (
  mib: number,
  options: string,
  leftWhole: RegExp | null = null,
  others: readonly string[] = [],
): Sibling => ({
  name: `btrfs: ${options}`,
  kind: 'btrfs',
  bytes: Math.round(mib * MIB),
  command: ['mkfs.btrfs', '-q', '-K', '-f', ...options.split(' ').filter(Boolean)],
  leftWhole,
  others,
});
const ntfs = (mib: number, options: string): Sibling => ({
  name: `ntfs: ${options}`,
  kind: 'ntfs',
  bytes: Math.round(mib * MIB),
  command: ['mkntfs', '-q', '-Q', '-F', ...options.split(' ').filter(Boolean)],
  leftWhole: null,
});
const vfat = (bytes: number, options: string): Sibling => ({
  name: `vfat of ${bytes} bytes: ${options}`,
  kind: 'vfat',
  bytes,
  command: ['mkfs.vfat', ...options.split(' ').filter(Boolean)],
  leftWhole: null,
});

/** `DEVICE` in a command is another file. */
export const SIBLINGS: readonly Sibling[] = [
  ext('ext4', 64, '-O fast_commit', /fast commits/),
  ext('ext4', 150, '-O bigalloc -C 65536 -b 4096'),
  ext('ext4', 150.3, '-O bigalloc,^flex_bg -C 16384 -b 1024'),
  ext('ext4', 300, '-O meta_bg,^resize_inode -b 1024 -g 8192'),
  ext('ext4', 300, '-O meta_bg,^resize_inode,64bit,metadata_csum -b 1024 -g 1024'),
  ext('ext4', 300, '-O ^metadata_csum,uninit_bg,flex_bg -G 32 -b 1024'),
  ext('ext4', 300, '-O ^metadata_csum,uninit_bg,^flex_bg,^64bit -b 2048'),
  ext('ext4', 300, '-O metadata_csum,flex_bg -G 4 -b 1024'),
  ext('ext4', 200, '-O 64bit,^resize_inode'),
  ext('ext4', 200, '-O sparse_super2 -b 1024'),
  ext('ext4', 200, '-O sparse_super2,^metadata_csum,uninit_bg,^resize_inode -E num_backup_sb=1 -b 1024'),
  ext('ext4', 200, '-O sparse_super2 -E num_backup_sb=0'),
  ext('ext4', 64, '-O mmp'),
  ext('ext4', 64, '-O orphan_file'),
  ext('ext4', 64, '-O inline_data -I 256'),
  ext('ext4', 64, '-O casefold,encrypt,verity,ea_inode,large_dir,stable_inodes'),
  ext('ext4', 100, '-b 65536'),
  ext('ext4', 100, '-b 2048 -O ^has_journal'),
  ext('ext4', 33.001, '-b 1024 -O ^resize_inode,^sparse_super'),
  ext('ext4', 130, '-b 4096 -g 256'),
  ext('ext4', 200, '-E packed_meta_blocks=1,lazy_itable_init=1 -b 1024'),
  ext('ext4', 200, '-O metadata_csum_seed -U random'),
  ext('ext3', 129.5, '-b 1024'),
  ext('ext3', 77.77, '-b 4096'),
  ext('ext2', 8.19, '-b 1024'),
  ext('ext2', 40.01, '-b 1024 -r 0'),
  ext('ext2', 65.003, '-b 4096 -g 1024'),
  xfs(320, '-m rmapbt=1,reflink=1,finobt=1 -i sparse=1'),
  xfs(320, '-m rmapbt=0,reflink=0,finobt=0,inobtcount=0 -i sparse=0'),
  xfs(320, '-m crc=0,finobt=0'),
  xfs(400, '-s size=4096'),
  xfs(640, '-b size=65536 -s size=512'),
  xfs(320, '-b size=1024 -m bigtime=1 -i nrext64=1'),
  xfs(320, '-b size=512 -m crc=0,finobt=0'),
  xfs(700, '-d agsize=100m'),
  xfs(801.3, '-d agcount=7'),
  xfs(900, '-d su=64k,sw=4 -l su=256k,version=2'),
  xfs(320, '-l logdev=DEVICE,size=64m', /log is on another device/, ['log']),
  xfs(320, '-r rtdev=DEVICE', /realtime/, ['rt']),
  xfs(320, '-i size=2048,maxpct=50 -n size=65536'),
  btrfs(130, '-M'),
  btrfs(300, '-m dup -d dup'),
  btrfs(300, '-m single -d single -n 4096'),
  btrfs(300, '-n 65536'),
  btrfs(300, '-R free-space-tree'),
  btrfs(300, '-R ^free-space-tree'),
  btrfs(300, '-O ^skinny-metadata,^no-holes'),
  btrfs(300, '--csum xxhash', /kind 1/),
  btrfs(300, '--csum sha256 -R quota'),
  btrfs(300, '-m raid1 -d single DEVICE', /larger than it/),
  btrfs(300, '-m raid1 -d raid0 DEVICE', /larger than it/),
  ntfs(40, '-c 512'),
  ntfs(130.3, '-c 65536'),
  ntfs(64, '-c 4096 -s 1024'),
  ntfs(64, '-C'),
  vfat(1_474_560, '-F 12'),
  vfat(5 * MIB + 512 * 7, '-F 12 -s 8'),
  vfat(33 * MIB + 512, '-F 16 -f 1'),
  vfat(70 * MIB + 1024, '-F 16 -s 4 -r 1024 -R 7'),
  vfat(300 * MIB + 512 * 3, '-F 32'),
  vfat(40 * MIB, '-F 32 -s 1 -f 2'),
  vfat(64 * MIB, '-S 4096 -F 16'),
];

/** Makes it with files; some of them are deleted where a tool can do this without a mount. */
export function makeSibling(file: string, sibling: Sibling): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-siblings-'));
  const device = `${file}.device`;
  try {
    fillWithMarker(file, sibling.bytes);
    const command = sibling.command.map((word) => word.replace('DEVICE', device));
    if (sibling.command.some((word) => word.includes('DEVICE'))) {
      fillWithMarker(device, sibling.kind === 'btrfs' ? sibling.bytes : 64 * MIB);
    }
    fillFolder(path.join(folder, 'files'), sibling.bytes);
    FILL[sibling.kind](file, command, folder);
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(device, { force: true });
  }
}

type Fill = (file: string, command: readonly string[], folder: string) => void;
const FILL: Readonly<Record<Sibling['kind'], Fill>> = {
  ext(file, command, folder) {
    run([...command, '-d', path.join(folder, 'files'), file]);
    debugfs(file, [
      'rm /even/2',
      'rm /even/4',
      'rm /even/8',
      'rm /large',
      'mkdir /late',
      `write ${folder}/files/middle /late/middle`,
    ]);
  },
  xfs(file, command, folder) {
    const prototype = path.join(folder, 'prototype');
    writeFileSync(prototype, prototypeOf(path.join(folder, 'files')));
    run([...command, '-p', prototype, file]);
  },
  btrfs(file, command, folder) {
    const [program = '', ...options] = command;
    const device = options.filter((word) => word.startsWith('/'));
    const others = options.filter((word) => !word.startsWith('/'));
    const root = device.length > 0 ? [] : ['--rootdir', path.join(folder, 'files')];
    run([program, ...others, ...root, file, ...device]);
  },
  ntfs(file, command, folder) {
    run([...command, file]);
    for (const name of ['middle', 'large', 'even/1', 'even/2', 'even/3'])
      spawnSync('ntfscp', ['-f', file, path.join(folder, 'files', name), path.basename(name)], { env });
    spawnSync('ntfstruncate', [file, '64', '128', '70000'], { env });
  },
  vfat(file, command, folder) {
    run([...command, file]);
    spawnSync('mcopy', ['-s', '-n', '-i', file, path.join(folder, 'files'), '::/all'], { env });
    for (const name of ['2', '4', '8']) spawnSync('mdel', ['-i', file, `::/all/even/${name}`], { env });
  },
};

/** About a quarter of the file system, in files of all sizes. */
function fillFolder(folder: string, bytes: number): void {
  mkdirSync(path.join(folder, 'even'), { recursive: true });
  const content = (size: number, name: string) => Buffer.alloc(Math.round(size), `the content of ${name} `);
  for (let index = 0; index < 60; index += 1)
    writeFileSync(path.join(folder, 'even', `${index}`), content((bytes / 60 / 16) * (index % 5), `${index}`));
  writeFileSync(path.join(folder, 'middle'), content(bytes / 16, 'middle'));
  writeFileSync(path.join(folder, 'large'), Buffer.alloc(Math.round(bytes / 12), MARKER));
  writeFileSync(path.join(folder, 'small'), 'small');
}

/** What mkfs.xfs -p reads. */
function prototypeOf(folder: string): string {
  const lines = ['/dev/null', '0 0', 'd--755 0 0', 'even d--755 0 0'];
  for (let index = 0; index < 60; index += 1) lines.push(`${index} ---644 0 0 ${folder}/even/${index}`);
  lines.push(
    '$',
    `middle ---644 0 0 ${folder}/middle`,
    `large ---644 0 0 ${folder}/large`,
    'link l--777 0 0 middle',
    '$',
  );
  return `${lines.join('\n')}\n`;
}

function debugfs(file: string, commands: readonly string[]): void {
  spawnSync('debugfs', ['-w', '-f', '-', file], { env, input: `${commands.join('\n')}\n` });
}

function run(command: readonly string[]): void {
  const [program = '', ...options] = command;
  const { status, stderr, stdout, error } = spawnSync(program, options, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`);
}
