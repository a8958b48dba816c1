/** What an inspection reports of disks that it cannot read as a whole: encrypted, cut off, without a boot sector. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { findingList } from '../../images/findings.js';
import { inspectDisk, reportEncryption } from '../../images/guest/inspect-guest.js';
import { LONE_SYSTEM_DISK } from '../../images/inspection.js';
import { BIOS, cpioOf, kernelImage, layoutOf } from '../support/images/guest-files.js';

const KERNEL = '3.10.0-1160.el7.x86_64';

describe('an encrypted root', () => {
  /** /boot is readable, the root is not. */
  function severityWith(initramfs: Buffer, args = ''): string[] {
    const boot = {
      '/grub2/grub.cfg': `menuentry x {\n linux /vmlinuz-${KERNEL} root=/dev/mapper/r-root ${args}\n initrd /initrd\n}\n`,
      [`/vmlinuz-${KERNEL}`]: kernelImage(KERNEL),
      '/initrd': initramfs,
    };
    const layout = layoutOf({ files: boot }, { content: 'LUKS' });
    const [, root] = layout.volumes;
    if (root === undefined) throw new Error('no root');
    const findings = findingList();
    reportEncryption(root, layout, BIOS, findings);
    return findings.all.map(({ severity }) => severity);
  }
  const archive = (...names: readonly string[]) => gzipSync(cpioOf(['init', ...names]));

  test('that a person must unlock → blocking', () => {
    expect(severityWith(archive('usr/sbin/cryptsetup', 'cryptroot/crypttab'))).toEqual(['blocking']);
    const disk = Buffer.alloc(4 * 1024 * 1024);
    disk.write('LUKS\xba\xbe', 0, 'latin1');
    expect(findingsOf(disk)).toContain('blocking ECSIMPORT.Encrypted');
  });

  test.each<[string, Buffer, string]>([
    ['clevis in the initramfs', archive('usr/bin/clevis'), ''],
    ['a key file in the initramfs', archive('cryptroot/keyfiles/root.key'), ''],
    ['a key on the command line', archive(), 'rd.luks.key=/keys/root'],
    ['an initramfs that cannot be read', Buffer.from('?'), ''],
  ])('with %s → a warning', (_, initramfs, args) => {
    expect(severityWith(initramfs, args)).toEqual(['warning']);
  });
});

describe('a disk that was cut off', () => {
  test('a file system that is larger than its disk → blocking', () => {
    expect(findingsOf(ext4(2 * MIB))).toContain('blocking ECSIMPORT.Truncated');
    expect(findingsOf(ext4(MIB))).not.toContain('blocking ECSIMPORT.Truncated');
  });

  test('an MBR partition beyond the end of the disk → blocking if its file system needs the rest, else a warning', () => {
    const disk = Buffer.alloc(2 * 1024 * 1024);
    partition(disk, 2048, 8192);
    ext4(4 * MIB).copy(disk, 2048 * 512, 0, 4096);
    expect(findingsOf(disk)).toEqual(
      expect.arrayContaining(['warning ECSIMPORT.Truncated', 'blocking ECSIMPORT.Truncated']),
    );
    ext4(MIB).copy(disk, 2048 * 512, 0, 4096);
    expect(findingsOf(disk)).not.toContain('blocking ECSIMPORT.Truncated');
  });

  test('a partition that starts beyond the end → blocking', () => {
    const disk = Buffer.alloc(2 * 1024 * 1024);
    partition(disk, 64, 128);
    partition(disk, 8192, 8192, 1);
    expect(findingsOf(disk)).toContain('blocking ECSIMPORT.Truncated');
  });
});

test.each([
  ['XFS on the whole disk', 'XFSB'],
  ['LUKS on the whole disk', 'LUKS\xba\xbe'],
  ['text', 'just some text\n'],
])('%s, without the signature of a boot sector → not bootable by BIOS', (_, start) => {
  const disk = Buffer.alloc(4 * 1024 * 1024);
  disk.write(start, 0, 'latin1');
  const findings = findingList();
  expect(inspectDisk(bufferSource(disk), LONE_SYSTEM_DISK, findings).bootModes).toEqual([]);
});

const MIB = 1024 * 1024;

/** The superblock of an ext4 file system of `recorded` bytes, on a device of `size` bytes. */
function ext4(recorded: number, size = MIB): Buffer {
  const device = Buffer.alloc(size);
  device.writeUInt32LE(16, 1024);
  device.writeUInt32LE(recorded / 1024, 1024 + 4);
  device.writeUInt32LE(1, 1024 + 20);
  device.writeUInt32LE(8192, 1024 + 32);
  device.writeUInt32LE(16, 1024 + 40);
  device.writeUInt16LE(0xef53, 1024 + 56);
  device.writeUInt32LE(1, 1024 + 76);
  device.writeUInt16LE(128, 1024 + 88);
  device.writeUInt32LE(0x40, 1024 + 96);
  return device;
}

function partition(disk: Buffer, start: number, sectors: number, index = 0): void {
  const at = 446 + index * 16;
  disk.writeUInt8(0x83, at + 4);
  disk.writeUInt32LE(start, at + 8);
  disk.writeUInt32LE(sectors, at + 12);
  disk.writeUInt16LE(0xaa55, 510);
}

function findingsOf(disk: Buffer): string[] {
  const findings = findingList();
  inspectDisk(bufferSource(disk), LONE_SYSTEM_DISK, findings);
  return findings.all.map(({ severity, code }) => `${severity} ${code}`);
}
