/** Linux guests of every family: their facts, and the findings that single defects add. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { CONSTRUCTED, type ConstructedGuest, ROOT_UUID } from '../support/images/constructed-guests.js';
import { cpioOf, elf, type Files, inspectGuestFiles, layoutOf, serious } from '../support/images/guest-files.js';
import { added, changed, guestNamed, inspect } from '../support/images/inspected-guests.js';

describe('a guest of a supported family', () => {
  test.each(Object.entries(CONSTRUCTED))('%s (constructed) → its facts and findings', (_name, guest) => {
    const inspection = inspect(guest);
    const { findings, ...facts } = guest.expected;
    expect(inspection).toMatchObject({ ...facts, architecture: 'x86_64', bootMode: guest.firmware });
    expect(serious(inspection)).toEqual(findings);
  });
});

const ROCKY = guestNamed('rocky-8');
const CENTOS = guestNamed('centos-7');
const UBUNTU = guestNamed('ubuntu-22');
const ALPINE = guestNamed('alpine-3');

const compressed = (version: string, ...drivers: string[]) =>
  gzipSync(cpioOf(['init', ...drivers.map((path) => `usr/lib/modules/${version}/kernel/${path}.ko.xz`)]));
const CENTOS_WITHOUT_VIRTIO = compressed('3.10.0-1160.el7.x86_64', 'fs/xfs/xfs');
const CENTOS_OF_ANOTHER = compressed(
  '3.10.0-957.el7.x86_64',
  'fs/xfs/xfs',
  'drivers/block/virtio_blk',
  'drivers/virtio/virtio_pci',
);

const CFG = '/boot/grub2/grub.cfg';
const UBUNTU_CFG = '/boot/grub/grub.cfg';
const IFCFG = '/etc/sysconfig/network-scripts/ifcfg-eth0';

describe('a defect → its finding', () => {
  test.each<[string, ConstructedGuest, Files, string[]]>([
    [
      'the root in fstab with a device name',
      CENTOS,
      { '/etc/fstab': '/dev/sda1 / xfs defaults 0 0\n' },
      ['warning GUESTOS.Fstab'],
    ],
    [
      'a mount with the source machine’s bus path',
      CENTOS,
      changed(CENTOS, '/etc/fstab', /$/g, '/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part2 /srv xfs defaults 0 0\n'),
      ['blocking GUESTOS.Fstab'],
    ],
    [
      'a mount with an unknown UUID',
      CENTOS,
      changed(CENTOS, '/etc/fstab', /$/g, 'UUID=00000000-1111-4222-8333-444444444444 /data xfs defaults 0 0\n'),
      ['blocking GUESTOS.Fstab'],
    ],
    [
      'the same with nofail',
      CENTOS,
      changed(CENTOS, '/etc/fstab', /$/g, 'UUID=00000000-1111-4222-8333-444444444444 /data xfs nofail 0 0\n'),
      ['warning GUESTOS.Fstab'],
    ],
    [
      'swap on a disk that is not imported',
      CENTOS,
      changed(CENTOS, '/etc/fstab', /$/g, 'UUID=00000000-1111-4222-8333-444444444444 none swap sw 0 0\n'),
      ['warning GUESTOS.Fstab'],
    ],
    [
      'the same mount with OpenRC, which continues the boot',
      ALPINE,
      changed(ALPINE, '/etc/fstab', /$/g, 'UUID=00000000-1111-4222-8333-444444444444 /data ext4 defaults 0 0\n'),
      ['warning GUESTOS.Fstab'],
    ],
    [
      'root= with a device name',
      CENTOS,
      changed(CENTOS, CFG, `root=UUID=${ROOT_UUID}`, 'root=/dev/sda1'),
      ['blocking GUESTOS.Grub'],
    ],
    [
      'root= with an unknown UUID',
      CENTOS,
      changed(CENTOS, CFG, ROOT_UUID, '00000000-1111-4222-8333-444444444444'),
      ['blocking GUESTOS.Grub'],
    ],
    [
      'a missing initramfs',
      CENTOS,
      changed(CENTOS, CFG, /initrd16 .*/g, 'initrd16 /boot/initramfs-gone.img'),
      ['blocking GUESTOS.Grub', 'blocking GUESTOS.Virtio', 'blocking ECSIMPORT.RootDriver', 'warning GUESTOS.Nvme'],
    ],
    [
      'no initramfs and root= with a UUID',
      UBUNTU,
      changed(UBUNTU, UBUNTU_CFG, /initrd \S+/g, ''),
      ['blocking GUESTOS.Grub'],
    ],
    [
      'an initramfs without virtio',
      CENTOS,
      { '/boot/initramfs-3.10.0-1160.el7.x86_64.img': CENTOS_WITHOUT_VIRTIO },
      ['blocking GUESTOS.Virtio', 'warning GUESTOS.Nvme'],
    ],
    [
      'an initramfs with drivers of another kernel',
      CENTOS,
      { '/boot/initramfs-3.10.0-1160.el7.x86_64.img': CENTOS_OF_ANOTHER },
      ['blocking ECSIMPORT.RootDriver', 'blocking GUESTOS.Virtio', 'warning GUESTOS.Nvme'],
    ],
    [
      'a file system as initial RAM disk',
      CENTOS,
      { '/boot/initramfs-3.10.0-1160.el7.x86_64.img': Buffer.from('453dcd28', 'hex') },
      ['warning GUESTOS.Virtio', 'warning ECSIMPORT.RootDriver', 'warning GUESTOS.Grub'],
    ],
    [
      'a static address',
      ROCKY,
      { [IFCFG]: 'DEVICE=eth0\nBOOTPROTO=none\nIPADDR=192.168.1.5\nPREFIX=24\nONBOOT=yes\n' },
      ['warning GUESTOS.Dhcp'],
    ],
    [
      'a static address in NetworkManager',
      ROCKY,
      {
        '/etc/NetworkManager/system-connections/a.nmconnection':
          '[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\naddress1=10.0.0.5/24\n',
      },
      ['warning GUESTOS.Dhcp'],
    ],
    [
      'a static address in netplan that cloud-init did not write',
      UBUNTU,
      {
        '/etc/netplan/01-static.yaml':
          'network:\n  ethernets:\n    ens160: {addresses: [10.0.0.5/24], gateway4: 10.0.0.1}\n',
      },
      ['warning GUESTOS.Dhcp'],
    ],
    [
      'a MAC address of the source machine',
      ROCKY,
      { [IFCFG]: 'DEVICE=eth0\nBOOTPROTO=dhcp\nHWADDR=00:50:56:aa:bb:cc\nONBOOT=yes\n' },
      ['warning ECSIMPORT.PersistentNet'],
    ],
    [
      'udev rules for the source machine’s network adapters',
      ROCKY,
      {
        '/etc/udev/rules.d/70-persistent-net.rules':
          '# old\nSUBSYSTEM=="net", ATTR{address}=="00:50:56:aa:bb:cc", NAME="eth0"\n',
      },
      ['warning ECSIMPORT.PersistentNet'],
    ],
    ['SELinux enforcing', ROCKY, { '/etc/selinux/config': 'SELINUX=enforcing\n' }, ['warning GUESTOS.Selinux']],
    [
      'the hardware clock in local time',
      ROCKY,
      { '/etc/adjtime': '0.0 0 0.0\n0\nLOCAL\n' },
      ['warning GUESTOS.RtcTimeMode'],
    ],
    [
      'weak password hashes on a platform that requires SHA-512',
      ROCKY,
      { '/etc/login.defs': 'ENCRYPT_METHOD MD5\n' },
      ['warning ECSIMPORT.Sha512'],
    ],
    [
      'cloud-init disabled',
      ROCKY,
      { '/etc/cloud/cloud-init.disabled': '' },
      ['warning ECSIMPORT.RootLocked', 'warning GUESTOS.CloudInit'],
    ],
    [
      'cloud-init without the Alibaba Cloud data source',
      ROCKY,
      { '/etc/cloud/cloud.cfg.d/90_dpkg.cfg': 'datasource_list:\n  - NoCloud\n  - Ec2\n' },
      ['warning GUESTOS.CloudInit'],
    ],
    [
      'LVM device names of the source hypervisor',
      ROCKY,
      {
        '/etc/lvm/devices/system.devices':
          'VERSION=1.1.2\nIDTYPE=sys_wwid IDNAME=naa.6000c29 DEVNAME=/dev/sda2 PVID=x PART=2\n',
      },
      ['warning ECSIMPORT.LvmDevices'],
    ],
    [
      'a kernel without CONFIG_FW_CFG_SYSFS on a platform that requires it',
      ROCKY,
      {
        '/boot/config-4.18.0-513.5.1.el8_9.x86_64': 'CONFIG_VIRTIO_PCI=y\n',
        '/usr/lib/modules/4.18.0-513.5.1.el8_9.x86_64/modules.dep': 'kernel/drivers/net/virtio_net.ko.xz:\n',
      },
      ['warning ECSIMPORT.FwCfg'],
    ],
    [
      'a missing kernel file',
      CENTOS,
      changed(CENTOS, CFG, /vmlinuz-3.10.0-1160/g, 'vmlinuz-3.10.0-1161'),
      ['blocking GUESTOS.Grub', 'warning GUESTOS.KernelVersion'],
    ],
  ])('%s', (_name, guest, changes, expected) => {
    expect(added(guest, changes)).toEqual([...expected].sort());
  });
});

