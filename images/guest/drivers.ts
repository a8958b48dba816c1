/** Checks that the kernel has its drivers on ECS: virtio, NVMe, the root file system, and fw_cfg for passwords. */
import type { Mirror } from '../disk/lvm.js';
import type { Volume } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import type { Inspection } from '../inspection.js';
import type { LinkFindings } from './boot-chain.js';
import type { Identity } from './identity.js';
import type { DriverPlace, Kernel } from './kernel.js';

export const AT_BOOT: readonly DriverPlace[] = ['built in', 'in the initramfs'];

export interface Driver {
  readonly module: string;
  readonly option: string;
}
const BOOT_DRIVERS: readonly Driver[] = [
  { module: 'virtio_pci', option: 'CONFIG_VIRTIO_PCI' },
  { module: 'virtio_blk', option: 'CONFIG_VIRTIO_BLK' },
];
const NETWORK: Driver = { module: 'virtio_net', option: 'CONFIG_VIRTIO_NET' };
const NVME: Driver = { module: 'nvme', option: 'CONFIG_BLK_DEV_NVME' };

/** For each file system, the drivers that can mount it. */
const ROOT_DRIVERS: Readonly<Record<string, readonly Driver[]>> = {
  ext2: [
    { module: 'ext4', option: 'CONFIG_EXT4_FS' },
    { module: 'ext2', option: 'CONFIG_EXT2_FS' },
  ],
  ext3: [
    { module: 'ext4', option: 'CONFIG_EXT4_FS' },
    { module: 'ext3', option: 'CONFIG_EXT3_FS' },
  ],
  ext4: [{ module: 'ext4', option: 'CONFIG_EXT4_FS' }],
  xfs: [{ module: 'xfs', option: 'CONFIG_XFS_FS' }],
  btrfs: [{ module: 'btrfs', option: 'CONFIG_BTRFS_FS' }],
};
const DEVICE_MAPPER: Driver = { module: 'dm_mod', option: 'CONFIG_BLK_DEV_DM' };
const MIRROR_DRIVERS: Readonly<Record<Mirror, Driver>> = {
  raid1: { module: 'dm_raid', option: 'CONFIG_DM_RAID' },
  mirror: { module: 'dm_mirror', option: 'CONFIG_DM_MIRROR' },
};

const ADD_VIRTIO =
  'Add the drivers to the initramfs in the guest. Debian, Ubuntu: ' +
  'printf "virtio_pci\\nvirtio_blk\\nvirtio_net\\n" >> /etc/initramfs-tools/modules && update-initramfs -u; ' +
  'RHEL family: dracut -f --add-drivers "virtio_pci virtio_blk virtio_net" /boot/initramfs-KERNEL.img KERNEL';
const SEE_VIRTIO = 'See Alibaba Cloud: "Install the virtio driver".';

/** Platforms for which the ImportImage page has requirements for passwords and key pairs, besides arm64. */
const CONFIG_PLATFORMS = ['CentOS Stream', 'Anolis', 'AlmaLinux', 'UOS', 'Kylin', 'Rocky Linux'];

export function needsDocumentRequirements(identity: Identity | null, architecture: string | null): boolean {
  return architecture === 'arm64' || CONFIG_PLATFORMS.includes(identity?.platform ?? '');
}

/** Returns the value for Features.NvmeSupport; null: could not be determined. */
export function checkDrivers(kernel: Kernel, findings: LinkFindings): Inspection['nvmeSupport'] {
  checkVirtio(kernel, findings);
  return checkNvme(kernel, findings);
}

function checkVirtio(kernel: Kernel, findings: LinkFindings): void {
  const places = BOOT_DRIVERS.map((driver) => ({ ...driver, place: placeOf(kernel, driver) }));
  const network = placeOf(kernel, NETWORK);
  const drivers = [...places, { ...NETWORK, place: network }].map(({ module, place }) => `${module} ${place}`);
  const evidence = `kernel ${kernel.version}: ${drivers.join(', ')}${initramfsText(kernel)}`;
  const add = (severity: 'info' | 'blocking', message: string, remedy: string) =>
    findings.add(severity, 'GUESTOS.Virtio', message, evidence, remedy);
  const late = places.filter(({ place }) => !AT_BOOT.includes(place));
  if (late.some(({ place }) => place === 'absent')) {
    const remedy = `Install a kernel with CONFIG_VIRTIO_PCI and CONFIG_VIRTIO_BLK in the guest. ${SEE_VIRTIO}`;
    add('blocking', 'The kernel has no virtio disk driver: it cannot find its disk on ECS', remedy);
  } else if (late.some(({ place }) => place === 'unknown') || (late.length > 0 && initramfsUnreadable(kernel))) {
    const remedy = `Run lsinitrd | grep virtio, or lsinitramfs | grep virtio in the guest. If nothing is listed: ${ADD_VIRTIO}`;
    const message = 'Could not determine whether the virtio drivers are available at boot';
    findings.unsure('GUESTOS.Virtio', message, evidence, remedy);
  } else if (late.length > 0) {
    const where = kernel.initramfs === null ? 'but the boot loader loads no initramfs' : 'that is not in the initramfs';
    add('blocking', `The virtio disk driver is a module ${where}: the kernel cannot find its disk on ECS`, ADD_VIRTIO);
  } else if (network === 'absent') {
    const remedy = `Install a kernel with CONFIG_VIRTIO_NET in the guest. ${SEE_VIRTIO}`;
    add('blocking', 'The kernel has no virtio network driver: the instance has no network', remedy);
  } else {
    add('info', 'The virtio drivers are available at boot', '');
    findings.saw(evidence);
  }
}

