/** Whether the kernel finds its disk and network on ECS: virtio, NVMe, and what passwords and keys need. */
import type { FindingList } from '../findings.js';
import type { Inspection } from '../inspection.js';
import type { Identity } from './identity.js';
import type { DriverPlace, Kernel } from './kernel.js';

const AT_BOOT: readonly DriverPlace[] = ['built in', 'in the initramfs'];
const BOOT_DRIVERS = [
  { module: 'virtio_pci', option: 'CONFIG_VIRTIO_PCI' },
  { module: 'virtio_blk', option: 'CONFIG_VIRTIO_BLK' },
] as const;
const NVME = { module: 'nvme', option: 'CONFIG_BLK_DEV_NVME' } as const;

const REBUILD = [
  'Debian, Ubuntu: printf "virtio_pci\\nvirtio_blk\\nvirtio_net\\n" >> /etc/initramfs-tools/modules && update-initramfs -u',
  'RHEL family: dracut -f --add-drivers "virtio_pci virtio_blk virtio_net" /boot/initramfs-KERNEL.img KERNEL',
].join('; ');

/** The document's list: these platforms, and arm64, need them for passwords and key pairs. */
const CONFIG_PLATFORMS = ['CentOS Stream', 'Anolis', 'AlmaLinux', 'UOS', 'Kylin', 'Rocky Linux'];

export function needsDocumentRequirements(identity: Identity | null, architecture: string | null): boolean {
  return architecture === 'arm64' || CONFIG_PLATFORMS.includes(identity?.platform ?? '');
}

/** Answers Features.NvmeSupport; null: could not tell. */
export function checkDrivers(kernel: Kernel, findings: FindingList): Inspection['nvmeSupport'] {
  const places = BOOT_DRIVERS.map(({ module, option }) => ({ module, place: kernel.driver(module, option) }));
  const network = { module: 'virtio_net', place: kernel.driver('virtio_net', 'CONFIG_VIRTIO_NET') };
  const evidence = `kernel ${kernel.version}: ${[...places, network].map(({ module, place }) => `${module} ${place}`).join(', ')}${initramfsText(kernel)}`;
  const late = places.filter(({ place }) => !AT_BOOT.includes(place));
  if (late.length === 0) {
    if (network.place !== 'absent') {
      findings.add('info', 'GUESTOS.Virtio', 'The virtio drivers are there when the kernel boots', evidence, '');
    } else {
      const remedy = 'Install a kernel with CONFIG_VIRTIO_NET; see the vendor’s "Install the virtio driver".';
      findings.add(
        'blocking',
        'GUESTOS.Virtio',
        'The kernel has no virtio network driver: no network on ECS',
        evidence,
        remedy,
      );
    }
  } else if (late.some(({ place }) => place === 'absent')) {
    const remedy =
      'Install a kernel with CONFIG_VIRTIO_PCI and CONFIG_VIRTIO_BLK; see the vendor’s "Install the virtio driver".';
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'The kernel has no virtio disk driver: it cannot find its disk on ECS',
      evidence,
      remedy,
    );
  } else if (
    late.some(({ place }) => place === 'unknown') ||
    (kernel.initramfs !== null && kernel.initramfs.problem !== null)
  ) {
    const message = 'Could not tell whether the virtio drivers are there when the kernel boots';
    findings.add(
      'warning',
      'GUESTOS.Virtio',
      message,
      evidence,
      `Check in the guest: lsinitrd or lsinitramfs | grep virtio. ${REBUILD}`,
    );
  } else {
    const message =
      'The virtio disk driver is a module that is not in the initramfs: the kernel cannot find its disk on ECS';
    findings.add('blocking', 'GUESTOS.Virtio', message, evidence, REBUILD);
  }
  return checkNvme(kernel, findings);
}

function checkNvme(kernel: Kernel, findings: FindingList): Inspection['nvmeSupport'] {
  const place = kernel.driver(NVME.module, NVME.option);
  const evidence = `kernel ${kernel.version}: nvme ${place}${initramfsText(kernel)}`;
  if (AT_BOOT.includes(place)) {
    findings.add('info', 'GUESTOS.Nvme', 'The NVMe driver is there when the kernel boots', evidence, '');
    return 'supported';
  }
  const unsure =
    place === 'unknown' || (place === 'module' && kernel.initramfs !== null && kernel.initramfs.problem !== null);
  findings.add(
    unsure ? 'info' : 'warning',
    'GUESTOS.Nvme',
    unsure
      ? 'Could not tell whether the NVMe driver is there when the kernel boots'
      : 'Instance types with NVMe system disks cannot boot this image; set features.nvmeSupport to unsupported',
    evidence,
    'Add nvme to the initramfs: echo nvme >> /etc/initramfs-tools/modules && update-initramfs -u, or dracut -f --add-drivers nvme',
  );
  return unsure ? null : 'unsupported';
}

function initramfsText({ initramfs }: Kernel): string {
  if (initramfs === null) return '; no initramfs';
  const read =
    initramfs.problem === null ? `${initramfs.names.length} files` : `could not be read: ${initramfs.problem}`;
  return `; ${initramfs.file} (${initramfs.packing}, ${read})`;
}

/** CONFIG_FW_CFG_SYSFS carries passwords and keys into the guest. `m` does as well: Debian loads it on demand. */
export function checkFwCfg(kernel: Kernel, required: boolean, findings: FindingList): void {
  const place = kernel.driver('qemu_fw_cfg', 'CONFIG_FW_CFG_SYSFS');
  const evidence = `kernel ${kernel.version}: CONFIG_FW_CFG_SYSFS ${kernel.config('CONFIG_FW_CFG_SYSFS') ?? place}${kernel.configFile === null ? '' : ` (${kernel.configFile})`}`;
  if (place === 'unknown') {
    const message = 'Could not tell whether the kernel has CONFIG_FW_CFG_SYSFS, which passwords and key pairs need';
    findings.add(
      'info',
      'ECSIMPORT.FwCfg',
      message,
      evidence,
      'In the guest: grep CONFIG_FW_CFG_SYSFS /boot/config-$(uname -r)',
    );
  } else if (place === 'absent') {
    const message = 'The kernel lacks CONFIG_FW_CFG_SYSFS: passwords and key pairs cannot be set from the cloud';
    const remedy = 'Use a kernel of Linux 4.6 or later (CentOS: 3.10.0-826.el7 or later) with CONFIG_FW_CFG_SYSFS.';
    findings.add(required ? 'warning' : 'info', 'ECSIMPORT.FwCfg', message, evidence, remedy);
  } else {
    findings.add('info', 'ECSIMPORT.FwCfg', 'The kernel has CONFIG_FW_CFG_SYSFS', evidence, '');
  }
}
