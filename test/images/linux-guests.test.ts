/** Linux guests of every family: their facts, and the findings that single defects add. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BOOT_UUID, CONSTRUCTED, type ConstructedGuest, ROOT_UUID } from '../support/images/constructed-guests.js';
import {
  BIOS,
  cpioOf,
  elf,
  type Files,
  type GuestInspection,
  inspectGuestFiles,
  layoutOf,
  SYSLINUX,
  serious,
  UEFI,
  type VolumeParts,
} from '../support/images/guest-files.js';
import { grubEfi } from '../support/images/made-efi.js';

const loader = (folder: string) =>
  grubEfi({
    prefix: '/EFI/BOOT',
    configuration: `search.fs_uuid ${ROOT_UUID} root\nset prefix=($root)${folder}\nconfigfile $prefix/grub.cfg\n`,
  });

function inspect(guest: ConstructedGuest, changes: Files = {}, others: readonly VolumeParts[] = []): GuestInspection {
  const { root, boot, kind, logical, firmware } = guest;
  const files = { ...root, ...changes };
  const parts: VolumeParts[] = [
    {
      kind: 'vfat',
      uuid: 'ABCD-1234',
      files: { '/EFI/BOOT/BOOTX64.EFI': loader('/boot/grub2/grub.cfg' in root ? '/boot/grub2' : '/boot/grub') },
    },
    ...(boot === undefined ? [] : [{ files: { ...boot, ...within('/boot', changes) }, uuid: BOOT_UUID, kind }]),
    { files, uuid: ROOT_UUID, kind, ...(logical === undefined ? {} : { logical }) },
  ];
  const bios = '/boot/ldlinux.sys' in root ? SYSLINUX : BIOS;
  return inspectGuestFiles(layoutOf(...parts, ...others), firmware === 'BIOS' ? bios : UEFI);
}

function within(folder: string, files: Files): Files {
  const inside = Object.entries(files).filter(([path]) => path.startsWith(`${folder}/`));
  return Object.fromEntries(inside.map(([path, content]) => [path.slice(folder.length), content]));
}

describe('a guest of a supported family', () => {
  test.each(Object.entries(CONSTRUCTED))('%s (constructed) → its facts and findings', (_name, guest) => {
    const inspection = inspect(guest);
    const { findings, ...facts } = guest.expected;
    expect(inspection).toMatchObject({ ...facts, architecture: 'x86_64', bootMode: guest.firmware });
    expect(serious(inspection)).toEqual(findings);
  });
});

const ROCKY = CONSTRUCTED['rocky-8'] as ConstructedGuest;
const CENTOS = CONSTRUCTED['centos-7'] as ConstructedGuest;
const UBUNTU = CONSTRUCTED['ubuntu-22'] as ConstructedGuest;
const ALPINE = CONSTRUCTED['alpine-3'] as ConstructedGuest;

const compressed = (version: string, ...drivers: string[]) =>
  gzipSync(cpioOf(['init', ...drivers.map((path) => `usr/lib/modules/${version}/kernel/${path}.ko.xz`)]));
const CENTOS_WITHOUT_VIRTIO = compressed('3.10.0-1160.el7.x86_64', 'fs/xfs/xfs');
const CENTOS_OF_ANOTHER = compressed(
  '3.10.0-957.el7.x86_64',
  'fs/xfs/xfs',
  'drivers/block/virtio_blk',
  'drivers/virtio/virtio_pci',
);

/** The findings that a change adds to those of the unchanged guest. */
function added(guest: ConstructedGuest, changes: Files): string[] {
  const before = serious(inspect(guest));
  return serious(inspect(guest, changes)).filter((finding) => !before.includes(finding));
}
const changed = (guest: ConstructedGuest, path: string, from: string | RegExp, to: string): Files => ({
  [path]: String(guest.root[path] ?? guest.boot?.[path.replace('/boot', '')]).replaceAll(from, to),
});

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
      'an initramfs with an unsupported compression',
      CENTOS,
      { '/boot/initramfs-3.10.0-1160.el7.x86_64.img': Buffer.from('894c5a4f000d0a1a0a', 'hex') },
      ['warning GUESTOS.Virtio', 'warning ECSIMPORT.RootDriver'],
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

test('a data source list with AliYun → no finding', () => {
  const list = { '/etc/cloud/cloud.cfg.d/90_dpkg.cfg': 'datasource_list: [ NoCloud, AliYun, None ]\n' };
  expect(added(UBUNTU, list)).toEqual([]);
  expect(added(ROCKY, list)).toEqual([]);
});

