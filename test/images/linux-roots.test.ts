/** Roots that a Linux guest puts together of several partitions or disks. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BOOT_UUID, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, cpioOf, elf, type Files, inspectGuestFiles, layoutOf } from '../support/images/guest-files.js';
import { guestNamed } from '../support/images/inspected-guests.js';

const ROCKY = guestNamed('rocky-8');

describe('a separate /usr that fstab does not name', () => {
  const USR: Files = {
    '/lib/os-release': 'ID=flatcar\nVERSION_ID=3975.2.0\nPRETTY_NAME="Flatcar Container Linux by Kinvolk 3975.2.0"\n',
    '/bin/bash': elf(62),
    '/lib/systemd/systemd': elf(62),
    '/lib/modules/6.6.54-flatcar/modules.builtin': 'kernel/drivers/block/virtio_blk.ko\n',
  };
  const usr = { files: USR, uuid: BOOT_UUID };

  test('Container Linux: the root is empty until the first boot → its system', () => {
    const layout = layoutOf(usr, { files: {}, uuid: ROOT_UUID });
    const volumes = layout.volumes.map((volume, index) => (index === 1 ? { ...volume, label: 'ROOT' } : volume));
    expect(inspectGuestFiles({ ...layout, volumes })).toMatchObject({
      ...{ platform: 'Others Linux', osVersion: '3975.2.0', architecture: 'x86_64' },
    });
  });

  test('a root whose /usr is another partition → its system', () => {
    const root = {
      '/etc/os-release': '-> ../usr/lib/os-release',
      '/etc/fstab': '',
      '/etc/passwd': 'root:x:0:0::/:/bin/sh\n',
    };
    expect(inspectGuestFiles(layoutOf(usr, { files: { ...root, '/usr': '' }, uuid: ROOT_UUID }))).toMatchObject({
      osVersion: '3975.2.0',
      architecture: 'x86_64',
    });
  });
});

describe('a root on RAID 1', () => {
  const raid = { version: '1.2', level: 1, members: 2, uuid: 'a:b:c:d', name: 'host:0', dataOffset: 0, dataSize: 0 };
  const version = '4.18.0-513.5.1.el8_9.x86_64';
  const drivers = [
    'drivers/virtio/virtio_pci',
    'drivers/block/virtio_blk',
    'drivers/md/raid1',
    'drivers/nvme/host/nvme',
    'fs/xfs/xfs',
  ];
  const initramfs = (...more: string[]) =>
    gzipSync(cpioOf(['init', ...more, ...drivers.map((path) => `usr/lib/modules/${version}/kernel/${path}.ko.xz`)]));
  const found = (version: string, ...more: string[]) => {
    const { root, boot } = ROCKY;
    const file = Object.keys({ ...root, ...boot }).find((path) => /initramfs-.*img$/.test(path)) ?? '';
    const layout = layoutOf(
      {
        files: { ...boot, ...(boot !== undefined && file in boot ? { [file]: initramfs(...more) } : {}) },
        uuid: BOOT_UUID,
        kind: 'xfs',
      },
      { files: { ...root, ...(file in root ? { [file]: initramfs(...more) } : {}) }, uuid: ROOT_UUID, kind: 'xfs' },
    );
    const volumes = layout.volumes.map((volume) =>
      volume.uuid === ROOT_UUID ? { ...volume, raid: { ...raid, version } } : volume,
    );
    const { findings } = inspectGuestFiles({ ...layout, volumes }, BIOS);
    return findings
      .filter(({ code, message }) => code === 'ECSIMPORT.RootDriver' && message.includes('RAID'))
      .map(({ severity }) => severity);
  };
  test('mdadm is in the initramfs → not verified: the other member is missing', () => {
    expect(found('1.2', 'usr/sbin/mdadm')).toEqual(['warning']);
  });
  test('no mdadm → blocking, unless the kernel can mount the member itself', () => {
    expect(found('1.2')).toEqual(['blocking']);
    expect(found('1.0')).toEqual(['warning']);
  });
});

describe('a root on a mirrored logical volume', () => {
  const version = '4.18.0-513.5.1.el8_9.x86_64';
  const found = (mirror: 'raid1' | 'mirror', ...modules: readonly string[]) => {
    const { root, boot } = ROCKY;
    const image = Object.keys({ ...root, ...boot }).find((path) => /initramfs-.*img$/.test(path)) ?? '';
    const drivers = [
      'drivers/virtio/virtio_pci',
      'drivers/block/virtio_blk',
      'drivers/md/dm-mod',
      'fs/xfs/xfs',
      ...modules,
    ];
    const content = gzipSync(
      cpioOf(['init', 'usr/sbin/lvm', ...drivers.map((path) => `usr/lib/modules/${version}/kernel/${path}.ko.xz`)]),
    );
    const layout = layoutOf(
      {
        files: { ...boot, ...(boot !== undefined && image in boot ? { [image]: content } : {}) },
        uuid: BOOT_UUID,
        kind: 'xfs',
      },
      { files: { ...root, ...(image in root ? { [image]: content } : {}) }, uuid: ROOT_UUID, kind: 'xfs' },
    );
    const volumes = layout.volumes.map((volume) =>
      volume.uuid === ROOT_UUID ? { ...volume, logical: { group: 'rl', name: 'root', mirror } } : volume,
    );
    return inspectGuestFiles({ ...layout, volumes }, BIOS)
      .findings.filter(({ code, message }) => code === 'ECSIMPORT.RootDriver' && /dm_(raid|mirror)/.test(message))
      .map(({ severity }) => severity);
  };
  test('the initramfs has the driver of the mirror → nothing', () => {
    expect(found('raid1', 'drivers/md/dm-raid')).toEqual([]);
    expect(found('mirror', 'drivers/md/dm-mirror')).toEqual([]);
  });
  test('the initramfs has none, or that of the other type → blocking', () => {
    expect(found('raid1')).toEqual(['blocking']);
    expect(found('raid1', 'drivers/md/dm-mirror')).toEqual(['blocking']);
    expect(found('mirror', 'drivers/md/dm-raid')).toEqual(['blocking']);
  });
});
