/** What the kernel, its initramfs and the init program do with their settings: siblings of the cases in boot-chain.test.ts. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, cpioOf, type Files, inspectGuestFiles, kernelImage, layoutOf } from '../support/images/guest-files.js';
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
    ['a kernel with a hole', '', { [`/boot/vmlinuz-${KERNEL}`]: kernelWithPayload(true) }],
  ])('%s → does not boot', (_, args, changes, root) => {
    expect(verdict(args, changes, root)).toBe('does not boot');
  });
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

test('a kernel without a hole → boots', () => {
  expect(verdict('', { [`/boot/vmlinuz-${KERNEL}`]: kernelWithPayload(false) })).toBe('boots');
});

/** A kernel with 64 KiB of compressed content. */
function kernelWithPayload(hasHole: boolean): Buffer {
  const head = kernelImage(KERNEL);
  const payload = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) >> 3));
  Buffer.from('1f8b', 'hex').copy(payload);
  if (hasHole) payload.fill(0, 20_000, 40_000);
  const image = Buffer.concat([head, payload]);
  image.writeUInt32LE((image.length - 1024) / 16, 0x1f4);
  image.writeUInt32LE(head.length - 1024, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return image;
}
