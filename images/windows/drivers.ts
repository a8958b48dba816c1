/** Checks that Windows has its disk and network drivers on ECS: services, start types, driver files and device bindings. */
import type { FindingList } from '../findings.js';
import type { Inspection } from '../inspection.js';
import { controlKey, hiveAt, type Windows } from './find-windows.js';
import type { Key } from './hive.js';

/** Start types of a service. */
const BOOT = 0;
const ON_DEMAND = 3;
const DISABLED = 4;

interface Driver {
  /**
   * `overridden`: a boot-start driver with a StartOverride, which Setup writes for drivers that the machine did not need.
   * Windows applies the override only on hardware that it has seen before.
   */
  readonly state: 'ready' | 'overridden' | 'late' | 'no file' | 'absent';
  readonly evidence: string;
}

/** @param latestStart the highest acceptable start type: 0 for a boot driver, 3 for one loaded when its device appears */
function driver(windows: Windows, service: string, latestStart: number): Driver {
  const { key, path } = controlKey(windows, `Services\\${service}`);
  if (key === null) return { state: 'absent', evidence: `${path} is missing` };
  const start = key.number('Start') ?? DISABLED;
  const override = key.key('StartOverride')?.number('0') ?? null;
  const file = driverFile(key.text('ImagePath') ?? '', service);
  const fileExists = windows.tree.info(file)?.kind === 'file';
  const evidence = [
    `${path}: Start=${start}`,
    ...(override === null ? [] : [`StartOverride\\0=${override}`]),
    `${file} ${fileExists ? 'exists' : 'is missing'}`,
  ].join(', ');
  if (!fileExists) return { state: 'no file', evidence };
  if (start > latestStart) return { state: 'late', evidence };
  return { state: override !== null && override > latestStart ? 'overridden' : 'ready', evidence };
}

/** Normalizes the notations of ImagePath; without one, Windows uses System32\drivers. */
function driverFile(imagePath: string, service: string): string {
  const path = imagePath
    .replaceAll('\\', '/')
    .replace(/^(?:\/\?\?\/)?[A-Za-z]:/, '')
    .replace(/^(?:\/SystemRoot|%SystemRoot%)\//i, '/Windows/')
    .replace(/^(?=system32\/)/i, '/Windows/');
  return path.startsWith('/') ? path : `/Windows/System32/drivers/${service}.sys`;
}

const INSTALL =
  'Install the virtio drivers for this Windows version in the guest (Alibaba Cloud: "Install the virtio driver"): ' +
  'pnputil /add-driver viostor.inf /install; pnputil /add-driver netkvm.inf /install';

/** The system disk of an instance is virtio-blk (viostor), so vioscsi alone is not enough. */
export function checkVirtio(windows: Windows, findings: FindingList): void {
  const disk = driver(windows, 'viostor', BOOT);
  const network = driver(windows, 'netkvm', ON_DEMAND);
  const scsi = driver(windows, 'vioscsi', BOOT);
  const also = scsi.state === 'absent' ? '' : `; ${scsi.evidence}`;
  if (disk.state === 'late') {
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'The virtio disk driver (viostor) is not a boot-start driver: Windows stops with INACCESSIBLE_BOOT_DEVICE (0x7B) on ECS',
      `${disk.evidence}${also}`,
      startWithBoot('viostor'),
    );
  } else if (disk.state === 'overridden') {
    const message =
      'StartOverride disables the virtio disk driver (viostor) at boot on known hardware: the boot may stop with 0x7B';
    findings.add('warning', 'GUESTOS.Virtio', message, `${disk.evidence}${also}`, startWithBoot('viostor'));
  } else if (disk.state !== 'ready') {
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'The virtio disk driver (viostor) is missing: Windows stops with INACCESSIBLE_BOOT_DEVICE (0x7B) on ECS',
      `${disk.evidence}${also}`,
      INSTALL,
    );
  }
  const networkStarts = network.state === 'ready' || network.state === 'overridden';
  if (!networkStarts) {
    findings.add(
      'blocking',
      'GUESTOS.Virtio',
      'The virtio network driver (NetKVM) is missing or disabled: the instance has no network and no Remote Desktop',
      network.evidence,
      network.state === 'late' ? 'Run in the guest: sc.exe config netkvm start= demand' : INSTALL,
    );
  }
  if (disk.state !== 'ready') return;
  const device = boundDevice(windows);
  if (device === null) {
    findings.add(
      'warning',
      'GUESTOS.Virtio',
      'No virtio disk is bound to the virtio disk driver (viostor): the boot may stop with 0x7B',
      `no PCI\\VEN_1AF4&DEV_1001 or DEV_1042 in Enum, DriverDatabase or CriticalDeviceDatabase; ${disk.evidence}`,
      INSTALL,
    );
  } else if (networkStarts) {
    const evidence = `${disk.evidence}; ${network.evidence}; ${device}`;
    findings.add('info', 'GUESTOS.Virtio', 'The virtio drivers load when Windows boots', evidence, '');
  }
}

const VIRTIO_DISK = /^VEN_1AF4&DEV_(?:1001|1042)/i;

/**
 * Where Windows finds the driver of a new disk controller: known devices, the driver database (since Windows 8; a
 * separate hive since Windows 10), or in older versions the critical device database.
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
    findings.add('info', 'GUESTOS.Nvme', 'The NVMe driver loads when Windows boots', nvme.evidence, '');
    return 'supported';
  }
  const remedy = startWithBoot('stornvme');
  if (nvme.state === 'overridden') {
    const message =
      'StartOverride disables the NVMe driver (stornvme) at boot on known hardware: Windows may not boot on instance types with NVMe system disks';
    findings.add('warning', 'GUESTOS.Nvme', message, nvme.evidence, remedy);
    return null;
  }
  const message =
    'The NVMe driver (stornvme) does not load at boot: instance types with NVMe system disks cannot boot this image';
  const without = 'Set features.nvmeSupport to unsupported, or install an NVMe driver in the guest.';
  findings.add('warning', 'GUESTOS.Nvme', message, nvme.evidence, nvme.state === 'absent' ? without : remedy);
  return 'unsupported';
}

function startWithBoot(service: string): string {
  const key = `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${service}`;
  return `Run in the guest: sc.exe config ${service} start= boot; reg delete ${key}\\StartOverride /f`;
}
