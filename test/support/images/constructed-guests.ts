/**
 * Guests of distributions whose packages are not available: documented layouts and real version strings, with empty files
 * in place of kernels and drivers. Reports mark them as `constructed`.
 */
import { gzipSync } from 'node:zlib';
import { cpioOf, elf, type Files, kernelImage } from './guest-files.js';

export const ROOT_UUID = '7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e';
export const BOOT_UUID = '1c9d0e6a-77aa-4f0e-8a2f-9e1d3c5b7a90';

export interface ConstructedGuest {
  readonly root: Files;
  /** Files of /boot, if it is a separate partition. */
  readonly boot?: Files;
  readonly esp?: Files;
  readonly kind: 'ext4' | 'xfs' | 'btrfs';
  /** The root is the LVM volume `vg/lv`. */
  readonly logical?: { readonly group: string; readonly name: string };
  readonly firmware: 'BIOS' | 'UEFI';
  readonly expected: {
    readonly platform: string;
    readonly osVersion: string;
    readonly kernelVersion: string;
    readonly cloudInitVersion: string | null;
    readonly nvmeSupport: 'supported' | 'unsupported';
    readonly findings: readonly string[];
  };
}

const MACHINE = '3f1c9a7be21d4c0f8a6b5d4e3c2b1a09';
/** The separate archive with CPU microcode that dracut and mkinitrd put before the main archive. */
const MICROCODE = cpioOf(['kernel/x86/microcode/AuthenticAMD.bin', 'kernel/x86/microcode/GenuineIntel.bin']);

function initramfs(kernel: string, drivers: readonly string[], ending = '.ko.xz'): Buffer {
  const modules = drivers.map((path) => `usr/lib/modules/${kernel}/kernel/${path}${ending}`);
  return Buffer.concat([
    MICROCODE,
    gzipSync(cpioOf(['init', 'usr/bin/dracut-cmdline', 'usr/sbin/lvm', ...modules]), { level: 9 }),
  ]);
}

const BOOT_DRIVERS = [
  'drivers/block/virtio_blk',
  'drivers/nvme/host/nvme',
  'fs/xfs/xfs',
  'fs/ext4/ext4',
  'drivers/md/dm-mod',
];
const LATER_DRIVERS = ['drivers/net/virtio_net', 'drivers/firmware/qemu_fw_cfg'];

/** Kernel, configuration, module lists and initramfs as a kernel package installs them. */
function kernelFiles(version: string, config: string, drivers: readonly string[], builtIn: readonly string[]): Files {
  const folder = `/usr/lib/modules/${version}`;
  return {
    [`${folder}/modules.dep`]: [...drivers, ...LATER_DRIVERS].map((path) => `kernel/${path}.ko.xz:\n`).join(''),
    [`${folder}/modules.builtin`]: builtIn.map((path) => `kernel/${path}.ko\n`).join(''),
    [`${folder}/config`]: config,
  };
}

const CONFIG = [
  'CONFIG_VIRTIO_BLK=m',
  'CONFIG_VIRTIO_NET=m',
  'CONFIG_VIRTIO_PCI=y',
  'CONFIG_BLK_DEV_NVME=m',
  'CONFIG_FW_CFG_SYSFS=y',
  'CONFIG_XFS_FS=m',
  'CONFIG_EXT4_FS=m',
  'CONFIG_BTRFS_FS=m',
  'CONFIG_BLK_DEV_DM=m',
  '',
].join('\n');

