/** Disks where what an older use left behind, or a layer that is not read, must not decide which blocks are free. */
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { bufferSource, openFile } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';
import { findFreeSpace } from '../../images/trim/free-space.js';
import { MIB, mbrDisk } from '../support/images/made-images.js';
import { LVM_DATA, LVM_EXTENT, physicalVolume } from '../support/images/made-lvm.js';

function fixture(name: string, from = 0, length: number | null = null): Buffer {
  const { disk } = openContainer(openFile(new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname), findingList());
  if (disk === null) throw new Error(`${name} has no disk`);
  return Buffer.from(disk.read(from, length ?? disk.size));
}
const EXT2 = fixture('ext2-1k');

interface Part {
  readonly bytes: Buffer;
  readonly type?: number;
}

function partitioned(parts: readonly Part[]): Buffer {
  const disk = Buffer.concat([mbrDisk(MIB), ...parts.map(({ bytes }) => bytes)]);
  let start = MIB;
  for (const [index, { bytes, type = 0x83 }] of parts.entries()) {
    const at = 446 + index * 16;
    disk.writeUInt8(type, at + 4);
    disk.writeUInt32LE(start / 512, at + 8);
    disk.writeUInt32LE(bytes.length / 512, at + 12);
    start += bytes.length;
  }
  return disk;
}

function swapSpace(signature = 'SWAPSPACE2'): Buffer {
  const bytes = Buffer.alloc(MIB, 0xaa);
  bytes.fill(0, 1024, 4096);
  bytes.writeUInt32LE(1, 1024);
  bytes.writeUInt32LE(255, 1028);
  bytes.write(signature, 4086);
  return bytes;
}

/** With a GPT of one Linux partition; the MBR stays as it is. */
function withGpt(disk: Buffer, start: number, size: number): Buffer {
  const result = Buffer.from(disk);
  const entries = result.subarray(1024, 1024 + 4 * 128);
  entries.fill(0);
  Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(entries);
  entries.fill(1, 16, 32);
  entries.writeBigUInt64LE(BigInt(start / 512), 32);
  entries.writeBigUInt64LE(BigInt((start + size) / 512 - 1), 40);
  const header = result.subarray(512, 1024);
  header.fill(0);
  header.write('EFI PART');
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(result.length / 512 - 1), 32);
  header.writeBigUInt64LE(34n, 40);
  header.writeBigUInt64LE(BigInt(result.length / 512 - 34), 48);
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(4, 80);
  header.writeUInt32LE(128, 84);
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  return result;
}

const put = (bytes: Buffer, at: number, content: Buffer | string): Buffer => {
  const result = Buffer.from(bytes);
  Buffer.from(content).copy(result, at);
  return result;
};

test('the parts of these tests alone → trimmed', () => {
  const { volumes } = findFreeSpace(bufferSource(partitioned([{ bytes: EXT2 }, { bytes: swapSpace(), type: 0x82 }])));
  expect(volumes.map(({ content, leftWhole }) => [content, leftWhole])).toEqual([
    ['ext2', null],
    ['swap', null],
  ]);
});

test('a GPT that an MBR replaced → the partitions are those of the MBR, as in the kernel', () => {
  // The old partition's file system is inside of the new partition, as data.
  const disk = withGpt(partitioned([{ bytes: Buffer.concat([Buffer.alloc(MIB), EXT2]) }]), 2 * MIB, EXT2.length);
  const { table } = readLayout(bufferSource(disk), findingList());
  expect(table).toMatchObject({ scheme: 'mbr', partitions: [{ start: MIB }] });
  expect(findFreeSpace(bufferSource(disk)).ranges).toEqual([]);
});

test('a GPT with a protective MBR → trimmed; without one, or with other partitions in the MBR → left whole', () => {
  const table = withGpt(partitioned([{ bytes: EXT2, type: 0xee }]), MIB, EXT2.length);
  table.writeUInt32LE(1, 446 + 8);
  const leftWhole = (disk: Buffer) => findFreeSpace(bufferSource(disk)).volumes.map((volume) => volume.leftWhole);
  expect(leftWhole(table)).toEqual([null]);
  expect(leftWhole(put(table, 510, Buffer.alloc(2)))).toEqual(['the disk has a GPT without a protective MBR']);
  const hybrid = Buffer.from(table);
  hybrid.writeUInt8(0x83, 462 + 4);
  hybrid.writeUInt32LE(4096, 462 + 8);
  hybrid.writeUInt32LE(2048, 462 + 12);
  expect(leftWhole(hybrid)).toEqual(['the MBR of the disk has partitions that the GPT does not have']);
});

