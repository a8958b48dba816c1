/** A file system with its magic number and damage elsewhere keeps its type, UUID and label, and the damage is reported. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ByteSource, bufferSource, openFile } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { readLayout } from '../../images/disk/volumes.js';
import { blake2b } from '../../images/filesystems/blake2.js';
import { xxhash64 } from '../../images/filesystems/xxhash.js';
import { findingList } from '../../images/findings.js';
import { findFreeSpace } from '../../images/trim/free-space.js';
import { MIB } from '../support/images/made-images.js';

const UUID = '3f0c9a52-1111-4222-8333-444455556666';
const UUID_BYTES = Buffer.from(UUID.replaceAll('-', ''), 'hex');

type Change = (bytes: Buffer) => void;
interface Field {
  readonly at: number;
  readonly bytes: Buffer | string;
}

function volumeOf(source: ByteSource) {
  const findings = findingList();
  const [volume] = readLayout(source, findings).volumes;
  return { volume, codes: findings.all.map(({ code, severity }) => `${severity} ${code}`) };
}

/** The first 2 MiB of a fixture with a change; reads behind them fail. */
function changed(name: string, change: Change): ByteSource {
  const { disk } = openContainer(openFile(new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname), findingList());
  if (disk === null) throw new Error(`${name} has no disk`);
  const start = Buffer.from(disk.read(0, 2 * MIB));
  change(start);
  return {
    size: disk.size,
    read: (offset, length) =>
      offset + length <= start.length ? start.subarray(offset, offset + length) : disk.read(offset, length),
  };
}

const fill = (from: number, length: number) => (bytes: Buffer) => void bytes.fill(0xff, from, from + length);
const flip = (at: number) => (bytes: Buffer) => void bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
const EXT = 1024;
const BTRFS = 65_536;

describe('a fixture', () => {
  test.each<[name: string, damage: string, change: Change, expected: object]>([
    ['ext4', 'a block size of 2^40', (b) => void b.writeUInt32LE(30, EXT + 24), { content: 'ext4' }],
    ['ext4', 'no inodes in a group', (b) => void b.writeUInt32LE(0, EXT + 40), { content: 'ext4' }],
    ['ext4', 'a wrong checksum of its superblock', flip(EXT + 12), { content: 'ext4' }],
    ['ext2-1k', 'inodes of no bytes', (b) => void b.writeUInt16LE(0, EXT + 88), { content: 'ext2' }],
    ['ext3-4k', 'inodes of 65535 bytes', (b) => void b.writeUInt16LE(65_535, EXT + 88), { content: 'ext3' }],
    ['xfs-v5', 'a wrong checksum of its superblock', flip(144), { content: 'xfs' }],
    ['xfs-v5', 'blocks of no bytes', (b) => void b.writeUInt32BE(0, 4), { content: 'xfs' }],
    ['xfs-v4', 'inodes of 65535 bytes', (b) => void b.writeUInt16BE(65_535, 104), { content: 'xfs' }],
    ['xfs-v4', 'a root inode above 2^53', fill(56, 8), { content: 'xfs' }],
    ['btrfs', 'a wrong checksum of its superblock', flip(BTRFS + 120), { content: 'btrfs' }],
    ['btrfs', 'nodes of 4 GiB', fill(BTRFS + 148, 4), { content: 'btrfs' }],
    ['btrfs', 'chunks of random bytes', fill(BTRFS + 811, 2048), { content: 'btrfs' }],
    ['btrfs', 'no chunks', (b) => void b.writeUInt32LE(0, BTRFS + 160), { content: 'btrfs' }],
    ['btrfs', 'a chunk tree above 2^53', fill(BTRFS + 88, 8), { content: 'btrfs' }],
  ])('%s with %s → type, UUID, label and damage', (name, _, change, expected) => {
    const { volume, codes } = volumeOf(changed(name, change));
    expect(volume).toMatchObject({ uuid: UUID, label: 'fixture', fileSystem: null, ...expected });
    expect(volume?.damage).toMatch(/./);
    expect(codes).toEqual(['warning ECSIMPORT.FileSystem']);
  });

  test.each(['ext4', 'xfs-v5', 'btrfs'])('%s with a wrong checksum → no free block is left out', (name) => {
    const at = { ext4: EXT + 12, 'xfs-v5': 144, btrfs: BTRFS + 120 }[name] ?? 0;
    const { ranges, volumes } = findFreeSpace(changed(name, flip(at)));
    expect(ranges).toEqual([]);
    expect(volumes[0]?.leftWhole).toContain('checksum');
  });

  test('NTFS without its master file table → type and serial number', () => {
    const { volume } = volumeOf(changed('ntfs', fill(48, 8)));
    expect(volume).toMatchObject({ content: 'ntfs', fileSystem: null });
    expect(volume?.uuid).toMatch(/^[0-9A-F]{16}$/);
    expect(volume?.damage).toMatch(/./);
  });

  test('FAT32 without its file allocation table → type, serial number and label', () => {
    const whole = volumeOf(changed('fat32', () => undefined)).volume;
    const { volume } = volumeOf(changed('fat32', (bytes) => void bytes.fill(0, 11, 48)));
    expect(volume).toMatchObject({ content: 'vfat', uuid: whole?.uuid, label: whole?.label, fileSystem: null });
    expect(volume?.damage).toBe('the superblock of vfat is not valid');
  });
});