function base(osRelease: string, cloudInit: { readonly python: string; readonly version: string } | null): Files {
  return {
    '/etc/os-release': '-> ../usr/lib/os-release',
    '/usr/lib/os-release': osRelease,
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    '/etc/shadow': 'root:!!:19700:0:99999:7:::\n',
    '/etc/adjtime': '0.0 0 0.0\n0\nUTC\n',
    '/usr/lib/systemd/systemd': elf(62),
    '/sbin/init': '-> ../usr/lib/systemd/systemd',
    '/usr/bin/bash': elf(62),
    '/usr/sbin/sshd': elf(62),
    '/usr/bin/growpart': '#!/bin/sh\n',
    '/usr/sbin/xfs_growfs': '#!/bin/sh\n',
    '/usr/sbin/resize2fs': elf(62),
    '/usr/sbin/btrfs': elf(62),
    '/etc/login.defs': 'ENCRYPT_METHOD SHA512\n',
    ...(cloudInit === null
      ? {}
      : {
          [`${cloudInit.python}/cloudinit/version.py`]: `__VERSION__ = "${cloudInit.version}"\n_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"\n`,
        }),
  };
}

interface RedHatLike {
  readonly osRelease: string;
  readonly release: string;
  readonly kernel: string;
  readonly python: string;
  readonly cloudInit: string;
  readonly expected: Pick<ConstructedGuest['expected'], 'platform' | 'osVersion'> & {
    readonly findings?: readonly string[];
  };
  readonly selinux?: 'enforcing' | 'disabled';
  readonly network?: Files;
}

/** RHEL 8 and later and its derivatives: XFS on LVM, separate /boot, BLS entry files, dracut. */
function redHatLike(parts: RedHatLike): ConstructedGuest {
  const { kernel } = parts;
  const selinux = parts.selinux ?? 'disabled';
  return {
    kind: 'xfs',
    logical: { group: 'rhel', name: 'root' },
    firmware: 'BIOS',
    root: {
      ...base(parts.osRelease, { python: `/usr/lib/${parts.python}/site-packages`, version: parts.cloudInit }),
      ...kernelFiles(kernel, CONFIG, BOOT_DRIVERS, ['drivers/virtio/virtio_pci']),
      '/etc/redhat-release': `${parts.release}\n`,
      '/etc/fstab': `/dev/mapper/rhel-root / xfs defaults 0 0\nUUID=${BOOT_UUID} /boot xfs defaults 0 0\n`,
      '/etc/selinux/config': `SELINUX=${selinux}\nSELINUXTYPE=targeted\n`,
      '/usr/libexec/openssh/sshd-keygen': '#!/bin/sh\n',
      '/boot/.mount-point': '',
      ...(parts.network ?? {
        '/etc/sysconfig/network-scripts/ifcfg-eth0': 'DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n',
      }),
    },
    boot: {
      [`/vmlinuz-${kernel}`]: kernelImage(kernel),
      [`/initramfs-${kernel}.img`]: initramfs(kernel, BOOT_DRIVERS),
      [`/config-${kernel}`]: CONFIG,
      [`/vmlinuz-0-rescue-${MACHINE}`]: kernelImage('5.4.0-1'),
      [`/loader/entries/${MACHINE}-0-rescue.conf`]: `title Rescue\nversion 0-rescue-${MACHINE}\nlinux /vmlinuz-0-rescue-${MACHINE}\noptions $kernelopts\n`,
      [`/loader/entries/${MACHINE}-${kernel}.conf`]: `title System (${kernel})\nversion ${kernel}\nlinux /vmlinuz-${kernel}\ninitrd /initramfs-${kernel}.img $tuned_initrd\noptions $kernelopts $tuned_params\ngrub_users $grub_users\n`,
      '/grub2/grubenv': `# GRUB Environment Block\nsaved_entry=${MACHINE}-${kernel}\nkernelopts=root=/dev/mapper/rhel-root ro crashkernel=auto rd.lvm.lv=rhel/root console=tty0 console=ttyS0,115200n8\n`,
      '/grub2/grub.cfg': `set timeout=5\nload_env\nset default="\${saved_entry}"\ninsmod part_msdos\ninsmod blscfg\nblscfg\n`,
    },
    expected: {
      platform: parts.expected.platform,
      osVersion: parts.expected.osVersion,
      kernelVersion: kernel,
      cloudInitVersion: parts.cloudInit,
      nvmeSupport: 'supported',
      findings: [
        ...(parts.expected.findings ?? []),
        ...(selinux === 'enforcing' ? ['warning GUESTOS.Selinux'] : []),
        'warning GUESTOS.OnlineResizeFS',
      ].sort(),
    },
  };
}

