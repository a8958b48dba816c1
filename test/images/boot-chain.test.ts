/** The verdict follows the boot chain: what a machine cannot start is blocking, what cannot be determined is a warning. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { decompressExtent } from '../../images/filesystems/btrfs.js';
import { findingList } from '../../images/findings.js';
import { inspectDisk, reportEncryption } from '../../images/guest/inspect-guest.js';
import { LONE_SYSTEM_DISK } from '../../images/inspection.js';
import { CONSTRUCTED, type ConstructedGuest, ROOT_UUID } from '../support/images/constructed-guests.js';
import {
  BIOS,
  cpioOf,
  type Files,
  type GuestInspection,
  inspectGuestFiles,
  kernelImage,
  layoutOf,
  serious,
  UEFI,
} from '../support/images/guest-files.js';

const guestNamed = (name: string): ConstructedGuest => {
  const guest = CONSTRUCTED[name];
  if (guest === undefined) throw new Error(`no guest ${name}`);
  return guest;
};
/** BIOS and GRUB, without LVM and without a separate /boot. */
const CENTOS = guestNamed('centos-7');
const KERNEL = '3.10.0-1160.el7.x86_64';
const IMAGE = `/boot/vmlinuz-${KERNEL}`;
const CFG = '/boot/grub2/grub.cfg';

/** `null` removes a file. */
function inspect(changes: Readonly<Record<string, string | Buffer | null>>): GuestInspection {
  const files: Files = Object.fromEntries(
    Object.entries({ ...CENTOS.root, ...changes }).flatMap(([path, content]) =>
      content === null ? [] : [[path, content]],
    ),
  );
  return inspectGuestFiles(layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }), BIOS);
}
const grub = (...commands: readonly string[]): Files => ({ [CFG]: `${commands.join('\n')}\n` });
const entry = (linux: string, initrd = `/boot/initramfs-${KERNEL}.img`): string =>
  `menuentry 'CentOS' {\n  linux ${linux}\n  initrd ${initrd}\n}`;
const ROOT = `root=UUID=${ROOT_UUID} console=ttyS0`;
const withArgs = (args: string): Files => grub(entry(`${IMAGE} ${args}`));
const blocking = (inspection: GuestInspection): string[] =>
  inspection.findings.filter(({ severity }) => severity === 'blocking').map(({ message }) => message);
const warnings = (inspection: GuestInspection): string[] =>
  inspection.findings.filter(({ severity }) => severity === 'warning').map(({ message }) => message);

describe('a guest that boots → nothing above info', () => {
  test.each<[string, Files]>([
    ['the constructed guest as it is', {}],
    [
      'a kernel version in a variable',
      grub(`set kv=${KERNEL}`, entry(`($root)/boot/vmlinuz-$kv ${ROOT}`, '($root)/boot/initramfs-$kv.img')),
    ],
    [
      'a variable in braces and quotes',
      grub(`set kv="${KERNEL}"`, entry(`"($root)/boot/vmlinuz-\${kv}" ${ROOT}`, `"/boot/initramfs-\${kv}.img"`)),
    ],
    [
      'the root’s UUID in a variable',
      grub(`set rootuuid=${ROOT_UUID}`, entry(`${IMAGE} root=UUID=\${rootuuid} console=ttyS0`)),
    ],
    ['an unset variable between arguments', withArgs(`$extra_cmdline ${ROOT} \${more}`)],
    [
      '/dev/root in fstab, as Yocto and Buildroot write it',
      { '/etc/fstab': '/dev/root / auto defaults 1 1\nproc /proc proc defaults 0 0\n' },
    ],
    ['the kernel’s own initramfs settings', withArgs(`${ROOT} rootfstype=xfs`)],
    [
      'a menu with passwords whose default entry is unrestricted',
      grub('set superusers="root"', 'password root x', entry(`${IMAGE} ${ROOT}`).replace(' {', ' --unrestricted {')),
    ],
    ['a blacklist of other modules', withArgs(`${ROOT} modprobe.blacklist=nouveau,floppy`)],
  ])('%s', (_, changes) => {
    expect(serious(inspect(changes))).toEqual([]);
  });

  test('root= relative to a partition’s UUID', () => {
    const layout = layoutOf(
      { content: 'unknown' },
      {
        files: { ...CENTOS.root, ...withArgs('root=PARTUUID=1f-01/PARTNROFF=1 console=ttyS0') },
        uuid: ROOT_UUID,
        kind: 'xfs',
      },
    );
    const volumes = layout.volumes.map((volume, index) => ({
      ...volume,
      partition: volume.partition === null ? null : { ...volume.partition, partUuid: `1f-0${index + 1}` },
    }));
    expect(blocking(inspectGuestFiles({ ...layout, volumes }, BIOS))).toEqual([]);
  });
});

