/** What the kernel, its initramfs and the init program do with their settings: siblings of the cases in boot-chain.test.ts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { BootModes } from '../../images/guest/boot-mode.js';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import {
  BIOS,
  cpioOf,
  elf,
  type Files,
  inspectGuestFiles,
  kernelImage,
  layoutOf,
  UEFI,
  type VolumeParts,
} from '../support/images/guest-files.js';
import { efiProgram } from '../support/images/made-efi.js';
import { verdictOf } from './truth/verdict.js';

const KERNEL = '3.10.0-1160.el7.x86_64';
const FILES: Files = CONSTRUCTED['centos-7']?.root ?? {};
const INITRD = `/boot/initramfs-${KERNEL}.img`;
const DRIVERS = ['fs/xfs/xfs', 'drivers/block/virtio_blk', 'drivers/virtio/virtio_pci', 'drivers/nvme/host/nvme'].map(
  (path) => `usr/lib/modules/${KERNEL}/kernel/${path}.ko`,
);
const archive = (...names: readonly string[]): Buffer => gzipSync(cpioOf([...names, ...DRIVERS]));

type Changes = Readonly<Record<string, string | Buffer | null>>;
function verdict(args: string, changes: Changes = {}, root = `root=UUID=${ROOT_UUID}`): string {
  const entry = `linux /boot/vmlinuz-${KERNEL} ${root} console=ttyS0 ${args}\ninitrd ${INITRD}`;
  const all = { ...FILES, '/boot/grub2/grub.cfg': `set timeout=1\nmenuentry x {\n${entry}\n}\n`, ...changes };
  const files = Object.fromEntries(
    Object.entries(all).flatMap(([path, content]) => (content === null ? [] : [[path, content]])),
  );
  const boot = { files: { '/vmlinuz': 'x' }, uuid: 'b007b007-0000-4000-8000-000000000000' };
  return verdictOf(inspectGuestFiles(layoutOf(boot, { files, uuid: ROOT_UUID, kind: 'xfs' }), BIOS));
}

describe('a guest that boots', () => {
  test.each<[string, string, Changes?]>([
    ['as it is', ''],
    [
      'an initramfs after microcode',
      '',
      { [INITRD]: Buffer.concat([cpioOf(['kernel/x86/microcode/AuthenticAMD.bin']), archive('init')]) },
    ],
    ['the multi-user target', 'systemd.unit=multi-user.target', { '/usr/lib/systemd/system/multi-user.target': '' }],
    ['a list of other initcalls', 'initcall_blacklist=algif_init'],
    ['the init program that is installed', 'init=/sbin/init'],
    ['options that XFS has', 'rootflags=noatime,inode64,logbufs=8'],
  ])('%s → boots', (_, args, changes) => {
    expect(verdict(args, changes)).toBe('boots');
  });
});

describe('a guest that does not boot', () => {
  test.each<[string, string, Changes?, string?]>([
    ['a root that is the file system of /boot', '', {}, 'root=UUID=b007b007-0000-4000-8000-000000000000'],
    ['a partition that the disk does not have', '', {}, 'root=/dev/vda9'],
    ['/usr on another machine’s file system', 'mount.usr=UUID=00000000-1111-4222-8333-444444444444'],
    ['a first program that the initramfs does not have', 'rdinit=/start', { [INITRD]: archive('init') }],
    ['an initramfs with /linuxrc and /sbin/init only', '', { [INITRD]: archive('linuxrc', 'sbin/init') }],
    [
      'an initramfs without init, for a root that needs no initramfs',
      '',
      { [INITRD]: archive('linuxrc') },
      'root=/dev/vda2',
    ],
    ['an option of btrfs for an XFS root', 'rootflags=noatime,subvol=@'],
    ['PCI turned off', 'pci=off'],
    ['a driver whose initcall is forbidden', 'initcall_blacklist=foo,virtio_blk_init'],
    ['a driver that the kernel must not load', 'module_blacklist=virtio_pci'],
    [
      'an initramfs that the kernel cannot decompress',
      '',
      {
        [`/boot/config-${KERNEL}`]:
          'CONFIG_RD_XZ=y\nCONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_NET=m\nCONFIG_XFS_FS=m\n',
        [INITRD]: archive('init'),
      },
    ],
    [
      'systemd without the link /sbin/init, after initramfs-tools',
      '',
      { '/sbin/init': null, [INITRD]: archive('init', 'scripts/local') },
    ],
  ])('%s → does not boot', (_, args, changes, root) => {
    expect(verdict(args, changes, root)).toBe('does not boot');
  });
});

test.each<[string, BootModes, string, string]>([
  ['a BIOS', BIOS, '', 'broken'],
  ['a BIOS, and the argument gpt', BIOS, 'gpt', 'verified'],
  ['UEFI firmware, which may repair it', UEFI, '', 'not verified'],
])('a GPT of which only the backup is good, under %s → the root device', (_, modes, args, state) => {
  const entry = `linux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} ${args}\ninitrd ${INITRD}`;
  const menu = { '/boot/grub2/grub.cfg': `set timeout=1\nmenuentry x {\n${entry}\n}\n` };
  const layout = layoutOf({ files: { ...FILES, ...menu }, uuid: ROOT_UUID, kind: 'xfs' });
  const { bootChain } = inspectGuestFiles({ ...layout, table: { ...layout.table, isBackup: true } }, modes);
  expect(bootChain.find(({ link }) => link === 'root device')?.state).toBe(state);
});

test('an initramfs that is too large to read → not reported as damaged', () => {
  const bytes = archive('init');
  const entry = `linux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID}\ninitrd ${INITRD}`;
  const menu = { '/boot/grub2/grub.cfg': `set timeout=1\nmenuentry x {\n${entry}\n}\n`, [INITRD]: bytes };
  const layout = layoutOf({ files: { ...FILES, ...menu }, uuid: ROOT_UUID, kind: 'xfs' });
  const volumes = layout.volumes.map((volume) => {
    const { fileSystem } = volume;
    if (fileSystem === null) return volume;
    const info = (node: number) => {
      const known = fileSystem.info(node);
      return known.size === bytes.length ? { ...known, size: 300 * 1024 ** 2 } : known;
    };
    return { ...volume, fileSystem: { ...fileSystem, info } };
  });
  const { findings, bootChain } = inspectGuestFiles({ ...layout, volumes }, BIOS);
  expect(bootChain.find(({ link }) => link === 'initramfs')?.state).toBe('not verified');
  expect(findings.map(({ evidence }) => evidence).join('\n')).toContain('it has more than 268435456 bytes');
});

/** The kernel's parser of MBR tables stops at an entry of type 0xee. */
test.each<[string, string, string]>([
  ['a kernel that knows GPT', 'CONFIG_EFI_PARTITION=y\n', 'broken'],
  ['another kernel', '# CONFIG_EFI_PARTITION is not set\n', 'not verified'],
])('an MBR with an entry of type 0xee and no GPT, under %s → the root device', (_, config, state) => {
  const entry = `linux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID}\ninitrd ${INITRD}`;
  const files = {
    ...FILES,
    '/boot/grub2/grub.cfg': `set timeout=1\nmenuentry x {\n${entry}\n}\n`,
    [`/boot/config-${KERNEL}`]: config,
  };
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' });
  const { bootChain } = inspectGuestFiles({ ...layout, table: { ...layout.table, isIgnored: true } }, BIOS);
  expect(bootChain.find(({ link }) => link === 'root device')?.state).toBe(state);
});