const release = (id: string, name: string, version: string, more = '') =>
  `NAME="${name}"\nVERSION="${version}"\nID="${id}"\nVERSION_ID="${version}"\nPRETTY_NAME="${name} ${version}"\n${more}`;

/** CentOS 7 on MBR: a GRUB menu, with the saved entry in GRUB's environment block. */
const centos7Kernel = '3.10.0-1160.el7.x86_64';
const centos7: ConstructedGuest = {
  kind: 'xfs',
  firmware: 'BIOS',
  root: {
    ...base(release('centos', 'CentOS Linux', '7', 'VERSION="7 (Core)"\n'), {
      python: '/usr/lib/python2.7/site-packages',
      version: '0.7.6a15',
    }),
    ...kernelFiles(
      centos7Kernel,
      CONFIG.replace('VIRTIO_PCI=y', 'VIRTIO_PCI=m'),
      [...BOOT_DRIVERS, 'drivers/virtio/virtio_pci'],
      [],
    ),
    '/etc/centos-release': 'CentOS Linux release 7.9.2009 (Core)\n',
    [`/boot/vmlinuz-${centos7Kernel}`]: kernelImage(centos7Kernel),
    [`/boot/config-${centos7Kernel}`]: CONFIG.replace('VIRTIO_PCI=y', 'VIRTIO_PCI=m'),
    [`/boot/initramfs-${centos7Kernel}.img`]: initramfs(centos7Kernel, [...BOOT_DRIVERS, 'drivers/virtio/virtio_pci']),
    '/boot/grub2/grubenv': `# GRUB Environment Block\nsaved_entry=CentOS Linux (${centos7Kernel}) 7 (Core)\n`,
    '/boot/grub2/grub.cfg': `set timeout=5\nload_env\nset default="\${saved_entry}"\nmenuentry 'CentOS Linux (3.10.0-1200.el7.x86_64) 7 (Core)' --class centos {\n\tlinux16 /boot/vmlinuz-3.10.0-1200.el7.x86_64 root=UUID=${ROOT_UUID} ro\n}\nmenuentry 'CentOS Linux (${centos7Kernel}) 7 (Core)' --class centos {\n\tsearch --no-floppy --fs-uuid --set=root ${ROOT_UUID}\n\tlinux16 /boot/vmlinuz-${centos7Kernel} root=UUID=${ROOT_UUID} ro net.ifnames=0 console=ttyS0\n\tinitrd16 /boot/initramfs-${centos7Kernel}.img\n}\n`,
    '/etc/fstab': `UUID=${ROOT_UUID} / xfs defaults 0 0\n`,
    '/etc/selinux/config': 'SELINUX=disabled\n',
    '/etc/sysconfig/network-scripts/ifcfg-eth0': 'TYPE=Ethernet\nBOOTPROTO=dhcp\nDEVICE=eth0\nONBOOT=yes\n',
  },
  expected: {
    platform: 'CentOS',
    osVersion: '7',
    kernelVersion: centos7Kernel,
    cloudInitVersion: '0.7.6a15',
    nvmeSupport: 'supported',
    findings: [],
  },
};

