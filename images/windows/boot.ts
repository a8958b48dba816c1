/** Checks that firmware, boot manager and boot configuration start this Windows on an instance. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { type BootModes, supportedBootModes } from '../guest/boot-mode.js';
import type { Architecture } from '../guest/identity.js';
import type { Inspection } from '../inspection.js';
import { type BootStore, deviceText, readBootStores, volumeOfDevice } from './boot-store.js';
import type { Windows } from './find-windows.js';

const FIRST_WITH_BOOT_STORE = 6000;
/** Partition type GUID of the Microsoft Reserved partition, which has no file system. */
const MICROSOFT_RESERVED = 'e3c9e316-0b5c-4db8-817d-f92df00215ae';
const REBUILD_BCD =
  'Boot the installation media, open Repair your computer > Command Prompt, and run bcdboot C:\\Windows /s S: /f ALL';

export type WindowsBoot = Pick<Inspection, 'bootMode' | 'bootModes'>;

export function checkBoot(
  windows: Windows,
  build: number | null,
  architecture: Architecture | null,
  layout: DiskLayout,
  modes: BootModes,
  findings: FindingList,
): WindowsBoot {
  const stores = readBootStores(layout);
  const isOld = build !== null && build < FIRST_WITH_BOOT_STORE;
  const supported = supportedBootModes(modes, architecture).filter(
    (mode) => isOld || stores.some(({ firmware }) => firmware === mode),
  );
  const bootMode = supported[0] ?? null;
  if (bootMode === null) return { bootMode: reportUnbootable(stores, modes, layout, findings), bootModes: supported };
  const evidence = [bootMode === 'UEFI' ? modes.uefi : modes.bios, ...stores.map(storeText)].filter(Boolean).join('; ');
  const message = supported.length === 2 ? 'Boots in BIOS and UEFI mode' : `Boots in ${bootMode} mode`;
  findings.add('info', 'GUESTOS.BootMode', message, evidence, '');
  const store = stores.find(({ firmware }) => firmware === bootMode);
  if (store !== undefined) checkStore(store, windows, layout, findings);
  return { bootMode, bootModes: supported };
}

function storeText({ volume, file }: BootStore): string {
  return `${volume.name}: ${file}`;
}

function reportUnbootable(
  stores: readonly BootStore[],
  modes: BootModes,
  layout: DiskLayout,
  findings: FindingList,
): Inspection['bootMode'] {
  const [store] = stores;
  if (store?.firmware === 'UEFI') {
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      'The boot manager is missing at the UEFI fallback path: the instance’s firmware does not find it',
      `${storeText(store)}; no /EFI/BOOT/BOOTX64.EFI`,
      'Run in the guest: mountvol S: /s; mkdir S:\\EFI\\BOOT; copy S:\\EFI\\Microsoft\\Boot\\bootmgfw.efi S:\\EFI\\BOOT\\BOOTX64.EFI',
    );
    return 'UEFI';
  }
  const evidence = [modes.bios, modes.uefi, modes.uefiElsewhere, ...stores.map(storeText)].filter(Boolean).join('; ');
  if (store !== undefined) {
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      'The boot code in the boot sector or the active partition is missing',
      evidence,
      'Boot the installation media, open Repair your computer > Command Prompt, and run bootrec /fixmbr; then diskpart: select disk 0, select partition 1, active',
    );
    return 'BIOS';
  }
  // The boot configuration may be on a volume that could not be read.
  const unread = layout.volumes.some(
    ({ fileSystem, content, partition }) =>
      fileSystem === null && content !== 'LVM' && partition?.type !== MICROSOFT_RESERVED,
  );
  findings.add(
    unread ? 'warning' : 'blocking',
    'GUESTOS.BootMode',
    'The boot configuration (BCD) is missing: Windows cannot boot from this disk alone',
    evidence || 'no /EFI/Microsoft/Boot/BCD, no /Boot/BCD',
    REBUILD_BCD,
  );
  return modes.uefi !== null && modes.bios === null ? 'UEFI' : modes.bios !== null ? 'BIOS' : null;
}

function checkStore(store: BootStore, windows: Windows, layout: DiskLayout, findings: FindingList): void {
  const { loader, firmware } = store;
  const where = storeText(store);
  if (loader === null) {
    const message = 'The default entry of the boot configuration does not start Windows';
    const evidence = `${where}: the default entry is not a Windows loader`;
    findings.add('warning', 'ECSIMPORT.BootStore', message, evidence, REBUILD_BCD);
    return;
  }
  const entry = `${where}: ${loader.id} (${loader.description || 'no description'})`;
  if (loader.path !== '' && /\.efi$/i.test(loader.path) !== (firmware === 'UEFI')) {
    const message = `The boot configuration for ${firmware} names a loader for ${firmware === 'UEFI' ? 'BIOS' : 'UEFI'}`;
    findings.add('blocking', 'ECSIMPORT.BootStore', message, `${entry}: path ${loader.path}`, REBUILD_BCD);
  }
  let found = true;
  for (const device of [loader.device, loader.osDevice]) {
    if (device === null || device.kind === 'relative' || device.kind === 'other') continue;
    const target = volumeOfDevice(device, layout);
    if (target !== null && target.name === windows.volume.name) continue;
    found = false;
    findings.add(
      target === null ? 'blocking' : 'warning',
      'ECSIMPORT.BootStore',
      target === null
        ? 'The boot configuration names a partition that is not on this disk: the boot stops with error 0xc000000e'
        : `The boot configuration starts another system, on ${target.name}`,
      `${entry}: ${deviceText(device)}`,
      REBUILD_BCD,
    );
  }
  if (loader.safeBoot) {
    const remedy = 'Run in the guest: bcdedit /deletevalue {default} safeboot';
    const message = 'Windows boots in safe mode, without the virtio network driver';
    findings.add('warning', 'ECSIMPORT.BootStore', message, `${entry}: safeboot`, remedy);
  }
  if (found) findings.add('info', 'ECSIMPORT.BootStore', 'The boot configuration starts this Windows', entry, '');
}