const UFS_MAGIC = Buffer.from('19015419', 'hex');
const NESTED = mbrDisk(4 * MIB).subarray(0, 512);
const BSD = Buffer.from('57455682', 'hex');

test.each<readonly [because: string, disk: Buffer, reason: RegExp]>([
  ['UFS over old swap space', partitioned([{ bytes: put(swapSpace(), 66_908, UFS_MAGIC) }]), /signature of UFS/],
  [
    'a file system over old swap space that is not known',
    partitioned([{ bytes: put(swapSpace(), 1100, 'data') }]),
    /header is inconsistent/,
  ],
  [
    'btrfs below a newer ext2',
    partitioned([{ bytes: put(EXT2, 65_536, fixture('btrfs', 65_536, 4096)) }]),
    /also has the signature of/,
  ],
  ['a partition table in the partition', partitioned([{ bytes: put(EXT2, 0, NESTED) }]), /partition table of its own/],
  ['a BSD disk label', partitioned([{ bytes: put(EXT2, 512, BSD), type: 0xa5 }]), /BSD disk label/],
  ['a dynamic disk', partitioned([{ bytes: EXT2, type: 0x42 }]), /dynamic disk of Windows/],
  [
    'a hibernated guest',
    partitioned([{ bytes: swapSpace('S1SUSPEND\0') }, { bytes: EXT2 }]),
    /hibernation image|hibernated guest/,
  ],
  [
    'digests of dm-verity',
    partitioned([{ bytes: put(Buffer.alloc(MIB), 0, 'verity\0\0') }, { bytes: EXT2 }]),
    /verity|whose/,
  ],
  [
    'digests after the file system',
    partitioned([{ bytes: Buffer.concat([EXT2, put(Buffer.alloc(MIB), 0, 'verity\0\0')]) }]),
    /verified by their digests/,
  ],
  [
    'partitions in a whole-disk file system',
    put(partitioned([{ bytes: EXT2 }]), 1024, EXT2.subarray(1024, 2048)),
    /disk has partitions, and also/,
  ],
])('%s → left whole, and says why', (_, disk, reason) => {
  const { ranges, volumes } = findFreeSpace(bufferSource(disk));
  expect(ranges).toEqual([]);
  for (const { leftWhole } of volumes) expect(leftWhole).toMatch(reason);
});

test('a partition that is larger than its file system → the rest stays', () => {
  const { ranges, volumes } = findFreeSpace(
    bufferSource(partitioned([{ bytes: Buffer.concat([EXT2, Buffer.alloc(MIB, 0xbb)]) }])),
  );
  expect(volumes.map(({ leftWhole }) => leftWhole)).toEqual([null]);
  expect(ranges.every(({ offset, length }) => offset + length <= MIB + EXT2.length)).toBe(true);
});

test('a partition that is smaller than its file system → left whole', () => {
  const { volumes } = findFreeSpace(bufferSource(partitioned([{ bytes: EXT2.subarray(0, EXT2.length - MIB) }])));
  expect(volumes.map(({ leftWhole }) => leftWhole)).toEqual(['its file system is larger than it']);
});

const extents = Math.ceil(EXT2.length / LVM_EXTENT);
const onVolume = (name: string) => {
  const bytes = Buffer.alloc(LVM_DATA + extents * LVM_EXTENT);
  EXT2.copy(bytes, LVM_DATA);
  return physicalVolume(bytes, [{ name, extents: [[0, extents]] }]);
};

test('the same physical volume twice → left whole', () => {
  const { ranges, volumes } = findFreeSpace(
    bufferSource(partitioned([{ bytes: onVolume('root') }, { bytes: onVolume('root') }])),
  );
  expect(volumes.map(({ leftWhole }) => leftWhole)).toEqual(['a copy of its physical volume may read its free blocks']);
  expect(ranges).toEqual([]);
});

test('LVM metadata in an area that is ignored → not used', () => {
  const bytes = onVolume('old');
  bytes.writeUInt32LE(1, 4096 + 60);
  expect(findFreeSpace(bufferSource(bytes)).volumes).toEqual([]);
});