/** openSUSE and SLES: the root is a btrfs snapshot, older versions have an xz initramfs, wicked reads ifcfg. */
function suse(osRelease: string, platform: string, osVersion: string): ConstructedGuest {
  const kernel = '5.14.21-150500.55.52-default';
  return {
    kind: 'btrfs',
    firmware: 'UEFI',
    root: {
      ...base(osRelease, { python: '/usr/lib/python3.6/site-packages', version: '23.3' }),
      ...kernelFiles(kernel, CONFIG, [...BOOT_DRIVERS, 'fs/btrfs/btrfs'], ['drivers/virtio/virtio_pci']),
      '/boot/vmlinuz': `-> vmlinuz-${kernel}`,
      '/boot/initrd': `-> initrd-${kernel}`,
      [`/boot/vmlinuz-${kernel}`]: kernelImage(kernel),
      [`/boot/config-${kernel}`]: CONFIG,
      [`/boot/initrd-${kernel}`]: initramfs(kernel, [...BOOT_DRIVERS, 'fs/btrfs/btrfs'], '.ko.zst'),
      '/boot/grub2/grub.cfg': `set timeout=8\nset btrfs_relative_path="y"\nmenuentry 'SLES 15-SP5' --class sles $menuentry_id_option 'gnulinux-simple-${ROOT_UUID}' {\n  linux /boot/vmlinuz-${kernel} root=UUID=${ROOT_UUID} \${extra_cmdline} splash=silent security=apparmor console=ttyS0\n  initrd /boot/initrd-${kernel}\n}\n`,
      '/etc/fstab': `UUID=${ROOT_UUID} / btrfs defaults 0 0\nUUID=${ROOT_UUID} /var btrfs subvol=/@/var 0 0\nUUID=ABCD-1234 /boot/efi vfat utf8 0 2\n`,
      '/etc/sysconfig/network/ifcfg-eth0': "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n",
      '/usr/sbin/sshd-gen-keys-start': '#!/bin/sh\n',
    },
    expected: {
      platform,
      osVersion,
      kernelVersion: kernel,
      cloudInitVersion: '23.3',
      nvmeSupport: 'supported',
      findings: [],
    },
  };
}

const alpineKernel = '6.6.58-0-virt';
/** Alpine: EXTLINUX, BusyBox, OpenRC, no cloud-init. */
const alpine: ConstructedGuest = {
  kind: 'ext4',
  firmware: 'BIOS',
  root: {
    '/etc/os-release': 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n',
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    '/etc/shadow': 'root:$6$abc$def:19700:0:::::\n',
    '/bin/busybox': elf(62),
    '/bin/sh': '-> /bin/busybox',
    '/sbin/init': '-> /bin/busybox',
    '/etc/inittab': '::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 38400 tty1\n',
    '/sbin/openrc': elf(62),
    '/usr/sbin/sshd': elf(62),
    '/etc/init.d/sshd': '#!/sbin/openrc-run\ngenerate_host_key_type() {\n  ssh-keygen -A\n}\n',
    '/etc/fstab': `UUID=${ROOT_UUID}\t/\text4\trw,relatime 0 1\n/dev/cdrom\t/media/cdrom\tiso9660\tnoauto,ro 0 0\n/dev/usbdisk\t/media/usb\tvfat\tnoauto\t0 0\n`,
    '/etc/network/interfaces': 'auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n',
    '/boot/vmlinuz-virt': kernelImage(alpineKernel),
    '/boot/config-6.6.58-0-virt': CONFIG,
    '/boot/initramfs-virt': gzipSync(
      cpioOf(['init', ...BOOT_DRIVERS.map((path) => `lib/modules/${alpineKernel}/kernel/${path}.ko.gz`)]),
      { level: 9 },
    ),
    '/boot/ldlinux.sys': 'SYSLINUX',
    '/boot/extlinux.conf': `DEFAULT menu.c32\nPROMPT 0\nTIMEOUT 10\nDEFAULT virt\nLABEL virt\n  MENU DEFAULT\n  LINUX vmlinuz-virt\n  INITRD initramfs-virt\n  APPEND root=UUID=${ROOT_UUID} modules=sd-mod,usb-storage,ext4 console=ttyS0\n`,
    [`/lib/modules/${alpineKernel}/modules.dep`]: [...BOOT_DRIVERS, ...LATER_DRIVERS]
      .map((path) => `kernel/${path}.ko.gz:\n`)
      .join(''),
    [`/lib/modules/${alpineKernel}/modules.builtin`]: 'kernel/drivers/virtio/virtio_pci.ko\n',
  },
  expected: {
    platform: 'Others Linux',
    osVersion: '3.20.3',
    kernelVersion: alpineKernel,
    cloudInitVersion: null,
    nvmeSupport: 'supported',
    findings: ['warning GUESTOS.CloudInit', 'warning GUESTOS.OnlineResizeFS'],
  },
};

