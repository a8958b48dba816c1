/** Which bytes of a disk are free according to its own file systems; the fixtures come from test/images/make/fixture-images.sh. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ByteSource, bufferSource, cached, mappedSource, openFile } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';
import { guestTree } from '../../images/guest/tree.js';
import { findFreeSpace } from '../../images/trim/free-space.js';
import { MAX_RANGES, type Range, RangeCollector, zeroBits } from '../../images/trim/ranges.js';
import { MIB, mbrDisk, patched } from '../support/images/made-images.js';
import { LVM_DATA, LVM_EXTENT, type MadeVolume, physicalVolume } from '../support/images/made-lvm.js';

function diskOf(name: string): ByteSource {
  const { disk } = openContainer(openFile(new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname), findingList());
  if (disk === null) throw new Error(`${name} has no disk`);
  return cached(disk);
}

/** Reads the free bytes as zeros. */
function withoutFree(disk: ByteSource, ranges: readonly Range[]): ByteSource {
  return mappedSource(disk.size, 'the trimmed disk', (offset) => {
    let from = 0;
    for (let to = ranges.length; from < to; ) {
      const middle = (from + to) >> 1;
      const range = ranges[middle];
      if (range !== undefined && range.offset + range.length > offset) to = middle;
      else from = middle + 1;
    }
    const free = ranges[from];
    if (free === undefined) return { at: { source: disk, offset }, length: disk.size - offset };
    if (free.offset <= offset) return { at: null, length: free.offset + free.length - offset };
    return { at: { source: disk, offset }, length: free.offset - offset };
  });
}

/** Names, targets and digests of everything, as text. */
function filesOf(source: ByteSource): string {
  const fileSystem = readLayout(source, findingList()).volumes.find(
    ({ fileSystem: found }) => found !== null,
  )?.fileSystem;
  if (fileSystem == null) throw new Error('no file system');
  const tree = guestTree([{ at: '/', fileSystem }]);
  const walk = (folder: string): string[] =>
    (tree.list(folder) ?? []).flatMap((name) => {
      const file = `${folder}/${name}`;
      const content = createHash('sha256')
        .update(tree.bytes(file) ?? '')
        .digest('hex');
      return [`${file} ${tree.link(file) ?? ''} ${content}`, ...(folder.split('/').length > 8 ? [] : walk(file))];
    });
  return walk('').join('\n');
}

test.each([
  ['ext2-1k', 'ext2'],
  ['ext3-4k', 'ext3'],
  ['ext4', 'ext4'],
  ['ext4-inline', 'ext4'],
  ['xfs-v4', 'xfs'],
  ['xfs-v5', 'xfs'],
  ['btrfs', 'btrfs'],
  ['fat12', 'vfat'],
  ['fat16', 'vfat'],
  ['fat32', 'vfat'],
  ['ntfs', 'ntfs'],
  ['ntfs-compressed', 'ntfs'],
])('%s → free blocks are found, and nothing that a file has', (name, content) => {
  const disk = diskOf(name);
  const { ranges, volumes } = findFreeSpace(disk);
  expect(volumes).toEqual([expect.objectContaining({ content, leftWhole: null, bytes: disk.size })]);
  const [volume] = volumes;
  expect(ranges.reduce((sum, { length }) => sum + length, 0)).toBe(volume?.freeBytes);
  expect(volume?.freeBytes).toBeGreaterThan(disk.size / 10);
  expect(filesOf(withoutFree(disk, ranges))).toBe(filesOf(disk));
});

const patch = (disk: ByteSource, at: number, change: (value: number) => number): ByteSource =>
  patched(disk, new Map([[at, change(disk.read(at, 1).readUInt8(0)) & 0xff]]));
const bytesAt = (at: number, bytes: Buffer): [number, number][] =>
  [...bytes].map((value, index) => [at + index, value]);
const flip = (value: number) => value ^ 0x10;
const EXT = 1024;
const BTRFS = 65_536;