describe('a source machine’s network adapter in the configuration → ECSIMPORT.PersistentNet', () => {
  const mac = '00:50:56:aa:bb:cc';
  test.each<[string, ConstructedGuest, Files]>([
    ['ifcfg', ROCKY, { [IFCFG]: `DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nHWADDR="${mac}"\n` }],
    [
      'a NetworkManager keyfile',
      ROCKY,
      {
        '/etc/NetworkManager/system-connections/ens192.nmconnection': `[connection]\ntype=ethernet\n[ethernet]\nmac-address=${mac.toUpperCase()}\n[ipv4]\nmethod=auto\n`,
      },
    ],
    [
      'netplan',
      UBUNTU,
      {
        '/etc/netplan/01-install.yaml': `network:\n  version: 2\n  ethernets:\n    lan:\n      match:\n        macaddress: "${mac}"\n      dhcp4: true\n      set-name: lan\n`,
      },
    ],
    [
      'netplan on one line',
      UBUNTU,
      { '/etc/netplan/01-install.yaml': `network: {ethernets: {lan: {match: {macaddress: ${mac}}, dhcp4: true}}}\n` },
    ],
    [
      'systemd-networkd',
      UBUNTU,
      { '/etc/systemd/network/10-lan.network': `[Match]\nMACAddress=${mac}\n[Network]\nDHCP=yes\n` },
    ],
    [
      'a link of systemd',
      UBUNTU,
      { '/etc/systemd/network/10-lan.link': `[Match]\nMACAddress=${mac}\n[Link]\nName=lan0\n` },
    ],
    [
      'a rule of udev',
      ROCKY,
      {
        '/etc/udev/rules.d/70-persistent-net.rules': `SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="${mac}", NAME="eth0"\n`,
      },
    ],
  ])('%s', (_name, guest, changes) => {
    expect(added(guest, changes)).toContain('warning ECSIMPORT.PersistentNet');
  });
});

describe('a data source that is set for cloud-init', () => {
  const NO_SOURCE = ['warning GUESTOS.CloudInit'];
  test.each<[string, Files, string[]]>([
    ['ds-identify.cfg names another', { '/etc/cloud/ds-identify.cfg': 'datasource: NoCloud\n' }, NO_SOURCE],
    ['ds-identify.cfg names AliYun', { '/etc/cloud/ds-identify.cfg': 'datasource: AliYun\n' }, []],
    [
      'ds-identify.cfg names AliYun, which counts more than the list',
      {
        '/etc/cloud/ds-identify.cfg': 'policy: search\ndatasource: AliYun\n',
        '/etc/cloud/cloud.cfg.d/90.cfg': 'datasource_list: [NoCloud]\n',
      },
      [],
    ],
    [
      'the last list counts',
      {
        '/etc/cloud/cloud.cfg.d/99.cfg': 'datasource_list: [Ec2]\n',
        '/etc/cloud/cloud.cfg.d/10.cfg': 'datasource_list: [AliYun]\n',
      },
      NO_SOURCE,
    ],
    [
      'a list in brackets over lines',
      { '/etc/cloud/cloud.cfg.d/99.cfg': 'datasource_list: [\n  Ec2,\n  "AliYun"\n]\n' },
      [],
    ],
    ['a comment', { '/etc/cloud/cloud.cfg.d/99.cfg': '# datasource_list: [Ec2]\n' }, []],
  ])('%s', (_name, files, expected) => {
    expect(added(UBUNTU, files)).toEqual(expected);
  });

  test.each([
    ['ds=nocloud', NO_SOURCE],
    ['ds=nocloud;s=http://10.0.0.1/', NO_SOURCE],
    ['ci.datasource=Ec2', NO_SOURCE],
    ['ci.ds=AliYun', []],
    ['ds=aliyun', []],
    ['cloud-init=enabled', []],
  ])('%s on the kernel command line', (argument, expected) => {
    expect(added(UBUNTU, changed(UBUNTU, UBUNTU_CFG, / ro /g, ` ro ${argument} `))).toEqual(expected);
  });
});

test.each([
  ['from distutils import version as vr\n\ndef version():\n    return vr.StrictVersion("0.7.6a15")\n', '0.7.6a15'],
  ['__VERSION__ = "22.4.2"\n_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"\n', '22.4.2'],
  ['__VERSION__ = "23.4.4"\n_PACKAGED_VERSION = "23.4.4-0ubuntu0~22.04.1"\n', '23.4.4-0ubuntu0~22.04.1'],
])('version.py of cloud-init %j → its version', (source, version) => {
  const file = '/usr/lib/python2.7/site-packages/cloudinit/version.py';
  expect(inspect(CENTOS, { [file]: source }).cloudInitVersion).toBe(version);
});

test('cloud-init 25.3 and later → the version in meson_versions.py', () => {
  const folder = '/usr/lib/python2.7/site-packages/cloudinit';
  const inspection = inspect(CENTOS, {
    [`${folder}/version.py`]: 'from cloudinit import meson_versions\n__VERSION__ = meson_versions.UPSTREAM_VERSION\n',
    [`${folder}/meson_versions.py`]: 'UPSTREAM_VERSION = "26.2"\nDOWNSTREAM_VERSION = "@DOWNSTREAM_VERSION@"\n',
  });
  expect(inspection.cloudInitVersion).toBe('26.2');
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