describe('host name, package format and mounts', () => {
  test.each<[string, ConstructedGuest, Files, object]>([
    [
      'of a Red Hat with a separate /boot',
      ROCKY,
      { '/etc/hostname': 'web-1.example\n', '/var/lib/rpm/rpmdb.sqlite': '' },
      {
        ...{ hostName: 'web-1.example', packageFormat: 'rpm' },
        mounts: [
          { volume: 'logical volume rhel/root', at: '/' },
          { volume: 'partition 2', at: '/boot' },
        ],
      },
    ],
    [
      'of an Ubuntu',
      UBUNTU,
      { '/etc/hostname': '# name\nweb-2\n', '/var/lib/dpkg/status': '' },
      { hostName: 'web-2', packageFormat: 'deb' },
    ],
    [
      'of an old Red Hat',
      CENTOS,
      { '/etc/sysconfig/network': 'NETWORKING=yes\nHOSTNAME="db.example"\n' },
      { hostName: 'db.example', packageFormat: null },
    ],
    [
      'of an Alpine',
      ALPINE,
      { '/etc/hostname': 'edge\n', '/lib/apk/db/installed': '' },
      { hostName: 'edge', packageFormat: 'apk' },
    ],
  ])('%s', (_, guest, changes, expected) => {
    expect(inspect(guest, changes)).toMatchObject(expected);
  });
});

test('an unknown distribution → no blocking findings', () => {
  const inspection = inspectGuestFiles(
    layoutOf({
      uuid: ROOT_UUID,
      files: {
        '/etc/os-release': 'ID=nixos\nVERSION_ID="24.05"\nPRETTY_NAME="NixOS 24.05"\n',
        '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
        '/boot/grub/grub.cfg':
          'set timeout=5\nregexp --set=drive1 . $root\nmenuentry "NixOS" {\n  linux ($drive1)//kernels/abc-bzImage init=/nix/store/x/init\n  initrd ($drive1)//kernels/abc-initrd\n}\n',
        '/boot/kernels/abc-bzImage': 'not an x86 image',
        '/boot/kernels/abc-initrd': 'compressed in its own way',
        '/nix/store/x/init': '#!/nix/store/y/bin/bash\n',
        '/nix/store/y/bin/bash': elf(62),
      },
    }),
  );
  expect(inspection).toMatchObject({ platform: 'Others Linux', osVersion: '24.05', kernelVersion: null });
  expect(serious(inspection).filter((finding) => finding.startsWith('blocking'))).toEqual([]);
});
