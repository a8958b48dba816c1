/** Every file system reader returns the same tree; the fixtures come from test/images/make/fixture-images.sh. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bufferSource, openFile } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { logicalVolumes, openPhysicalVolume, parseMetadata } from '../../images/disk/lvm.js';
import { readLayout } from '../../images/disk/volumes.js';
import { openNtfs } from '../../images/filesystems/ntfs.js';
import { findingList } from '../../images/findings.js';
import { type GuestTree, guestTree } from '../../images/guest/tree.js';
import { MIB, mbrDisk, patched } from '../support/images/made-images.js';
import { LVM_DATA, LVM_EXTENT, physicalVolume } from '../support/images/made-lvm.js';

function treeOf(name: string): { tree: GuestTree; uuid: string | null; label: string | null; kind: string } {
  const findings = findingList();
  const file = openFile(new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname);
  const { disk } = openContainer(file, findings);
  if (disk === null) throw new Error(`${name} has no disk`);
  const [volume] = readLayout(disk, findings).volumes;
  if (volume?.fileSystem == null) throw new Error(`${name} has no file system`);
  expect(findings.all).toEqual([]);
  const { fileSystem, uuid, label } = volume;
  return { tree: guestTree([{ at: '/', fileSystem }]), uuid, label, kind: fileSystem.kind };
}

const md5 = (bytes: Buffer | null) =>
  createHash('md5')
    .update(bytes ?? '')
    .digest('hex');
const PATTERN = md5(
  Buffer.from(Array.from({ length: 40_000 }, (_, n) => `${String(Math.floor(n / 50)).padStart(8, '0')}\n`).join('')),
);
const SPARSE = Buffer.alloc(60 * 65_536);
for (let n = 0; n < 60; n += 2) SPARSE.write(`block ${n}`, n * 65_536);

test.each([
  ['ext2-1k', 'ext2'],
  ['ext3-4k', 'ext3'],
  ['ext4', 'ext4'],
  ['ext4-inline', 'ext4'],
  // Copied while mounted: most of the tree is only in the journal.
  ['ext4-journal', 'ext4'],
  ['xfs-v4', 'xfs'],
  ['xfs-v5', 'xfs'],
  // Of a machine that stopped: the tree is only in the log.
  ['xfs-log', 'xfs'],
  ['btrfs', 'btrfs'],
  ['btrfs-lzo', 'btrfs'],
])('%s → the names, contents, holes and links that were written', (name, kind) => {
  const { tree, ...volume } = treeOf(name);
  expect(volume).toEqual({ uuid: '3f0c9a52-1111-4222-8333-444455556666', label: 'fixture', kind });
  expect(tree.text('/etc/os-release')).toContain('PRETTY_NAME="Debian of the fixtures"');
  expect(tree.link('/etc/os-release')).toBe('../usr/lib/os-release');
  expect(tree.list('/many')).toHaveLength(400);
  expect(tree.text('/deep/short')).toBe('inline\n');
  expect(md5(tree.bytes('/deep/a/b/c/pattern'))).toBe(PATTERN);
  const sparse = tree.bytes('/deep/sparse');
  // mke2fs omits a file's last hole if it can store data in the inode.
  expect(sparse?.equals(SPARSE.subarray(0, sparse.length))).toBe(true);
  expect(tree.exists('/deep/a/../a/b/c/nothing')).toBe(false);
  if (!/^xfs-v\d$/.test(name)) expect(tree.link('/long-link')).toMatch(/^(\/deep\/){60}\.\.\/etc\/os-release$/);
});

test.each(['fat12', 'fat16', 'fat32'])('%s → long names are case-insensitive', (name) => {
  const { tree, uuid, label } = treeOf(name);
  expect([uuid, label?.trim()]).toEqual(['12AB-CDEF', 'FIXTURE']);
  expect(tree.text('/USR/LIB/OS-RELEASE')).toContain('ID=debian');
  expect(tree.list('/many')).toHaveLength(400);
  expect(md5(tree.bytes('/Deep/A/B/C/Pattern'))).toBe(PATTERN);
  expect(tree.bytes('/deep/sparse')?.equals(SPARSE)).toBe(true);
});

test('ntfs → case-insensitive names, holes, links, and a file with extension records', () => {
  const { tree, ...volume } = treeOf('ntfs');
  expect(volume).toEqual({ uuid: '1234567812ABCDEF', label: 'fixture', kind: 'ntfs' });
  expect(tree.text('/ETC/OS-Release')).toContain('ID=debian');
  expect(tree.link('/etc/os-release')).toBe('../usr/lib/os-release');
  expect(tree.list('/many')).toHaveLength(400);
  expect(tree.text('/deep/short')).toBe('inline\n');
  expect(md5(tree.bytes('/deep/a/b/c/pattern'))).toBe(PATTERN);
  expect(tree.bytes('/deep/sparse')?.equals(SPARSE)).toBe(true);
  const fragments = tree.bytes('/deep/fragments', 64 * MIB);
  expect(fragments).toHaveLength(250 * 131_072);
  for (const n of [0, 1, 99, 249]) {
    expect(fragments?.toString('utf8', n * 131_072, n * 131_072 + 14)).toBe(`fragment ${n}`.padEnd(14, '\0'));
  }
});

test('ntfs, compressed files with holes and incompressible units → decompressed', () => {
  const { tree } = treeOf('ntfs-compressed');
  expect(md5(tree.bytes('/pattern'))).toBe(PATTERN);
  expect(tree.bytes('/sparse')?.equals(SPARSE)).toBe(true);
  expect(md5(tree.bytes('/noise'))).toBe('fbed4e69ce5f1d0aa18550205b8293c2');
});

test('ntfs, not unmounted cleanly → the reason in `stale`', () => {
  const { disk } = openContainer(openFile(new URL('fixtures/ntfs.qcow2', import.meta.url).pathname), findingList());
  if (disk === null) throw new Error('no disk');
  const staleWith = (edits: ReadonlyMap<number, number>) => openNtfs(patched(disk, edits))?.stale;
  expect(staleWith(new Map())).toBeNull();
  const volumeRecord = 4 * 4096 + 3 * 1024;
  const information = disk.read(volumeRecord, 1024).indexOf(Buffer.from('7000000028000000', 'hex'));
  expect(staleWith(new Map([[volumeRecord + information + 24 + 10, 1]]))).toContain('marked as dirty');
  // A new log is all ones. A restart page has a magic, page sizes and the offset of its area, here with an active client.
  let log = 0;
  while (!disk.read(log, 4096).every((byte) => byte === 0xff)) log += 4096;
  const page = Buffer.alloc(96);
  page.write('RSTR', 0);
  page.writeUInt32LE(4096, 16);
  page.writeUInt32LE(4096, 20);
  page.writeUInt16LE(48, 24);
  const written = new Map([...page].map((byte, index): [number, number] => [log + index, byte]));
  expect(staleWith(written)).toContain('$LogFile');
  expect(staleWith(new Map([...written, [log + 48 + 14, 2]]))).toBeNull();
});

test('a link to itself → an error', () => {
  const { tree } = treeOf('ext4');
  const loop = guestTree([
    {
      at: '/',
      fileSystem: {
        kind: 'ext4',
        uuid: null,
        label: '',
        totalBytes: 0,
        freeBytes: null,
        stale: null,
        ignoresCase: false,
        root: 0,
        info: (node) => ({ kind: node === 0 ? 'directory' : 'link', size: 4, mode: null }),
        entries: () => [{ name: 'loop', node: 1 }],
        content: () => Buffer.alloc(0),
        link: () => 'loop',
      },
    },
  ]);
  expect(tree.exists('/etc')).toBe(true);
  expect(() => loop.text('/loop')).toThrow(/too many links/);
});

test('a logical volume with two segments → assembled in order', () => {
  const pv = Buffer.alloc(2 * MIB);
  pv.fill('1', LVM_DATA + 3 * LVM_EXTENT, LVM_DATA + 4 * LVM_EXTENT);
  pv.fill('2', LVM_DATA + LVM_EXTENT, LVM_DATA + 2 * LVM_EXTENT);
  const twoSegments = [
    [3, 1],
    [1, 1],
  ] as const;
  physicalVolume(pv, [
    { name: 'root', extents: twoSegments },
    { name: 'thin', extents: 'thin' },
  ]);
  const volume = openPhysicalVolume(bufferSource(pv));
  const [root, thin] = logicalVolumes(volume === null ? [] : [volume]);
  expect(root?.source?.read(LVM_EXTENT - 2, 4).toString()).toBe('1122');
  expect(thin).toMatchObject({ source: null, problem: expect.stringContaining('thin') });
});

test('a mirrored logical volume → its first copy', () => {
  const pv = Buffer.alloc(2 * MIB);
  pv.fill('c', LVM_DATA + 3 * LVM_EXTENT, LVM_DATA + 4 * LVM_EXTENT);
  physicalVolume(pv, [
    {
      name: 'root',
      extents: 'raid1',
      more: 'raids = ["root_rmeta_0", "root_rimage_0", "root_rmeta_1", "root_rimage_1"]',
    },
    { name: 'root_rimage_0', visible: false, extents: [[3, 1]] },
    { name: 'cached', extents: 'cache', more: 'origin = "cached_corig"' },
  ]);
  const volume = openPhysicalVolume(bufferSource(pv));
  const [root, , cache] = logicalVolumes(volume === null ? [] : [volume]);
  expect(root).toMatchObject({ mirror: 'raid1', isVisible: true });
  expect(root?.source?.read(0, 3).toString()).toBe('ccc');
  expect(cache).toMatchObject({ source: null, problem: 'segment of type cache' });
});

/** A superblock of a RAID with two members. */
function raidSuperblock(version: string, level: number, sectors: number): Buffer {
  const superblock = Buffer.alloc(4096);
  superblock.writeUInt32LE(0xa92b4efc, 0);
  if (version === '0.90') {
    superblock.writeInt32LE(level, 28);
    superblock.writeUInt32LE(sectors / 2, 32);
    superblock.writeUInt32LE(2, 40);
    return superblock;
  }
  superblock.writeUInt32LE(1, 4);
  superblock.write('host:root', 32);
  superblock.writeInt32LE(level, 72);
  superblock.writeBigUInt64LE(BigInt(sectors), 80);
  superblock.writeUInt32LE(2, 92);
  superblock.writeBigUInt64LE(BigInt(version === '1.0' ? 0 : 2048), 128);
  return superblock;
}