test.each<readonly [because: string, name: string, change: (disk: ByteSource) => ByteSource, reason: RegExp]>([
  ['the journal is not empty', 'ext4-journal', (disk) => disk, /journal is not empty/],
  ['it was not unmounted', 'ext2-1k', (disk) => patch(disk, EXT + 58, () => 0), /not unmounted cleanly/],
  ['it records errors', 'ext2-1k', (disk) => patch(disk, EXT + 58, () => 3), /errors.*e2fsck/],
  ['fast commits', 'ext3-4k', (disk) => patch(disk, EXT + 93, (value) => value | 4), /fast commits/],
  ['an unknown feature', 'ext2-1k', (disk) => patch(disk, EXT + 99, () => 0x40), /features that are not supported/],
  ['superblock checksum', 'ext4', (disk) => patch(disk, EXT + 136, flip), /checksum of its superblock/],
  ['another count of free blocks', 'ext2-1k', (disk) => patch(disk, 2048 + 12, flip), /free blocks in its bitmap/],
  ['superblock checksum', 'xfs-v5', (disk) => patch(disk, 108, flip), /checksum of its superblock/],
  ['the log is not empty', 'xfs-log', (disk) => disk, /log is not empty/],
  ['group checksum', 'xfs-v5', (disk) => patch(disk, 512 + 52 + 3, flip), /checksum of group 0/],
  ['another count of free blocks', 'xfs-v4', (disk) => patch(disk, 512 + 52 + 3, flip), /free blocks in its tree/],
  ['superblock checksum', 'btrfs', (disk) => patch(disk, BTRFS + 299, flip), /checksum of its superblock/],
  [
    'the copies of the table differ',
    'fat16',
    (disk) => patch(disk, fatCopy(disk) + 9, flip),
    /copies of its table differ/,
  ],
  ['not unmounted cleanly', 'fat32', (disk) => patch(disk, 65, (value) => value | 1), /not unmounted cleanly/],
  ['shadow copies', 'ntfs', withShadowCopies, /shadow copies.*vssadmin/],
])('%s → the %s volume is left whole, and says why', (_, name, change, reason) => {
  const { ranges, volumes } = findFreeSpace(change(diskOf(name)));
  expect(volumes).toEqual([expect.objectContaining({ freeBytes: 0, leftWhole: expect.stringMatching(reason) })]);
  expect(ranges).toEqual([]);
});

function fatCopy(disk: ByteSource): number {
  const boot = disk.read(0, 512);
  return (boot.readUInt16LE(14) + boot.readUInt16LE(22)) * boot.readUInt16LE(11);
}

function withShadowCopies(disk: ByteSource): ByteSource {
  const identifier = bytesAt(0x1e00, Buffer.from('6b87083876c1484eb7ae04046e6cc752', 'hex'));
  return patched(disk, new Map([...identifier, [0x1e00 + 50, 1]]));
}

test('an XFS log with a record after the unmount → left whole', () => {
  const disk = diskOf('xfs-v5');
  const at = lastRecord(disk);
  // The next record: of the same cycle, with its data.
  const record = Buffer.from(disk.read(at, 1024));
  record.writeUInt32BE(record.readUInt32BE(20) + 2, 20);
  record.writeUInt8(0, 512 + 9);
  expect(findFreeSpace(patched(disk, new Map(bytesAt(at + 1024, record)))).volumes[0]?.leftWhole).toBe(
    'its log is not empty',
  );
});

/** The offset of the newest log record. */
function lastRecord(disk: ByteSource): number {
  let newest = { at: 0, sequence: 0n };
  const head = disk.read(0, 512);
  const groupBits = head.readUInt8(124);
  const block = Number(head.readBigUInt64BE(48));
  const inside = block % 2 ** groupBits;
  const start = (Math.floor(block / 2 ** groupBits) * head.readUInt32BE(84) + inside) * head.readUInt32BE(4);
  const log = disk.read(start, head.readUInt32BE(96) * head.readUInt32BE(4));
  for (let at = 0; at < log.length; at += 512) {
    if (log.readUInt32BE(at) !== 0xfeedbabe) continue;
    const sequence = log.readBigUInt64BE(at + 16);
    if (sequence >= newest.sequence) newest = { at: start + at, sequence };
  }
  return newest.at;
}

test('a disk with partitions → only free blocks inside of file systems and swap; gaps, boot code and the swap header stay', () => {
  const fileSystem = diskOf('ext2-1k');
  const ext = fileSystem.read(0, fileSystem.size);
  const swap = Buffer.alloc(4 * MIB, 0xaa);
  swap.fill(0, 1024, 4096);
  swap.writeUInt32LE(1, 1024);
  swap.writeUInt32LE(4 * 256 - 1, 1028);
  swap.write('SWAPSPACE2', 4086);
  const disk = Buffer.concat([mbrDisk(MIB), ext, swap]);
  disk.writeUInt32LE(ext.length / 512, 458);
  disk.writeUInt8(0x82, 466);
  disk.writeUInt32LE((MIB + ext.length) / 512, 470);
  disk.writeUInt32LE(swap.length / 512, 474);
  const { ranges, volumes } = findFreeSpace(bufferSource(disk));
  expect(volumes.map(({ content, leftWhole }) => [content, leftWhole])).toEqual([
    ['ext2', null],
    ['swap', null],
  ]);
  expect(volumes[1]?.freeBytes).toBe(4 * MIB - 65_536);
  expect(ranges.at(0)?.offset).toBeGreaterThan(MIB);
});