const ubuntuKernel = '5.15.0-1050-kvm';
/** Ubuntu's cloud image: the kernel has built-in drivers and first boots without an initramfs. */
const ubuntu: ConstructedGuest = {
  kind: 'ext4',
  firmware: 'UEFI',
  root: {
    ...base(
      'PRETTY_NAME="Ubuntu 22.04.4 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.4 LTS (Jammy Jellyfish)"\nID=ubuntu\nID_LIKE=debian\n',
      null,
    ),
    '/usr/lib/python3/dist-packages/cloudinit/version.py':
      '__VERSION__ = "23.4.4"\n_PACKAGED_VERSION = "23.4.4-0ubuntu0~22.04.1"\n',
    [`/usr/lib/modules/${ubuntuKernel}/modules.dep`]: '',
    [`/usr/lib/modules/${ubuntuKernel}/modules.builtin`]: '',
    [`/boot/config-${ubuntuKernel}`]: CONFIG.replaceAll('=m', '=y'),
    [`/boot/vmlinuz-${ubuntuKernel}`]: kernelImage(ubuntuKernel),
    [`/boot/initrd.img-${ubuntuKernel}`]: gzipSync(cpioOf(['init'])),
    '/boot/grub/grub.cfg': `set timeout=0\nset default="0"\nmenuentry 'Ubuntu' --class ubuntu $menuentry_id_option 'gnulinux-simple-x' {\n\trecordfail\n\tsearch --no-floppy --fs-uuid --set=root ${ROOT_UUID}\n\tif [ "\${initrdfail}" = 1 ]; then\n\t  linux /boot/vmlinuz-${ubuntuKernel} root=UUID=${ROOT_UUID} ro console=tty1 console=ttyS0\n\t  initrd /boot/initrd.img-${ubuntuKernel}\n\telse\n\t  linux /boot/vmlinuz-${ubuntuKernel} root=UUID=${ROOT_UUID} ro console=tty1 console=ttyS0 panic=-1\n\t  #Dont Need initrd\n\tfi\n\tinitrdfail\n}\n`,
    '/etc/fstab': `UUID=${ROOT_UUID} / ext4 discard,errors=remount-ro 0 1\nUUID=ABCD-1234 /boot/efi vfat umask=0077 0 1\n`,
    '/etc/netplan/50-cloud-init.yaml':
      "# This file is generated from information provided by the datasource.  Changes\n# to it will not persist across an instance reboot.\nnetwork:\n    version: 2\n    ethernets:\n        ens3:\n            addresses: [10.0.2.15/24]\n            match:\n                macaddress: '52:54:00:12:34:56'\n            set-name: ens3\n",
  },
  expected: {
    platform: 'Ubuntu',
    osVersion: '22.04',
    kernelVersion: ubuntuKernel,
    cloudInitVersion: '23.4.4-0ubuntu0~22.04.1',
    nvmeSupport: 'supported',
    findings: [],
  },
};

