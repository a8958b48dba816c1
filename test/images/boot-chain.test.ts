/** The verdict follows the boot chain: what a machine cannot start is blocking, what cannot be determined is a warning. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decompressExtent } from '../../images/filesystems/btrfs.js';
import { ROOT_UUID } from '../support/images/constructed-guests.js';
import {
  BIOS,
  cpioOf,
  elf,
  type Files,
  type GuestInspection,
  inspectGuestFiles,
  kernelImage,
  layoutOf,
  serious,
  UEFI,
} from '../support/images/guest-files.js';
import { guestNamed } from '../support/images/inspected-guests.js';
import { efiProgram } from '../support/images/made-efi.js';
import { dynamicElf } from '../support/images/made-elf.js';

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
const grub = (...commands: readonly string[]): Files => ({ [CFG]: `set timeout=5\n${commands.join('\n')}\n` });
const entry = (linux: string, initrd = `/boot/initramfs-${KERNEL}.img`): string =>
  `menuentry 'CentOS' {\n  linux ${linux}\n  initrd ${initrd}\n}`;
const ROOT = `root=UUID=${ROOT_UUID} console=ttyS0`;
const withArgs = (args: string): Files => grub(entry(`${IMAGE} ${args}`));
const WITH_UDEV: Files = {
  [`/boot/initramfs-${KERNEL}.img`]: gzipSync(
    cpioOf([
      'init',
      'usr/lib/systemd/systemd-udevd',
      ...['fs/xfs/xfs', 'drivers/block/virtio_blk', 'drivers/virtio/virtio_pci', 'drivers/nvme/host/nvme'].map(
        (path) => `usr/lib/modules/${KERNEL}/kernel/${path}.ko`,
      ),
    ]),
  ),
};
/** With all drivers and these programs. */
const initramfsWith = (programs: Readonly<Record<string, Buffer>>): Files => {
  const drivers = ['fs/xfs/xfs', 'drivers/block/virtio_blk', 'drivers/virtio/virtio_pci', 'drivers/nvme/host/nvme'];
  const modules = drivers.map((path) => `usr/lib/modules/${KERNEL}/kernel/${path}.ko`);
  return {
    [`/boot/initramfs-${KERNEL}.img`]: gzipSync(
      cpioOf([...Object.keys({ init: 0, ...programs }), ...modules], programs),
    ),
  };
};
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
    ['an initramfs with programs for x86-64', initramfsWith({ 'bin/busybox': elf(62) })],
    ['an initramfs with 32-bit programs', initramfsWith({ 'bin/busybox': elf(3) })],
    [
      'an initramfs with a script and a short file',
      initramfsWith({ init: Buffer.from('#!/bin/sh\n'), 'bin/sh': Buffer.from('ELF') }),
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
    ['a menu without a timeout', { [CFG]: entry(`${IMAGE} ${ROOT}`) }, /no timeout/],
    ['a menu that waits', grub('set timeout=-1', entry(`${IMAGE} ${ROOT}`)), /no timeout/],
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
    [
      'a disk driver that udev must not load',
      { ...withArgs(`${ROOT} modprobe.blacklist=floppy,virtio-blk`), ...WITH_UDEV },
      /forbids to load virtio_blk/,
    ],
    ['a forbidden disk driver', withArgs(`${ROOT} module_blacklist=virtio_blk`), /forbids to load virtio_blk/],
    [
      'a disk driver that dracut must not load',
      { ...withArgs(`${ROOT} rd.driver.blacklist=virtio_blk`), ...WITH_UDEV },
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
      grub('regexp --set=1:kv "(.*)" x', entry(`/boot/vmlinuz-$kv ${ROOT}`)),
      /variable in its path/,
    ],
    [
      'a root that a command finds',
      grub('regexp --set=rootuuid . x', entry(`${IMAGE} root=UUID=$rootuuid`)),
      /whether the root device is on this disk/,
    ],
    [
      'a menu on a device that is not known',
      grub('source (cd0)/custom.cfg', entry(`${IMAGE} ${ROOT}`)),
      /which entry the boot loader starts/,
    ],
    [
      'an entry that depends on the machine',
      grub('if cpuid -l; then', entry(`${IMAGE} ${ROOT}`), 'fi'),
      /which entry the boot loader starts/,
    ],
    [
      'a timeout that depends on the machine',
      { [CFG]: `if cpuid -l; then set timeout=-1; else set timeout=5; fi\n${entry(`${IMAGE} ${ROOT}`)}` },
      /whether the boot loader waits/,
    ],
    [
      'a command that GRUB does not accept',
      grub('if [ -e /x ] && [ -e /y ]; then', 'set timeout=5', 'fi', entry(`${IMAGE} ${ROOT}`)),
      /which entry the boot loader starts/,
    ],
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
  const unified = efiProgram({
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

describe('the chain of links', () => {
  const states = (inspection: GuestInspection) =>
    Object.fromEntries(inspection.bootChain.map(({ link, state }) => [link, state]));

  test('a guest that boots → every link is verified, with what it rests on', () => {
    const inspection = inspect({});
    expect(inspection.bootChain.map(({ link }) => link)).toEqual([
      ...['firmware', 'boot loader', 'boot entry', 'kernel', 'initramfs', 'root device', 'mounts', 'init'],
    ]);
    expect(new Set(Object.values(states(inspection)))).toEqual(new Set(['verified']));
    expect(inspection.findings).toContainEqual(
      expect.objectContaining({ code: 'ECSIMPORT.BootChain', message: expect.stringContaining('Every link') }),
    );
  });

  test.each<[string, Readonly<Record<string, string | Buffer | null>>, string, string]>([
    ['no menu', { [CFG]: null }, 'boot loader', 'broken'],
    ['a menu without entries', grub('true'), 'boot entry', 'broken'],
    ['a kernel that was cut off', { [IMAGE]: cutKernel() }, 'kernel', 'broken'],
    [
      'an initramfs without drivers',
      { [`/boot/initramfs-${KERNEL}.img`]: gzipSync(cpioOf(['init'])) },
      'initramfs',
      'broken',
    ],
    [
      'an initramfs without a program init',
      { [`/boot/initramfs-${KERNEL}.img`]: gzipSync(cpioOf(['kernel/x86/microcode/x.bin'])) },
      'initramfs',
      'broken',
    ],
    ['an initramfs with programs for arm64', initramfsWith({ 'usr/bin/sh': elf(183) }), 'initramfs', 'broken'],
    ['an initramfs with a first program for arm64', initramfsWith({ init: elf(183) }), 'initramfs', 'broken'],
    [
      'an initramfs that cannot be read',
      { [`/boot/initramfs-${KERNEL}.img`]: Buffer.from('453dcd28', 'hex') },
      'initramfs',
      'not verified',
    ],
    [
      'an initramfs of random bytes',
      { [`/boot/initramfs-${KERNEL}.img`]: Buffer.from('random bytes') },
      'initramfs',
      'broken',
    ],
    ['another root', withArgs('root=UUID=00000000-1111-4222-8333-444444444444 console=ttyS0'), 'root device', 'broken'],
    [
      'a root that only the loader knows',
      grub('regexp --set=rootuuid . x', entry(`${IMAGE} root=UUID=$rootuuid`)),
      'root device',
      'not verified',
    ],
    [
      'a root UUID in upper case',
      withArgs(`root=UUID=${ROOT_UUID.toUpperCase()} console=ttyS0`),
      'root device',
      'not verified',
    ],
    [
      'a mount whose UUID is in upper case',
      { '/etc/fstab': `UUID=${ROOT_UUID.toUpperCase()} /data xfs defaults 0 0\n` },
      'mounts',
      'not verified',
    ],
    [
      'a mount with an option of another file system',
      { '/etc/fstab': `UUID=${ROOT_UUID} /data xfs defaults,subvol=data 0 0\n` },
      'mounts',
      'broken',
    ],
    ['a mount that does not exist', { '/etc/fstab': '/dev/sdb1 /data xfs defaults 0 0\n' }, 'mounts', 'broken'],
    [
      'a mount with the type of another file system',
      { '/etc/fstab': `UUID=${ROOT_UUID} /data ext4 defaults 0 0\n` },
      'mounts',
      'broken',
    ],
    ['an empty init program', { '/usr/lib/systemd/systemd': Buffer.alloc(0) }, 'init', 'broken'],
    [
      'an empty init program beside another one that the kernel tries',
      { '/usr/lib/systemd/systemd': Buffer.alloc(0), '/etc/init': elf(62) },
      'init',
      'not verified',
    ],
    [
      'an empty init program that init= names, which the kernel insists on',
      { ...withArgs(`${ROOT} init=/sbin/init`), '/usr/lib/systemd/systemd': Buffer.alloc(0), '/etc/init': elf(62) },
      'init',
      'broken',
    ],
    [
      'an init program without a library beside another one, which is not tried',
      {
        '/usr/lib/systemd/systemd': dynamicElf({ interpreter: '/lib64/ld-linux-x86-64.so.2', needed: ['libgone.so'] }),
        '/lib64/ld-linux-x86-64.so.2': elf(62),
        '/etc/init': elf(62),
      },
      'init',
      'broken',
    ],
    [
      'an init program whose loader is missing',
      { '/usr/lib/systemd/systemd': dynamicProgram('/lib64/ld-linux-x86-64.so.2') },
      'init',
      'broken',
    ],
    ['a script without its interpreter', { '/usr/lib/systemd/systemd': '#!/opt/bin/sh\n' }, 'init', 'broken'],
  ])('%s → %s', (_, changes, link, state) => {
    const inspection = inspect(changes);
    expect(states(inspection)[link]).toBe(state);
    const severity = state === 'broken' ? 'blocking' : 'warning';
    expect(inspection.findings.map((finding) => finding.severity)).toContain(severity);
  });
});

test('a compressed btrfs extent with less content than it records → the rest is zeros', () => {
  const content = Buffer.from('the last part of a file');
  const whole = Buffer.concat([content, Buffer.alloc(4096 - content.length)]);
  const sectors = Buffer.concat([storedByZstd(content), Buffer.alloc(100)]);
  expect(decompressExtent(sectors, 3, 4096, 4096).equals(whole)).toBe(true);
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

/** The head of a 64-bit program that names its dynamic loader. */
function dynamicProgram(interpreter: string): Buffer {
  const head = Buffer.alloc(64 + 56);
  elf(62).copy(head);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(3, 64);
  head.writeBigUInt64LE(BigInt(head.length), 64 + 8);
  return Buffer.concat([head, Buffer.from(`${interpreter}\0`)]);
}