function checkNvme(kernel: Kernel, findings: FindingList): Inspection['nvmeSupport'] {
  const place = placeOf(kernel, NVME);
  const evidence = `kernel ${kernel.version}: nvme ${place}${initramfsText(kernel)}`;
  if (AT_BOOT.includes(place)) {
    findings.add('info', 'GUESTOS.Nvme', 'The NVMe driver is available at boot', evidence, '');
    return 'supported';
  }
  const unsure = place === 'unknown' || (place === 'module' && initramfsUnreadable(kernel));
  findings.add(
    unsure ? 'info' : 'warning',
    'GUESTOS.Nvme',
    unsure
      ? 'Could not determine whether the NVMe driver is available at boot'
      : 'The NVMe driver is not available at boot: instance types with NVMe system disks cannot boot this image',
    evidence,
    'Add nvme to the initramfs in the guest: echo nvme >> /etc/initramfs-tools/modules && update-initramfs -u, or dracut -f --add-drivers nvme',
  );
  return unsure ? null : 'unsupported';
}

/** Checks the drivers of the root file system and, for a logical volume, the device mapper’s. */
export function checkRootDriver(kernel: Kernel, volume: Volume, findings: LinkFindings): void {
  const kind = volume.fileSystem?.kind ?? '';
  const needed: (readonly Driver[])[] = [
    ROOT_DRIVERS[kind] ?? [],
    ...(volume.logical === null ? [] : [[DEVICE_MAPPER]]),
    ...(volume.logical?.mirror === undefined ? [] : [[MIRROR_DRIVERS[volume.logical.mirror]]]),
  ];
  for (const choice of needed.filter((drivers) => drivers.length > 0)) {
    const places = choice.map((driver) => placeOf(kernel, driver));
    const isMissing = places.every(
      (place) => place === 'absent' || (place === 'module' && !initramfsUnreadable(kernel)),
    );
    const name = choice.map(({ module }) => module).join(' or ');
    const evidence = `kernel ${kernel.version}: ${choice.map(({ module }, index) => `${module} ${places[index]}`).join(', ')}${initramfsText(kernel)}`;
    if (isMissing) {
      const message = `The driver of the root file system (${name}) is not available at boot`;
      findings.add('blocking', 'ECSIMPORT.RootDriver', message, evidence, REBUILD);
    } else if (!places.some((place) => AT_BOOT.includes(place))) {
      const message = `Could not determine whether the driver of the root file system (${name}) is available at boot`;
      findings.unsure('ECSIMPORT.RootDriver', message, evidence, REBUILD);
    }
  }
}

const REBUILD = 'Rebuild the initramfs in the guest: update-initramfs -u, or dracut -f.';
function placeOf(kernel: Kernel, { module, option }: Driver): DriverPlace {
  return kernel.driver(module, option);
}

function initramfsUnreadable({ initramfs }: Kernel): boolean {
  return initramfs !== null && initramfs.problem !== null;
}

export function initramfsText({ initramfs }: Kernel): string {
  if (initramfs === null) return '; no initramfs';
  const read = initramfs.problem === null ? `${initramfs.names.length} files` : `not readable: ${initramfs.problem}`;
  return `; ${initramfs.file} (${initramfs.compression}, ${read})`;
}

/** ECS passes passwords and keys to the guest through fw_cfg. `m` is enough: Debian loads the module on demand. */
export function checkFwCfg(kernel: Kernel, required: boolean, findings: FindingList): void {
  const place = kernel.driver('qemu_fw_cfg', 'CONFIG_FW_CFG_SYSFS');
  const evidence = `kernel ${kernel.version}: CONFIG_FW_CFG_SYSFS ${kernel.config('CONFIG_FW_CFG_SYSFS') ?? place}${kernel.configFile === null ? '' : ` (${kernel.configFile})`}`;
  if (place === 'unknown') {
    const message =
      'Could not determine whether the kernel has CONFIG_FW_CFG_SYSFS, which ECS needs to set passwords and key pairs';
    const remedy = 'Run in the guest: grep CONFIG_FW_CFG_SYSFS /boot/config-$(uname -r)';
    findings.add('info', 'ECSIMPORT.FwCfg', message, evidence, remedy);
  } else if (place === 'absent') {
    const message = 'The kernel has no CONFIG_FW_CFG_SYSFS: ECS cannot set passwords and key pairs';
    const remedy =
      'Install a kernel with CONFIG_FW_CFG_SYSFS in the guest: Linux 4.6 or later (CentOS: 3.10.0-826.el7 or later).';
    findings.add(required ? 'warning' : 'info', 'ECSIMPORT.FwCfg', message, evidence, remedy);
  } else {
    findings.add('info', 'ECSIMPORT.FwCfg', 'The kernel has CONFIG_FW_CFG_SYSFS', evidence, '');
  }
}
