/** Whether Windows finds its disk and network on ECS: services, their start, their files, and the devices they are for. */
import type { FindingList } from '../findings.js';
import type { Inspection } from '../inspection.js';
import { controlKey, hiveAt, type Windows } from './find-windows.js';
import type { Key } from './hive.js';

const BOOT = 0;
const ON_DEMAND = 3;
const DISABLED = 4;

interface Driver {
  /**
   * `held back`: it starts with the boot, but not on the hardware that this Windows knows: StartOverride is Setup's note
   * of what that machine does without. On hardware that is new to it Windows does not heed the note.
   */
  readonly state: 'ready' | 'held back' | 'late' | 'no file' | 'absent';
  readonly evidence: string;
}

/** `latest`: the highest Start that still serves: 0 for what the boot needs, 3 for what is loaded when its device shows. */
function driver(windows: Windows, service: string, latest: number): Driver {
  const { key, path } = controlKey(windows, `Services\\${service}`);
  if (key === null) return { state: 'absent', evidence: `${path} is missing` };
  const start = key.number('Start') ?? DISABLED;
  const override = key.key('StartOverride')?.number('0') ?? null;
  const file = driverFile(key.text('ImagePath') ?? '', service);
  const there = windows.tree.info(file)?.kind === 'file';
  const evidence = [
    `${path}: Start=${start}`,
    ...(override === null ? [] : [`StartOverride\\0=${override}`]),
    `${file} ${there ? 'is there' : 'is missing'}`,
  ].join(', ');
  if (!there) return { state: 'no file', evidence };
  if (start > latest) return { state: 'late', evidence };
  return { state: override !== null && override > latest ? 'held back' : 'ready', evidence };
}

/** ImagePath is written in several ways; without one the driver lies where drivers lie. */
function driverFile(imagePath: string, service: string): string {
  const path = imagePath
    .replaceAll('\\', '/')
    .replace(/^(?:\/\?\?\/)?[A-Za-z]:/, '')
    .replace(/^(?:\/SystemRoot|%SystemRoot%)\//i, '/Windows/')
    .replace(/^(?=system32\/)/i, '/Windows/');
  return path.startsWith('/') ? path : `/Windows/System32/drivers/${service}.sys`;
}

const INSTALL = [
  'Install the virtio drivers for this version in the guest (the vendor’s "Install the virtio driver")',
  'pnputil /add-driver viostor.inf /install',
  'pnputil /add-driver netkvm.inf /install',
].join('; ');

/** Says of disk and network; the system disk of an instance is virtio-blk, so that vioscsi alone does not do. */
export function checkVirtio(windows: Windows, findings: FindingList): void {
  const disk = driver(windows, 'viostor', BOOT);
  const network = driver(windows, 'netkvm', ON_DEMAND);
  const scsi = driver(windows, 'vioscsi', BOOT);
  const also = scsi.state === 'absent' ? '' : `; ${scsi.evidence}`;
  if (disk.state === 'late') {
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'The virtio disk driver does not start with the boot: Windows stops with INACCESSIBLE_BOOT_DEVICE (0x7B) on ECS',
      `${disk.evidence}${also}`,
      startWithBoot('viostor'),
    );
  } else if (disk.state === 'held back') {
    const message =
      'The virtio disk driver is held back on the hardware that this Windows knows: the boot may stop with 0x7B';
    findings.add('warning', 'GUESTOS.Virtio', message, `${disk.evidence}${also}`, startWithBoot('viostor'));
  } else if (disk.state !== 'ready') {
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'There is no virtio disk driver (viostor): Windows stops with INACCESSIBLE_BOOT_DEVICE (0x7B) on ECS',
      `${disk.evidence}${also}`,
      INSTALL,
    );
  }
  const networkStarts = network.state === 'ready' || network.state === 'held back';
  if (!networkStarts) {
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'There is no virtio network driver (NetKVM) that starts: no network and no Remote Desktop on ECS',
      network.evidence,
      network.state === 'late' ? 'In the guest: sc.exe config netkvm start= demand' : INSTALL,
    );
  }
  if (disk.state !== 'ready') return;
  const device = boundDevice(windows);
  if (device === null) {
    findings.add(
      'warning',
      'GUESTOS.Virtio',
      'The virtio disk driver starts with the boot, but no virtio disk is bound to it: the boot may stop with 0x7B',
      `no PCI\\VEN_1AF4&DEV_1001 or DEV_1042 in Enum, DriverDatabase or CriticalDeviceDatabase; ${disk.evidence}`,
      INSTALL,
    );
  } else if (networkStarts) {
    const evidence = `${disk.evidence}; ${network.evidence}; ${device}`;
    findings.add('info', 'GUESTOS.Virtio', 'The virtio drivers are there when Windows boots', evidence, '');
  }
}

const VIRTIO_DISK = /^VEN_1AF4&DEV_(?:1001|1042)/i;

/**
 * Where Windows looks up which driver a new disk controller takes: devices that it has met, the driver database (since
 * Windows 8, in a hive of its own since Windows 10), and before that the critical device database.
 */
function boundDevice(windows: Windows): string | null {
  const enumerated = controlKey(windows, 'Enum\\PCI');
  const critical = controlKey(windows, 'Control\\CriticalDeviceDatabase');
  const database = 'DriverDatabase\\DeviceIds\\PCI';
  const places: readonly (() => { key: Key | null; path: string; prefix: RegExp })[] = [
    () => ({ ...enumerated, prefix: VIRTIO_DISK }),
    () => ({ key: windows.system.root.key(database), path: `SYSTEM\\${database}`, prefix: VIRTIO_DISK }),
    () => ({
      key: hiveAt(windows.tree, 'DRIVERS')?.root.key(database) ?? null,
      path: `DRIVERS\\${database}`,
      prefix: VIRTIO_DISK,
    }),
    () => ({ ...critical, prefix: /^pci#ven_1af4&dev_(?:1001|1042)/i }),
  ];
  for (const place of places) {
    const { key, path, prefix } = place();
    const name = key?.names().find((candidate) => prefix.test(candidate));
    if (name !== undefined) return `${path}\\${name}`;
  }
  return null;
}

export function checkNvmeDriver(windows: Windows, findings: FindingList): Inspection['nvmeSupport'] {
  const nvme = driver(windows, 'stornvme', BOOT);
  if (nvme.state === 'ready') {
    findings.add('info', 'GUESTOS.Nvme', 'The NVMe driver is there when Windows boots', nvme.evidence, '');
    return 'supported';
  }
  const remedy = startWithBoot('stornvme');
  if (nvme.state === 'held back') {
    const message =
      'The NVMe driver is held back on the hardware that this Windows knows: it may not boot on instance types with NVMe system disks';
    findings.add('warning', 'GUESTOS.Nvme', message, nvme.evidence, remedy);
    return null;
  }
  const message =
    'Instance types with NVMe system disks cannot boot this image; set features.nvmeSupport to unsupported';
  findings.add('warning', 'GUESTOS.Nvme', message, nvme.evidence, nvme.state === 'absent' ? '' : remedy);
  return 'unsupported';
}

function startWithBoot(service: string): string {
  const key = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${service}`;
  return `In the guest: sc.exe config ${service} start= boot; reg delete ${key}\\StartOverride /f`;
}