describe('what cannot be known', () => {
  test.each<[string, string, Changes?]>([
    [
      'a forbidden driver that may be loaded by its name',
      'modprobe.blacklist=virtio_blk',
      { [INITRD]: archive('init') },
    ],
    ['a shell as the first program', 'rdinit=/bin/sh', { [INITRD]: archive('init', 'bin/sh') }],
    ['a target that does not exist', 'systemd.unit=gone.target'],
    ['an option of btrfs in the first of two rootflags', 'rootflags=subvol=@ rootflags=noatime'],
    [
      'the rescue target as default',
      '',
      { '/etc/systemd/system/default.target': '-> /usr/lib/systemd/system/rescue.target' },
    ],
    ['an init program that does not exist', 'init=/opt/start'],
    ['the rescue shell', 'single'],
  ])('%s → not verified', (_, args, changes) => {
    expect(verdict(args, changes)).toBe('not verified');
  });
});

describe('the compressed content of a kernel', () => {
  const program = Buffer.concat([
    Buffer.from('\x7fELF', 'latin1'),
    Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * index * 7919) >> 5)),
  ]);
  const gzip = gzipSync(program);
  const withHole = Buffer.from(gzip);
  withHole.fill(0, gzip.length >> 2, gzip.length >> 1);
  const xz = (args: string): Buffer =>
    withSize(
      execFileSync('xz', ['-c', ...args.split(' ')], { input: program, stdio: ['pipe', 'pipe', 'ignore'] }),
      program.length,
    );
  const hasXz = spawnSync('xz', ['--version']).status === 0;
  const judge = (payload: Buffer) => verdict('', { [`/boot/vmlinuz-${KERNEL}`]: kernelWith(payload) });

  test.each<[string, string, Buffer]>([
    ['whole', 'boots', gzip],
    ['not compressed', 'boots', program],
    ['a flipped byte', 'does not boot', flipped(gzip)],
    ['a hole', 'does not boot', withHole],
    ['of another size', 'does not boot', Buffer.concat([gzip.subarray(0, -4), Buffer.from([1, 2, 3, 4])])],
    ['not a program', 'does not boot', gzipSync(Buffer.alloc(5000, 'x'))],
    ['zeros', 'does not boot', Buffer.alloc(5000)],
    ['a compression that is not supported', 'not verified', Buffer.from(`deadbeef${'00'.repeat(500)}`, 'hex')],
  ])('%s → %s', (_, expected, payload) => {
    expect(judge(payload)).toBe(expected);
  });

  test('a kernel of 20 MiB → boots; cut off after 17 MiB → does not boot', () => {
    const program = Buffer.alloc(20 * 1024 ** 2, randomBytes(1024 ** 2));
    program.write('\x7fELF', 0, 'latin1');
    const image = kernelWith(program);
    const path = `/boot/vmlinuz-${KERNEL}`;
    expect(verdict('', { [path]: image })).toBe('boots');
    expect(verdict('', { [path]: image.subarray(0, 17 * 1024 ** 2) })).toBe('does not boot');
  });

  test.each<[string, string, Buffer]>([
    ['whole', 'verified', gzip],
    ['a flipped byte', 'broken', flipped(gzip)],
  ])('in a unified kernel image: %s → %s', (_, expected, payload) => {
    const unified = efiProgram({
      '.cmdline': `root=UUID=${ROOT_UUID}`,
      '.linux': kernelWith(payload),
      '.initrd': archive('init'),
    });
    const layout = layoutOf(
      { kind: 'vfat', uuid: 'ABCD-1234', files: { '/EFI/BOOT/BOOTX64.EFI': unified } },
      { files: FILES, uuid: ROOT_UUID, kind: 'xfs' },
    );
    const { bootChain } = inspectGuestFiles(layout, UEFI);
    expect(bootChain.find(({ link }) => link === 'kernel')?.state).toBe(expected);
  });

  const hasZstd = spawnSync('zstd', ['--version']).status === 0;
  test.skipIf(!hasZstd)(
    'zstd with a window of 128 MiB, as kernels are built → boots; with a flipped byte → not',
    () => {
      const input = program;
      const compressed = execFileSync('zstd', ['-q', '-c', '-22', '--ultra', '--long=27'], { input });
      const payload = withSize(compressed, program.length);
      expect(judge(payload)).toBe('boots');
      expect(judge(flipped(payload))).toBe('does not boot');
    },
  );

  test.skipIf(!hasXz).each([
    ['--check=crc32 --x86 --lzma2=preset=6'],
    // As Linux 6.12 and later are built.
    ['--check=crc32 --x86 --lzma2=preset=0,dict=128MiB'],
    ['--format=lzma -9'],
    ['--format=lzma --lzma1=preset=0,dict=128MiB'],
  ])('%s → boots; with a flipped byte, or the size of another content → does not boot', (args) => {
    const payload = xz(args);
    expect(judge(payload)).toBe('boots');
    expect(judge(flipped(payload))).toBe('does not boot');
    expect(judge(withSize(payload.subarray(0, -4), 7))).toBe('does not boot');
  });
});