describe('a superblock alone, with zeros around it', () => {
  const disk = (fields: readonly Field[], size = 2 * MIB) => {
    const bytes = Buffer.alloc(size);
    for (const { at, bytes: field } of fields) Buffer.from(field).copy(bytes, at);
    return bufferSource(bytes);
  };
  const cases: [content: string, fields: Field[]][] = [
    [
      'ext2',
      [
        { at: EXT + 56, bytes: Buffer.from([0x53, 0xef]) },
        { at: EXT + 104, bytes: UUID_BYTES },
        { at: EXT + 120, bytes: 'fixture' },
      ],
    ],
    [
      'xfs',
      [
        { at: 0, bytes: 'XFSB' },
        { at: 32, bytes: UUID_BYTES },
        { at: 108, bytes: 'fixture' },
      ],
    ],
    [
      'btrfs',
      [
        { at: BTRFS + 64, bytes: '_BHRfS_M' },
        { at: BTRFS + 32, bytes: UUID_BYTES },
        { at: BTRFS + 299, bytes: 'fixture' },
      ],
    ],
  ];

  test.each(cases)('%s → type, UUID, label and damage', (content, fields) => {
    expect(volumeOf(disk(fields)).volume).toMatchObject({ content, uuid: UUID, label: 'fixture', fileSystem: null });
  });

  test.each(cases)('%s without a UUID → no UUID of zeros', (content, [magic]) => {
    const { volume } = volumeOf(disk(magic === undefined ? [] : [magic]));
    expect(volume).toMatchObject({ content, uuid: null, label: '' });
  });

  test.each(cases)('%s cut off within its superblock → no file system', (_, [magic]) => {
    if (magic === undefined) return;
    expect(volumeOf(disk([magic], magic.at + magic.bytes.length)).volume?.content).toBe(null);
  });

  test('beside a FAT file system that can be read → the readable one, and the damage of the other', () => {
    const { volume, codes } = volumeOf(changed('fat32', (bytes) => void bytes.writeUInt16LE(0xef53, EXT + 56)));
    expect(volume).toMatchObject({ content: 'vfat', damage: null });
    expect(codes).toEqual(['warning ECSIMPORT.FileSystem']);
  });
});

describe('the checksum of a btrfs superblock', () => {
  test.each<[string, string]>([
    ['', 'ef46db3751d8e999'],
    ['abc', '44bc2cf5ad770999'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
  ])('xxHash of "%s" → %s', (content, hash) => {
    expect(xxhash64(Buffer.from(content)).toString(16)).toBe(hash);
  });

  /** The last one is longer than a block of the function, and ends with one. */
  test.each<[number, string]>([
    [0, '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8'],
    [3, '3d8c3d594928271f44aad7a04b177154806867bcf918e1549c0bc16f9da2b09b'],
    [128, 'c3582f71ebb2be66fa5dd750f80baae97554f3b015663c8be377cfcb2488c1d1'],
    [129, 'f7f3c46ba2564ff4c4c162da1f5b605f9f1c4aa6a20652a9f9a337c1a2f5b9c9'],
    [4064, '79ca6703daecde479bf11526cabedc72880acc72266ccf79c498c8c0a646a49f'],
  ])('BLAKE2b of %i bytes → as Python computes it; with 64 bytes as node:crypto does', (length, digest) => {
    const content = Buffer.from(Array.from({ length }, (_, index) => index % 251));
    expect(blake2b(content, 32).toString('hex')).toBe(digest);
    expect(blake2b(content, 64).equals(createHash('blake2b512').update(content).digest())).toBe(true);
  });

  /** The superblock with its checksum in another type. */
  const withType =
    (type: number, checksum: (content: Buffer) => Buffer, change: Change): Change =>
    (bytes) => {
      bytes.writeUInt16LE(type, BTRFS + 196);
      bytes.fill(0, BTRFS, BTRFS + 32);
      checksum(bytes.subarray(BTRFS + 32, BTRFS + 4096)).copy(bytes, BTRFS);
      change(bytes);
    };
  const xxhash = (content: Buffer) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(xxhash64(content));
    return bytes;
  };
  const sha256 = (content: Buffer) => createHash('sha256').update(content).digest();
  const none = () => undefined;

  test.each<[string, Change, string | null]>([
    ['xxHash', withType(1, xxhash, none), null],
    ['a wrong xxHash', withType(1, xxhash, flip(BTRFS + 120)), 'the checksum of its superblock is wrong'],
    ['SHA-256', withType(2, sha256, none), null],
    ['a wrong SHA-256', withType(2, sha256, flip(BTRFS + 31)), 'the checksum of its superblock is wrong'],
    ['BLAKE2b', withType(3, (content) => blake2b(content, 32), none), null],
    [
      'a wrong BLAKE2b',
      withType(3, (content) => blake2b(content, 32), flip(BTRFS + 120)),
      'the checksum of its superblock is wrong',
    ],
    ['an unknown type', withType(4, () => Buffer.alloc(32, 1), none), null],
  ])('%s → damage %s', (_, change, damage) => {
    expect(volumeOf(changed('btrfs', change)).volume?.damage).toBe(damage);
  });
});