export const CONSTRUCTED: Readonly<Record<string, ConstructedGuest>> = {
  'rhel-9': redHatLike({
    osRelease: release('rhel', 'Red Hat Enterprise Linux', '9.4', 'PLATFORM_ID="platform:el9"\n'),
    release: 'Red Hat Enterprise Linux release 9.4 (Plow)',
    kernel: '5.14.0-427.13.1.el9_4.x86_64',
    python: 'python3.9',
    cloudInit: '23.4',
    selinux: 'enforcing',
    expected: { platform: 'RedHat', osVersion: '9.4' },
    network: {
      '/etc/NetworkManager/system-connections/cloud.nmconnection':
        '[connection]\nid=cloud\ntype=ethernet\n\n[ipv4]\nmethod=auto\n',
    },
  }),
  'rocky-8': redHatLike({
    osRelease: release('rocky', 'Rocky Linux', '8.9'),
    release: 'Rocky Linux release 8.9 (Green Obsidian)',
    kernel: '4.18.0-513.5.1.el8_9.x86_64',
    python: 'python3.6',
    cloudInit: '23.1.1',
    expected: { platform: 'Rocky Linux', osVersion: '8.9' },
  }),
  'almalinux-9': redHatLike({
    osRelease: release('almalinux', 'AlmaLinux', '9.3'),
    release: 'AlmaLinux release 9.3 (Shamrock Pampas Cat)',
    kernel: '5.14.0-362.8.1.el9_3.x86_64',
    python: 'python3.9',
    cloudInit: '23.1.1',
    expected: { platform: 'AlmaLinux', osVersion: '9.3' },
  }),
  'centos-stream-9': redHatLike({
    osRelease: release('centos', 'CentOS Stream', '9'),
    release: 'CentOS Stream release 9',
    kernel: '5.14.0-444.el9.x86_64',
    python: 'python3.9',
    cloudInit: '23.4',
    expected: { platform: 'CentOS Stream', osVersion: '9' },
  }),
  'anolis-8': redHatLike({
    osRelease: release('anolis', 'Anolis OS', '8.8'),
    release: 'Anolis OS release 8.8',
    kernel: '5.10.134-13.an8.x86_64',
    python: 'python3.6',
    cloudInit: '22.1',
    expected: { platform: 'Anolis', osVersion: '8.8' },
  }),
  'alinux-3': redHatLike({
    osRelease: release('alinux', 'Alibaba Cloud Linux', '3'),
    release: 'Alibaba Cloud Linux release 3 (Soaring Falcon)',
    kernel: '5.10.134-16.1.al8.x86_64',
    python: 'python3.6',
    cloudInit: '19.1.22',
    expected: { platform: 'Aliyun', osVersion: '3' },
  }),
  'kylin-v10': redHatLike({
    osRelease: release('kylin', 'Kylin Linux Advanced Server', 'V10'),
    release: 'Kylin Linux Advanced Server release V10 (Lance)',
    kernel: '4.19.90-52.22.v2207.ky10.x86_64',
    python: 'python3.7',
    cloudInit: '19.1.2',
    expected: { platform: 'Kylin', osVersion: 'V10', findings: ['warning GUESTOS.CloudInit'] },
  }),
  'uos-20': redHatLike({
    osRelease: release('uos', 'UnionTech OS Server 20', '20'),
    release: 'UOS Server release 20 (fuyu)',
    kernel: '4.19.90-2403.3.0.0270.87.uel20.x86_64',
    python: 'python3.7',
    cloudInit: '19.4',
    expected: { platform: 'UOS', osVersion: '20' },
  }),
  'centos-7': centos7,
  'sles-15-sp5': suse(
    'NAME="SLES"\nVERSION="15-SP5"\nVERSION_ID="15.5"\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP5"\nID="sles"\nID_LIKE="suse"\n',
    'SUSE',
    '15.5',
  ),
  'opensuse-leap-15': suse(
    'NAME="openSUSE Leap"\nVERSION="15.5"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.5"\nPRETTY_NAME="openSUSE Leap 15.5"\n',
    'OpenSUSE',
    '15.5',
  ),
  'alpine-3': alpine,
  'ubuntu-22': ubuntu,
};