describe('a file system on a logical volume', () => {
  const disk = diskOf('ext2-1k');
  const content = disk.read(0, disk.size);
  const half = Math.ceil(content.length / LVM_EXTENT / 2);
  /** The second half of the file system comes first on the physical volume. */
  const rootExtents = [
    [half, half],
    [0, half],
  ] as const;
  const physical = (others: readonly MadeVolume[], visible = true) => {
    const bytes = Buffer.alloc(LVM_DATA + 2 * half * LVM_EXTENT);
    content.copy(bytes, LVM_DATA + half * LVM_EXTENT, 0, half * LVM_EXTENT);
    content.copy(bytes, LVM_DATA, half * LVM_EXTENT);
    return physicalVolume(bytes, [{ name: 'root', visible, extents: rootExtents }, ...others]);
  };

  test('in two segments → its free blocks are found where they are on the disk', () => {
    const bytes = physical([{ name: 'pool', extents: 'thin-pool' }]);
    const { ranges, volumes } = findFreeSpace(bufferSource(bytes));
    expect(volumes).toEqual([
      expect.objectContaining({ name: 'logical volume vg0/root', content: 'ext2', leftWhole: null }),
      expect.objectContaining({ name: 'logical volume vg0/pool', freeBytes: 0 }),
    ]);
    const trimmed = Buffer.from(bytes);
    for (const { offset, length } of ranges) trimmed.fill(0, offset, offset + length);
    const plain = findFreeSpace(disk).ranges;
    const expected = Buffer.from(content);
    for (const { offset, length } of plain) expected.fill(0, offset, offset + length);
    const arrived = Buffer.concat([
      trimmed.subarray(LVM_DATA + half * LVM_EXTENT),
      trimmed.subarray(LVM_DATA, LVM_DATA + half * LVM_EXTENT),
    ]);
    expect(arrived.subarray(0, content.length).equals(expected)).toBe(true);
  });

  test.each<readonly [string, readonly MadeVolume[], boolean, RegExp]>([
    [
      'a snapshot in its group',
      [{ name: 'snapshot0', extents: 'snapshot' }],
      true,
      /^a snapshot in its volume group may/,
    ],
    ['it is a part of another volume', [], false, /^the logical volume that it is a part of may/],
  ])('%s → left whole', (_, others, visible, reason) => {
    const { ranges, volumes } = findFreeSpace(bufferSource(physical(others, visible)));
    expect(volumes[0]).toMatchObject({ freeBytes: 0, leftWhole: expect.stringMatching(reason) });
    expect(ranges).toEqual([]);
  });
});

test('partitions that overlap → both are left whole', () => {
  const fileSystem = diskOf('ext2-1k');
  const disk = Buffer.concat([mbrDisk(MIB), fileSystem.read(0, fileSystem.size)]);
  for (const at of [454, 470]) {
    disk.writeUInt8(0x83, at - 4);
    disk.writeUInt32LE(2048, at);
    disk.writeUInt32LE(fileSystem.size / 512, at + 4);
  }
  const { ranges, volumes } = findFreeSpace(bufferSource(disk));
  expect(volumes.map(({ leftWhole }) => leftWhole)).toEqual([
    'another partition overlaps it',
    'another partition overlaps it',
  ]);
  expect(ranges).toEqual([]);
});

test('runs of zero bits → found across bytes, not beyond the last bit', () => {
  const runs = [...zeroBits(Uint8Array.of(0b1111_0111, 0, 0xff, 0b0001_1111), 30)];
  expect(runs).toEqual([
    { from: 3, count: 1 },
    { from: 8, count: 8 },
    { from: 29, count: 1 },
  ]);
});

test('more ranges than fit into memory → the largest are kept', () => {
  const collector = new RangeCollector();
  for (let index = 0; index < 2 * MAX_RANGES + 10; index += 1)
    collector.add({ offset: index * 100, length: index % 4 === 0 ? 50 : 1 });
  const kept = collector.sorted();
  expect(kept.length).toBeLessThanOrEqual(MAX_RANGES);
  expect(new Set(kept.map(({ length }) => length))).toEqual(new Set([50]));
});
