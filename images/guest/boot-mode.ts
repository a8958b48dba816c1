/** Whether a BIOS, UEFI firmware or both can start the disk. */
import type { ByteSource } from '../bytes.js';
import { BIOS_BOOT, bootCode, ESP, MBR_ESP } from '../disk/partitions.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import type { Inspection } from '../inspection.js';
import type { Architecture } from './identity.js';
import { type GuestTree, guestTree } from './tree.js';

export interface BootModes {
  readonly bios: string | null;
  /** A loader at the path that firmware without boot entries starts. */
  readonly uefi: string | null;
  /** Loaders that only a boot entry in the old machine's firmware would start. */
  readonly uefiElsewhere: string | null;
  /** Architectures that have a loader at the fallback path. */
  readonly loaders: readonly Architecture[];
}

const FALLBACKS: readonly { readonly file: string; readonly architecture: Architecture }[] = [
  { file: '/EFI/BOOT/BOOTX64.EFI', architecture: 'x86_64' },
  { file: '/EFI/BOOT/BOOTAA64.EFI', architecture: 'arm64' },
  { file: '/EFI/BOOT/BOOTIA32.EFI', architecture: 'i386' },
];

export function readBootModes(disk: ByteSource, layout: DiskLayout): BootModes {
  const loaders: Architecture[] = [];
  let uefi: string | null = null;
  let uefiElsewhere: string | null = null;
  for (const volume of layout.volumes) {
    const tree = espTree(volume);
    if (tree === null) continue;
    for (const { file, architecture } of FALLBACKS) {
      if (!exists(tree, file)) continue;
      loaders.push(architecture);
      uefi ??= `${volume.name}: ${file}`;
    }
    uefiElsewhere ??= vendorLoader(tree, volume.name);
  }
  return { bios: biosLoader(disk, layout), uefi, uefiElsewhere, loaders };
}

/** Every mode that the disk can be started in on a machine of this architecture. */
export function startable(
  { bios, uefi, loaders }: BootModes,
  architecture: Architecture | null,
): Inspection['bootModes'] {
  const forThisArchitecture = uefi !== null && (architecture === null || loaders.includes(architecture));
  return [
    ...(bios !== null && architecture !== 'arm64' ? (['BIOS'] as const) : []),
    ...(forThisArchitecture ? (['UEFI'] as const) : []),
  ];
}

/** An EFI system partition, or any FAT where nothing is marked: firmware looks at every FAT it can read. */
function espTree({ fileSystem, partition }: Volume): GuestTree | null {
  if (fileSystem?.kind !== 'vfat') return null;
  const marked = partition === null || partition.type === ESP || partition.type === MBR_ESP;
  const tree = guestTree([{ at: '/', fileSystem }]);
  return marked || exists(tree, '/EFI') ? tree : null;
}

function exists(tree: GuestTree, path: string): boolean {
  return unlessUnreadable(
    () => tree.info(path)?.kind === 'file' || tree.info(path)?.kind === 'directory',
    () => false,
  );
}

function vendorLoader(tree: GuestTree, volume: string): string | null {
  return unlessUnreadable(
    () => {
      for (const vendor of tree.list('/EFI').filter((name) => !/^boot$/i.test(name))) {
        const loader = tree
          .list(`/EFI/${vendor}`)
          .find((name) => /^(shim|grub|bootmgfw|systemd-boot).*\.efi$/i.test(name));
        if (loader !== undefined) return `${volume}: /EFI/${vendor}/${loader}`;
      }
      return null;
    },
    () => null,
  );
}

function biosLoader(disk: ByteSource, layout: DiskLayout): string | null {
  const code = unlessUnreadable(
    () => bootCode(disk),
    () => Buffer.alloc(0),
  );
  if (code.every((byte) => byte === 0)) return null;
  if (code.includes('GRUB')) return 'boot sector: GRUB';
  if (code.includes('LILO')) return 'boot sector: LILO';
  const { scheme, partitions } = layout.table;
  if (scheme === 'mbr') {
    // Generic code starts the active partition's own boot sector.
    const active = partitions.find((partition) => partition.active);
    return active === undefined ? null : `boot sector code and active partition ${active.number}`;
  }
  if (scheme === 'gpt') {
    const bios = partitions.find(({ type }) => type === BIOS_BOOT);
    if (bios !== undefined) return `boot sector code and BIOS boot partition ${bios.number}`;
    return code.includes('Missing OS') || code.includes('Missing operating system') ? 'boot sector: SYSLINUX' : null;
  }
  return 'boot sector code';
}

/** What starts in both modes is imported as BIOS, the cloud's own default for x86. */
export function tellBootMode(
  modes: BootModes,
  architecture: Architecture | null,
  findings: FindingList,
): Inspection['bootMode'] {
  const { bios, uefi, uefiElsewhere, loaders } = modes;
  const forThisArchitecture = uefi !== null && (architecture === null || loaders.includes(architecture));
  const evidence = [bios, uefi, uefi === null ? uefiElsewhere : null].filter((part) => part !== null).join('; ');
  if (bios !== null && architecture !== 'arm64') {
    findings.add(
      'info',
      'GUESTOS.BootMode',
      forThisArchitecture ? 'Boots from BIOS and from UEFI' : 'Boots from BIOS',
      evidence,
      '',
    );
    return 'BIOS';
  }
  if (forThisArchitecture) {
    findings.add('info', 'GUESTOS.BootMode', 'Boots from UEFI', evidence, '');
    return 'UEFI';
  }
  if (uefiElsewhere !== null) {
    const message =
      'The UEFI loader is not where firmware without boot entries looks: the instance would stop in the firmware';
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      message,
      evidence,
      'grub-install --removable, or copy the loader to EFI/BOOT/BOOTX64.EFI (arm64: BOOTAA64.EFI) on the EFI system partition.',
    );
    return 'UEFI';
  }
  const message = 'Could not tell how the disk boots: no boot code, and no EFI system partition with a loader';
  findings.add(
    'warning',
    'GUESTOS.BootMode',
    message,
    evidence || 'boot sector empty',
    'Install a boot loader in the guest, or check that this is the system disk.',
  );
  return architecture === 'arm64' ? 'UEFI' : null;
}