describe('a guest that does not boot → a blocking finding', () => {
  test.each<[string, Readonly<Record<string, string | Buffer | null>>, RegExp]>([
    ['no grub.cfg', { [CFG]: null }, /GRUB has no menu/],
    ['a grub.cfg without entries', grub('set timeout=5', 'insmod part_gpt'), /GRUB has no menu/],
    [
      'a password for the default entry',
      grub('set superusers="root"', 'password root x', entry(`${IMAGE} ${ROOT}`)),
      /GRUB asks for a password/,
    ],
    ['an empty kernel', { [IMAGE]: '' }, /kernel is damaged/],
    ['random bytes as kernel', { [IMAGE]: Buffer.from('not a kernel at all'.repeat(300)) }, /kernel is damaged/],
    ['a kernel that was cut off', { [IMAGE]: cutKernel() }, /kernel is damaged/],
    ['no init program', { '/sbin/init': null, '/usr/lib/systemd/systemd': null }, /no init program/],
    ['a dangling link as init program', { '/usr/lib/systemd/systemd': null }, /no init program/],
    [
      'no root= with initramfs-tools',
      { ...withArgs('console=ttyS0'), [`/boot/initramfs-${KERNEL}.img`]: initramfsTools() },
      /no root=: the initramfs/,
    ],
    [
      'no root= and no initramfs',
      grub(`menuentry x {\n linux ${IMAGE} console=ttyS0\n}`),
      /no root=, and no initramfs/,
    ],
    ['another type of root file system', withArgs(`${ROOT} rootfstype=ext4`), /mounts the root as ext4, but it is xfs/],
    ['a forbidden disk driver', withArgs(`${ROOT} modprobe.blacklist=floppy,virtio-blk`), /forbids to load virtio_blk/],
    [
      'a disk driver that dracut must not load',
      withArgs(`${ROOT} rd.driver.blacklist=virtio_blk`),
      /forbids to load virtio_blk/,
    ],
  ])('%s', (_, changes, message) => {
    expect(blocking(inspect(changes))).toContainEqual(expect.stringMatching(message));
  });
});

describe('what only the running loader or a person knows → a warning, never silence', () => {
  test.each<[string, Files, RegExp]>([
    [
      'a kernel that a command chooses',
      grub('probe -u $root --set=kv', entry(`/boot/vmlinuz-$kv ${ROOT}`)),
      /variable in its path/,
    ],
    [
      'a kernel in a variable that no file sets',
      grub(entry(`/boot/vmlinuz-$elsewhere ${ROOT}`)),
      /variable in its path/,
    ],
    [
      'a root that a command finds',
      grub('probe -u $root --set=rootuuid', entry(`${IMAGE} root=UUID=$rootuuid`)),
      /whether the root device is on this disk/,
    ],
    ['a menu in another file', grub('source $prefix/custom.cfg'), /what the boot loader starts/],
    ['the rescue target', withArgs(`${ROOT} systemd.unit=rescue.target`), /rescue shell/],
    ['single-user mode', withArgs(`${ROOT} single`), /rescue shell/],
    ['a shell as init', withArgs(`${ROOT} init=/bin/bash`), /rescue shell/],
    ['an init program that does not exist', withArgs(`${ROOT} init=/opt/start`), /init program that does not exist/],
    ['no root= with dracut', withArgs('console=ttyS0'), /no root=/],
  ])('%s', (_, changes, message) => {
    const inspection = inspect(changes);
    expect(warnings(inspection)).toContainEqual(expect.stringMatching(message));
    expect(blocking(inspection).filter((one) => /menu|variable|root device/.test(one))).toEqual([]);
  });
});

test('a unified kernel image that the firmware starts → its own initramfs decides', () => {
  const unified = unifiedImage({
    '.cmdline': ROOT,
    '.linux': kernelImage(KERNEL),
    '.initrd': gzipSync(cpioOf(['init'])),
  });
  const layout = layoutOf(
    { kind: 'vfat', uuid: 'ABCD-1234', files: { '/EFI/BOOT/BOOTX64.EFI': unified } },
    { files: CENTOS.root, uuid: ROOT_UUID, kind: 'xfs' },
  );
  const inspection = inspectGuestFiles(layout, UEFI);
  expect(inspection.kernelVersion).toBe(KERNEL);
  expect(serious(inspection)).toContain('blocking GUESTOS.Virtio');
});

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

test('a compressed btrfs extent with less content than it records → the rest is zeros', () => {
  const content = Buffer.from('the last part of a file');
  const whole = Buffer.concat([content, Buffer.alloc(4096 - content.length)]);
  const sectors = Buffer.concat([storedByZstd(content), Buffer.alloc(100)]);
  expect(decompressExtent(sectors, 3, 4096).equals(whole)).toBe(true);
});

/** A zstd frame with one block that is not compressed. */
function storedByZstd(content: Buffer): Buffer {
  const block = (content.length << 3) | 1;
  const head = [0x28, 0xb5, 0x2f, 0xfd, 0x20, content.length, block & 0xff, (block >> 8) & 0xff, block >> 16];
  return Buffer.concat([Buffer.from(head), content]);
}

function cutKernel(): Buffer {
  const image = kernelImage(KERNEL);
  image.writeUInt32LE((8 * 1024 * 1024) / 16, 0x1f4);
  return image;
}

function initramfsTools(): Buffer {
  const drivers = ['fs/xfs/xfs', 'drivers/block/virtio_blk', 'drivers/virtio/virtio_pci', 'drivers/nvme/host/nvme'];
  const modules = drivers.map((path) => `usr/lib/modules/${KERNEL}/kernel/${path}.ko`);
  return gzipSync(cpioOf(['init', 'conf/initramfs.conf', 'conf/conf.d/resume', 'scripts/local', ...modules]));
}

/** A PE file with these sections, as systemd's ukify makes it. */
function unifiedImage(sections: Readonly<Record<string, string | Buffer>>): Buffer {
  const contents = Object.entries(sections).map(([name, content]) => ({ name, content: Buffer.from(content) }));
  const head = Buffer.alloc(1024);
  head.write('MZ');
  head.writeUInt32LE(64, 60);
  head.write('PE\0\0', 64);
  head.writeUInt16LE(0x8664, 68);
  head.writeUInt16LE(contents.length, 70);
  let at = head.length;
  for (const [index, { name, content }] of contents.entries()) {
    const header = 64 + 24 + index * 40;
    head.write(name, header);
    head.writeUInt32LE(content.length, header + 8);
    head.writeUInt32LE(content.length, header + 16);
    head.writeUInt32LE(at, header + 20);
    at += content.length;
  }
  return Buffer.concat([head, ...contents.map(({ content }) => content)]);
}

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
