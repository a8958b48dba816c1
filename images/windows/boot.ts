/** Whether firmware, boot manager and boot configuration lead to this Windows on an instance. */
import type { DiskLayout } from '../disk/volumes.js';
import type { FindingList } from '../findings.js';
import { type BootModes, startable } from '../guest/boot-mode.js';
import type { Architecture } from '../guest/identity.js';
import type { Inspection } from '../inspection.js';
import { type BootStore, deviceText, readBootStores, volumeOfDevice } from './boot-store.js';
import type { Windows } from './find-windows.js';

const FIRST_WITH_BOOT_STORE = 6000;
/** Windows keeps this partition free for itself. */
const RESERVED = 'e3c9e316-0b5c-4db8-817d-f92df00215ae';
const REMAKE = 'Start the installation medium, Repair your computer, Command Prompt: bcdboot C:\\Windows /s S: /f ALL';

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
  const able = startable(modes, architecture).filter(
    (mode) => isOld || stores.some(({ firmware }) => firmware === mode),
  );
  const bootMode = able[0] ?? null;
  if (bootMode === null) return { bootMode: tellUnbootable(stores, modes, layout, findings), bootModes: able };
  const evidence = [bootMode === 'UEFI' ? modes.uefi : modes.bios, ...stores.map(storeText)].filter(Boolean).join('; ');
  const message = able.length === 2 ? 'Boots from BIOS and from UEFI' : `Boots from ${bootMode}`;
  findings.add('info', 'GUESTOS.BootMode', message, evidence, '');
  const store = stores.find(({ firmware }) => firmware === bootMode);
  if (store !== undefined) checkStore(store, windows, layout, findings);
  return { bootMode, bootModes: able };
}

function storeText({ volume, file }: BootStore): string {
  return `${volume.name}: ${file}`;
}

function tellUnbootable(
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
      'The boot manager is not where firmware without boot entries looks: the instance would stop in the firmware',
      `${storeText(store)}; no /EFI/BOOT/BOOTX64.EFI`,
      'In the guest: mountvol S: /s; mkdir S:\\EFI\\BOOT; copy S:\\EFI\\Microsoft\\Boot\\bootmgfw.efi S:\\EFI\\BOOT\\BOOTX64.EFI',
    );
    return 'UEFI';
  }
  const evidence = [modes.bios, modes.uefi, modes.uefiElsewhere, ...stores.map(storeText)].filter(Boolean).join('; ');
  if (store !== undefined) {
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      'There is a boot configuration, but no boot code in the boot sector or no active partition',
      evidence,
      'Start the installation medium, Repair your computer, Command Prompt: bootrec /fixmbr; diskpart: select partition 1, active',
    );
    return 'BIOS';
  }
  // A volume that was not read may hold it.
  const unread = layout.volumes.some(
    ({ fileSystem, content, partition }) => fileSystem === null && content !== 'LVM' && partition?.type !== RESERVED,
  );
  findings.add(
    unread ? 'warning' : 'blocking',
    'GUESTOS.BootMode',
    'No boot configuration (BCD) was found: Windows cannot start from this disk alone',
    evidence || 'no /EFI/Microsoft/Boot/BCD, no /Boot/BCD',
    REMAKE,
  );
  return modes.uefi !== null && modes.bios === null ? 'UEFI' : modes.bios !== null ? 'BIOS' : null;
}

function checkStore(store: BootStore, windows: Windows, layout: DiskLayout, findings: FindingList): void {
  const { loader, firmware } = store;
  const where = storeText(store);
  if (loader === null) {
    const message = 'The boot configuration starts no Windows by itself';
    findings.add('warning', 'ECSIMPORT.BootStore', message, `${where}: no default entry of a Windows loader`, REMAKE);
    return;
  }
  const entry = `${where}: ${loader.id} (${loader.description || 'no description'})`;
  if (loader.path !== '' && /\.efi$/i.test(loader.path) !== (firmware === 'UEFI')) {
    const message = `The boot configuration for ${firmware} names a loader of the other firmware`;
    findings.add('blocking', 'ECSIMPORT.BootStore', message, `${entry}: path ${loader.path}`, REMAKE);
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
        ? 'The boot configuration names a partition that is not on this disk: the boot stops with 0xc000000e'
        : `The boot configuration starts another system, on ${target.name}`,
      `${entry}: ${deviceText(device)}`,
      REMAKE,
    );
  }
  if (loader.safeBoot) {
    const remedy = 'In the guest: bcdedit /deletevalue {default} safeboot';
    const message = 'Windows starts in safe mode, without the cloud’s network driver';
    findings.add('warning', 'ECSIMPORT.BootStore', message, `${entry}: safeboot`, remedy);
  }
  if (found) findings.add('info', 'ECSIMPORT.BootStore', 'The boot configuration leads to this Windows', entry, '');
}
