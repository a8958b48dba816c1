/** Roots on logical volumes and arrays, which the initramfs must activate: the boots of `npm run test:images` decided. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bufferSource, openFile } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import {
  BIOS,
  cpioOf,
  type Files,
  inspectGuestFiles,
  layoutOf,
  type VolumeParts,
} from '../support/images/guest-files.js';
import { LVM_DATA, LVM_EXTENT, physicalVolume } from '../support/images/made-lvm.js';
import { verdictOf } from './truth/verdict.js';

const KERNEL = '3.10.0-1160.el7.x86_64';
const FILES: Files = CONSTRUCTED['centos-7']?.root ?? {};
const module = (path: string) => `usr/lib/modules/${KERNEL}/kernel/${path}.ko`;
const NAMES = [
  'init',
  'usr/sbin/lvm',
  'usr/sbin/mdadm',
  ...['fs/xfs/xfs', 'drivers/block/virtio_blk', 'drivers/virtio/virtio_pci', 'drivers/md/dm-mod'].map(module),
  ...['drivers/md/dm-raid', 'drivers/md/raid1', 'drivers/nvme/host/nvme'].map(module),
];
/** Of initramfs-tools: of Debian 13, and of older releases. */
const TOOLS = ['scripts/local', 'usr/lib/udev/rules.d/56-lvm.rules'];
const RULES = [...TOOLS, 'usr/lib/udev/rules.d/69-lvm.rules'];
const SCRIPT = [...TOOLS, 'scripts/local-top/lvm2'];
const DRACUT = ['usr/lib/dracut/hooks/cmdline/30-parse-lvm.sh'];

function verdict(
  more: readonly string[],
  parts: Omit<VolumeParts, 'files'>,
  changes: Files = {},
  without = '',
): string {
  const initrd = `/boot/initramfs-${KERNEL}.img`;
  const entry = `linux /vmlinuz-${KERNEL} root=UUID=${ROOT_UUID} console=ttyS0\ninitrd /initrd.img`;
  const boot = {
    '/grub2/grub.cfg': `set timeout=1\nmenuentry x {\n${entry}\n}\n`,
    [`/vmlinuz-${KERNEL}`]: FILES[`/boot/vmlinuz-${KERNEL}`] ?? '',
    '/initrd.img': gzipSync(cpioOf([...NAMES, ...more].filter((name) => without === '' || !name.includes(without)))),
  };
  const files = Object.fromEntries(Object.entries({ ...FILES, ...changes }).filter(([path]) => path !== initrd));
  const config = `CONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_NET=m\nCONFIG_XFS_FS=m\nCONFIG_BLK_DEV_DM=m\nCONFIG_DM_RAID=m\nCONFIG_MD_RAID1=m\n`;
  const layout = layoutOf(
    { files: boot, uuid: 'b007b007-0000-4000-8000-000000000000' },
    { files: { ...files, [`/boot/config-${KERNEL}`]: config }, uuid: ROOT_UUID, kind: 'xfs', ...parts },
  );
  return verdictOf(inspectGuestFiles(layout, BIOS));
}

const logical = { group: 'vg', name: 'root' };
const conf = (text: string): Files => ({ '/etc/lvm/lvm.conf': text });
const devices = (line: string): Files => ({ '/etc/lvm/devices/system.devices': `VERSION=1.1.2\n${line} PVID=x\n` });

test.each<[string, string, readonly string[], Files?]>([
  ['a rule of udev', 'boots', RULES],
  ['a script', 'boots', SCRIPT],
  ['dracut', 'boots', DRACUT],
  ['neither a rule nor a script', 'not verified', TOOLS],
  ['a filter for another disk', 'not verified', RULES, conf('devices {\n filter = [ "a|/dev/sda|", "r|.*|" ]\n}\n')],
  ['a filter on several lines', 'not verified', RULES, conf('global_filter = [\n "a|^/dev/sda$|",\n "r/.*/"\n]\n')],
  ['a filter that names every disk', 'boots', RULES, conf('filter = [ "a|.*|" ]\n')],
  ['a filter for disks of virtio', 'not verified', RULES, conf('filter = [ "a|/dev/vd|", "r|.*|" ]\n')],
  ['a filter without these disks', 'boots', RULES, conf('filter = [ "a|/dev/vd|", "a|/dev/nvme|", "r|.*|" ]\n')],
  ['a filter that rejects other disks', 'boots', RULES, conf('filter = [ "r|/dev/cdrom|", "r|/dev/loop|" ]\n')],
  ['a comment', 'boots', RULES, conf('# filter = [ "r|.*|" ]\n\t# volume_list = [ "other" ]\n')],
  ['a list of other groups', 'not verified', DRACUT, conf('activation/volume_list = [ "other" ]\n')],
  ['a list with the group', 'boots', DRACUT, conf('volume_list = [ "vg" ]\n')],
  ['a list with the volume', 'boots', DRACUT, conf('volume_list = [ "x", "vg/root" ]\n')],
  ['no automatic activation', 'not verified', RULES, conf('auto_activation_volume_list = []\n')],
  ['devices of another hypervisor', 'not verified', DRACUT, devices('IDTYPE=sys_wwid IDNAME=naa.6000c29')],
  ['devices by their names', 'boots', DRACUT, devices('IDTYPE=devname IDNAME=/dev/vda2')],
  ['no events', 'not verified', RULES, conf('global {\n event_activation = 0 # off\n}\n')],
])('a logical volume, %s → %s', (_, expected, more, changes) => {
  expect(verdict(more, { logical }, changes)).toBe(expected);
});

test('a logical volume whose group has a physical volume elsewhere → not verified', () => {
  expect(verdict(RULES, { logical: { ...logical, isIncomplete: true } })).toBe('not verified');
  expect(verdict(RULES, { logical: { ...logical, isIncomplete: true, mirror: 'raid1' } })).toBe('not verified');
  expect(verdict(RULES, { logical: { ...logical, isIncomplete: false, mirror: 'raid1' } })).toBe('boots');
});

test('the data of a thin pool that begin like a file system → not read as a volume', () => {
  const disk = openContainer(openFile(new URL('fixtures/ext4.qcow2', import.meta.url).pathname), findingList()).disk;
  const content = disk?.read(0, disk.size) ?? Buffer.alloc(0);
  const bytes = Buffer.concat([Buffer.alloc(LVM_DATA), content]);
  const extents = [[0, content.length / LVM_EXTENT]] as const;
  const made = (visible: boolean) =>
    readLayout(bufferSource(physicalVolume(bytes, [{ name: 'pool_tdata', visible, extents }])), findingList())
      .volumes[1];
  expect(made(true)?.fileSystem?.kind).toBe('ext4');
  expect(made(false)).toMatchObject({ fileSystem: null, uuid: null, content: 'a part of a logical volume' });
});

test.each<[string, string, string]>([
  ['1.2', '', 'not verified'],
  ['1.2', '/raid1.ko', 'does not boot'],
  ['1.2', 'mdadm', 'does not boot'],
  ['1.1', '/raid1.ko', 'does not boot'],
  ['1.0', '/raid1.ko', 'not verified'],
  ['0.90', 'mdadm', 'not verified'],
])('a RAID 1 with metadata %s, without "%s" in the initramfs → %s', (version, without, expected) => {
  const raid = { version, level: 1, members: 2, uuid: '', name: null, dataOffset: 0, dataSize: 0 };
  expect(verdict(RULES, { raid }, {}, without)).toBe(expected);
});