describe('a system without /sbin/init', () => {
  const { '/sbin/init': _, '/usr/lib/systemd/systemd': __, ...bare } = FILES;
  const NIX_UUID = '4e495830-0000-4000-8000-000000000000';
  const script = '#! /nix/store/a/sh -e\n';
  const initState = (args: string, changes: Files, ...more: readonly VolumeParts[]) => {
    const menu = `set timeout=1\nmenuentry x {\nlinux /boot/vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} ${args}\n}\n`;
    const files = { ...bare, '/boot/grub2/grub.cfg': menu, ...changes };
    const { bootChain } = inspectGuestFiles(layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }, ...more), BIOS);
    return bootChain.find(({ link }) => link === 'init')?.state;
  };

  test('NixOS with /nix on another partition → verified', () => {
    const fstab = `UUID=${ROOT_UUID} / xfs defaults 0 0\nUUID=${NIX_UUID} /nix ext4 defaults 0 0\n`;
    const store = { uuid: NIX_UUID, files: { '/store/a/init': script, '/store/a/sh': elf(62) } };
    expect(initState('init=/nix/store/a/init', { '/etc/fstab': fstab }, store)).toBe('verified');
  });

  test.each<[string, string, Files, string]>([
    ['NixOS whose /nix was not read', 'init=/nix/store/a/init', { '/nix/': '' }, 'not verified'],
    ['NixOS without its init program', 'init=/nix/store/a/init', { '/nix/store/a/sh': elf(62) }, 'broken'],
    ['Guix', 'gnu.load=/gnu/store/a-system/boot', { '/gnu/store/a-system/boot': '(primitive-load)' }, 'verified'],
    ['Guix without its program', 'gnu.load=/gnu/store/a-system/boot', {}, 'not verified'],
    ['a container', '', {}, 'broken'],
  ])('%s → its state', (_name, args, changes, expected) => {
    expect(initState(args, changes)).toBe(expected);
  });
});

/** A kernel with compressed content, which ends with its size. */
function kernelWith(payload: Buffer): Buffer {
  const head = kernelImage(KERNEL);
  const image = Buffer.concat([head, payload, Buffer.alloc((16 - (payload.length % 16)) % 16)]);
  image.writeUInt32LE((image.length - 1024) / 16, 0x1f4);
  image.writeUInt32LE(head.length - 1024, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return image;
}
const withSize = (compressed: Buffer, size: number): Buffer => {
  const end = Buffer.alloc(4);
  end.writeUInt32LE(size);
  return Buffer.concat([compressed, end]);
};
/** One byte differs in the middle. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}
