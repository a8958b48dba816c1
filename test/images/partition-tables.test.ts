/** Boot sectors that are both a partition table and something else, and partitions within partitions. */
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import type { PartitionTable } from '../../images/disk/partitions.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';
import { inspectBytes, MIB, mbrDisk } from '../support/images/made-images.js';
import { physicalVolume } from '../support/images/made-lvm.js';
import { gptStart } from '../support/images/made-vhd.js';

function layout(disk: Buffer) {
  const findings = findingList();
  const { table, volumes } = readLayout(bufferSource(disk), findings);
  const places = table.partitions.map(({ number, start, size }) => [number, start / 512, size / 512]);
  return { scheme: table.scheme, places, volumes, codes: findings.all.map(({ code }) => code) };
}

/** A FAT12 file system of 1440 KiB, with a boot sector alone. */
function floppy(): Buffer {
  const disk = Buffer.alloc(1440 * 1024);
  disk.set([0xeb, 0x3c, 0x90, ...Buffer.from('MTOO4018'), 0, 2, 1, 1, 0, 2, 224, 0, 0x40, 0x0b, 0xf0, 9, 0]);
  disk.write('FAT12   ', 54);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

function entry(disk: Buffer, index: number, type: number, start: number, size: number): Buffer {
  const at = 446 + index * 16;
  disk.writeUInt8(type, at + 4);
  disk.writeUInt32LE(start, at + 8);
  disk.writeUInt32LE(size, at + 12);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

describe('a FAT boot sector', () => {
  test('with a partition from the boot sector on, as mtools writes it → the file system', () => {
    expect(layout(entry(floppy(), 0, 1, 0, 2880))).toMatchObject({ scheme: 'none', volumes: [{ content: 'vfat' }] });
  });

  test('left behind by an older file system, with real partitions → the partitions', () => {
    expect(layout(entry(floppy(), 0, 0x83, 64, 2000))).toMatchObject({ scheme: 'mbr', places: [[1, 64, 2000]] });
  });
});

describe('a BSD disk label', () => {
  /** A slice from sector 1000 to 9000, with partitions as `[start, size, type]`. */
  function labelled(type: number, partitions: readonly (readonly [number, number, number])[], count?: number): Buffer {
    const disk = entry(Buffer.alloc(8 * MIB), 1, type, 1000, 8000);
    const label = 1001 * 512;
    disk.writeUInt32LE(0x8256_4557, label);
    disk.writeUInt32LE(0x8256_4557, label + 132);
    disk.writeUInt16LE(count ?? partitions.length, label + 138);
    for (const [index, [start, size, content]] of partitions.entries()) {
      disk.writeUInt32LE(size, label + 148 + index * 16);
      disk.writeUInt32LE(start, label + 152 + index * 16);
      disk.writeUInt8(content, label + 160 + index * 16);
    }
    return disk;
  }
  const SLICE = [2, 1000, 8000];

  test.each<[string, Buffer, number[][]]>([
    [
      'of FreeBSD → partitions from 5 on, counted from the start of the slice',
      labelled(0xa5, [
        [16, 4000, 7],
        [4016, 900, 1],
        [0, 8000, 0],
      ]),
      [SLICE, [5, 1016, 4000], [6, 5016, 900]],
    ],
    [
      'of OpenBSD → counted from the start of the disk',
      labelled(0xa6, [
        [1064, 4000, 7],
        [0, 100, 0],
        [0, 16_384, 0],
      ]),
      [SLICE, [5, 1064, 4000]],
    ],
    ['with the slice itself → without it', labelled(0xa6, [[1000, 8000, 7]]), [SLICE]],
    [
      'with partitions outside of the slice → without them',
      labelled(0xa6, [
        [10, 100, 7],
        [8000, 2000, 7],
      ]),
      [SLICE],
    ],
    ['with 65535 partitions → at most 16', labelled(0xa6, [[1064, 400, 7]], 65_535), [SLICE, [5, 1064, 400]]],
    ['in a Linux partition → ignored', labelled(0x83, [[1064, 400, 7]]), [SLICE]],
  ])('%s', (_, disk, places) => {
    expect(layout(disk).places).toEqual(places);
  });

  test('cut off → the slice alone', () => {
    const disk = labelled(0xa5, [[16, 4000, 7]]);
    expect(layout(disk.subarray(0, 1001 * 512 + 100)).places).toEqual([SLICE]);
  });
});

describe('a raw file that ends within a sector', () => {
  test.each([1, 100, 511])(
    'without a partition table, %i bytes more → padded, as by qemu-img, with a warning',
    (extra) => {
      const disk = Buffer.alloc(MIB + extra);
      disk.write('XFSB');
      const { virtualSize, findings } = inspectBytes(disk);
      expect(virtualSize).toBe(MIB + 512);
      expect(findings.map(({ code }) => code)).toContain('ECSIMPORT.Truncated');
    },
  );

  test('with a partition table that ends before → cut off', () => {
    expect(inspectBytes(Buffer.concat([mbrDisk(MIB * 2), Buffer.alloc(7)])).virtualSize).toBe(MIB * 2);
  });
});

test('LVM whose metadata cannot be read → LVM with its UUID, and the damage', () => {
  const disk = physicalVolume(Buffer.alloc(2 * MIB), []);
  expect(layout(disk).volumes[0]).toMatchObject({ content: 'LVM', damage: null });
  disk.writeBigUInt64LE(BigInt(64 * MIB), 544 + 40 + 32);
  const { volumes, codes } = layout(disk);
  expect(volumes).toMatchObject([{ content: 'LVM', uuid: 'AAAAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAAAA' }]);
  expect(volumes[0]?.damage).toMatch(/./);
  expect(codes).toEqual(['ECSIMPORT.FileSystem']);
});

/** What Linux (block/partitions/efi.c) and UEFI firmware (EDK II, PartitionDxe) accept. */
describe('a GPT', () => {
  const SIZE = 4 * MIB;
  const LAST = SIZE / 512 - 1;
  /** With its backup at the end. */
  function gpt(change: (disk: Buffer) => void): ReturnType<typeof layout> & { readonly table: PartitionTable } {
    const disk = Buffer.alloc(SIZE);
    const start = gptStart(SIZE);
    start.copy(disk);
    start.copy(disk, (LAST - 32) * 512, 1024);
    const header = disk.subarray(LAST * 512, LAST * 512 + 92);
    start.copy(header, 0, 512);
    header.writeBigUInt64LE(BigInt(LAST), 24);
    header.writeBigUInt64LE(1n, 32);
    header.writeBigUInt64LE(BigInt(LAST - 32), 72);
    withChecksum(header);
    change(disk);
    return { ...layout(disk), table: readLayout(bufferSource(disk), findingList()).table };
  }
  function withChecksum(header: Buffer): void {
    header.writeUInt32LE(0, 16);
    header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  }
  const headerOf = (disk: Buffer) => disk.subarray(512, 512 + 92);
  const PARTITION = [[1, 2048, LAST - 33 - 2048 + 1]];
  const TABLE = 'ECSIMPORT.PartitionTable';

  test.each<[string, (disk: Buffer) => void, object]>([
    ['whole', () => undefined, { scheme: 'gpt', places: PARTITION, codes: [] }],
    ['without its backup', (disk) => disk.fill(0, LAST * 512), { scheme: 'gpt', places: PARTITION, codes: [] }],
    // Blocking, for Linux finds no partition. They are read for the description of the guest.
    ['no protective MBR', (disk) => disk.fill(0, 0, 512), { scheme: 'gpt', places: PARTITION, codes: [TABLE] }],
    [
      'a protective MBR without its signature',
      (disk) => disk.fill(0, 510, 512),
      { scheme: 'gpt', places: PARTITION, codes: [TABLE] },
    ],
    [
      'a protective partition that starts elsewhere',
      (disk) => disk.writeUInt32LE(2, 454),
      { scheme: 'gpt', places: PARTITION, codes: [TABLE] },
    ],
    [
      'a hybrid MBR without its GPT',
      (disk) =>
        entry(disk, 1, 0x83, 2048, 1000)
          .fill(0, 512, 1024)
          .fill(0, LAST * 512),
      { scheme: 'mbr', places: [[2, 2048, 1000]], table: { isIgnored: true } },
    ],
    [
      'a hybrid MBR whose protective partition starts elsewhere',
      (disk) => entry(disk, 1, 0x83, 2048, 1000).writeUInt32LE(2, 454),
      { scheme: 'mbr', places: [[2, 2048, 1000]], table: { isIgnored: true } },
    ],
    ['a hybrid MBR', (disk) => entry(disk, 1, 0x83, 2048, 1000), { scheme: 'gpt', places: PARTITION, codes: [] }],
    [
      'a header for another sector',
      (disk) => {
        headerOf(disk).writeBigUInt64LE(7n, 24);
        withChecksum(headerOf(disk));
      },
      { scheme: 'gpt', places: PARTITION, codes: [TABLE], table: { isBackup: true } },
    ],
    [
      'its first header overwritten',
      (disk) => disk.fill(0, 512, 1024),
      { scheme: 'gpt', places: PARTITION, codes: [TABLE], table: { isBackup: true } },
    ],
    [
      'both headers overwritten',
      (disk) => disk.fill(0, 512, 1024).fill(0, LAST * 512),
      { scheme: 'mbr', places: [], codes: [TABLE] },
    ],
    [
      'a partition that ends after the disk',
      (disk) => {
        disk.writeBigUInt64LE(BigInt(LAST + 100), 1024 + 40);
        headerOf(disk).writeUInt32LE(crc32(disk.subarray(1024, 1024 + 128 * 128)), 88);
        withChecksum(headerOf(disk));
      },
      { scheme: 'gpt', places: [], codes: ['ECSIMPORT.Truncated'] },
    ],
    [
      'a protective MBR that is active',
      (disk) => disk.writeUInt8(0x80, 446),
      { scheme: 'gpt', places: PARTITION, table: { uefiDoubt: 'the protective MBR is marked as active' } },
    ],
  ])('%s → as Linux reads it', (_, change, expected) => {
    expect(gpt(change)).toMatchObject(expected);
  });
});

describe('an MBR', () => {
  const disk = () => Buffer.alloc(4 * MIB);
  test('with an entry of type Linux and size 0 → the others', () => {
    const made = entry(entry(disk(), 0, 0x83, 0, 0), 1, 0x83, 2048, 2048);
    expect(layout(made)).toMatchObject({ scheme: 'mbr', places: [[2, 2048, 2048]] });
  });

  test.each<[string, number, number, string | undefined]>([
    ['side by side', 4096, 1024, undefined],
    ['that overlap', 4000, 1024, 'partitions of the MBR overlap'],
    ['of which one ends after the disk', 4096, 9000, 'a partition of the MBR ends after the disk'],
  ])('with partitions %s → what UEFI firmware may reject', (_, start, size, uefiDoubt) => {
    const made = entry(entry(disk(), 0, 0x83, 2048, 2048), 1, 0x83, start, size);
    const { table } = readLayout(bufferSource(made), findingList());
    expect(table.partitions).toHaveLength(2);
    expect(table.uefiDoubt).toBe(uefiDoubt);
  });

  const END = 4 * MIB;
  test.each<[string, (made: Buffer) => Buffer, string, string]>([
    ['ends after the disk', (made) => entry(made, 1, 0x83, 4096, 9000), 'warning', 'partition 2 ends at byte 6705152'],
    ['starts after the disk', (made) => entry(made, 1, 0x83, 8192, 9), 'blocking', `partition 2 starts at byte ${END}`],
    [
      'ends after the disk, and another one starts there',
      (made) => entry(entry(made, 1, 0x83, 4096, 9000), 2, 0x83, 13_096, 100),
      'blocking',
      'partition 3 starts at byte 6705152',
    ],
    [
      'is extended and ends after the disk',
      (made) => entry(made, 1, 5, 4096, 9000),
      'warning',
      'partition 2 ends at byte 6705152',
    ],
    [
      'is extended and starts after the disk',
      (made) => entry(made, 1, 0xf, 8192, 9000),
      'blocking',
      `partition 2 starts at byte ${END}`,
    ],
  ])('of which one %s → ECSIMPORT.Truncated, by the worst one', (_, change, severity, evidence) => {
    const findings = findingList();
    readLayout(bufferSource(change(entry(disk(), 0, 0x83, 2048, 1024))), findings);
    const found = findings.all.filter(({ code }) => code === 'ECSIMPORT.Truncated');
    expect(found).toMatchObject([{ severity, evidence: `MBR: ${evidence}, the disk ends at byte ${END}` }]);
  });
});