describe('a member of a RAID', () => {
  const content = openContainer(openFile(new URL('fixtures/ext4.qcow2', import.meta.url).pathname), findingList()).disk;
  const fileSystem = content?.read(0, content.size) ?? Buffer.alloc(0);
  const member = (version: string, level = 1): Buffer => {
    const offset = version === '1.0' || version === '0.90' ? 0 : MIB;
    const disk = Buffer.alloc(offset + fileSystem.length + MIB);
    fileSystem.copy(disk, offset);
    const at = { '0.90': disk.length - 65_536, '1.0': disk.length - 8192, '1.1': 0, '1.2': 4096 }[version] ?? 0;
    raidSuperblock(version, level, fileSystem.length / 512).copy(disk, at);
    return disk;
  };

  test.each(['0.90', '1.0', '1.1', '1.2'])('RAID 1 with metadata %s → the file system of the array', (version) => {
    const findings = findingList();
    const [volume] = readLayout(bufferSource(member(version)), findings).volumes;
    expect(volume).toMatchObject({
      content: 'ext4',
      uuid: '3f0c9a52-1111-4222-8333-444455556666',
      raid: { version, members: 2 },
    });
    expect(findings.all).toEqual([]);
    expect(volume?.extents).toEqual([{ at: 0, offset: version.endsWith('0') ? 0 : MIB, length: fileSystem.length }]);
  });

  test.each(['1.0', '1.1', '1.2'])(
    'RAID 5 with metadata %s → not read, even if a file system shows through',
    (version) => {
      const [volume] = readLayout(bufferSource(member(version, 5)), findingList()).volumes;
      expect(volume).toMatchObject({ content: 'Linux RAID', fileSystem: null });
    },
  );
});

test('deeply nested LVM metadata → rejected', () => {
  expect(() => parseMetadata('a{'.repeat(100_000))).toThrow(/nested/);
});

test('a loop of logical partitions → the reader stops', () => {
  const disk = mbrDisk(8 * MIB);
  disk.writeUInt8(0x05, 450);
  disk.writeUInt8(0, 446);
  const ebr = 2048 * 512;
  disk.writeUInt8(0x83, ebr + 450);
  disk.writeUInt32LE(2, ebr + 454);
  disk.writeUInt32LE(2, ebr + 458);
  disk.writeUInt8(0x05, ebr + 466);
  disk.writeUInt32LE(0, ebr + 470);
  disk.writeUInt32LE(8, ebr + 474);
  disk.writeUInt16LE(0xaa55, ebr + 510);
  expect(readLayout(bufferSource(disk), findingList()).table.partitions).toMatchObject([{ number: 5, type: '0x83' }]);
});
