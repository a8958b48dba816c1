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
  /** A BIOS loader of which a part is missing. */
  readonly biosBroken: string | null;
  /** A loader at the path that firmware without boot entries starts. */
  readonly uefi: string | null;
  /** Loaders that only a boot entry in the old machine's firmware would start. */
  readonly uefiElsewhere: string | null;
  /** Architectures that have a loader at the fallback path. */
  readonly loaders: readonly Architecture[];
}

/** With the machine number in the program's header. */
const FALLBACKS: readonly { readonly file: string; readonly architecture: Architecture; readonly machine: number }[] = [
  { file: '/EFI/BOOT/BOOTX64.EFI', architecture: 'x86_64', machine: 0x8664 },
  { file: '/EFI/BOOT/BOOTAA64.EFI', architecture: 'arm64', machine: 0xaa64 },
  { file: '/EFI/BOOT/BOOTIA32.EFI', architecture: 'i386', machine: 0x14c },
];

export function readBootModes(disk: ByteSource, layout: DiskLayout): BootModes {
  const loaders: Architecture[] = [];
  let uefi: string | null = null;
  let uefiElsewhere: string | null = null;
  for (const volume of layout.volumes) {
    const tree = espTree(volume);
    if (tree === null) continue;
    for (const { file, architecture, machine } of FALLBACKS) {
      // A program for another architecture under this name starts nothing; what is no program is not judged.
      if (!exists(tree, file) || ![machine, null].includes(efiMachine(tree, file))) continue;
      loaders.push(architecture);
      uefi ??= `${volume.name}: ${file}`;
    }
    uefiElsewhere ??= vendorLoader(tree, volume.name);
  }
  return { ...biosLoader(disk, layout), uefi, uefiElsewhere, loaders };
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

/** Null: no such file, or no EFI program. */
function efiMachine(tree: GuestTree, file: string): number | null {
  return unlessUnreadable<number | null>(
    () => {
      const head = tree.bytes(file, 4096);
      if (head === null || head.length < 64 || head.toString('latin1', 0, 2) !== 'MZ') return null;
      const at = head.readUInt32LE(60);
      return at + 6 <= head.length && head.toString('latin1', at, at + 4) === 'PE\0\0'
        ? head.readUInt16LE(at + 4)
        : null;
    },
    () => null,
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

type BiosLoader = Pick<BootModes, 'bios' | 'biosBroken'>;
const NO_BIOS: BiosLoader = { bios: null, biosBroken: null };
const works = (bios: string): BiosLoader => ({ bios, biosBroken: null });
const broken = (biosBroken: string): BiosLoader => ({ bios: null, biosBroken });

function biosLoader(disk: ByteSource, layout: DiskLayout): BiosLoader {
  const code = unlessUnreadable(
    () => bootCode(disk),
    () => Buffer.alloc(0),
  );
  if (code.every((byte) => byte === 0)) return NO_BIOS;
  if (code.includes('GRUB')) return grubStages(disk, code);
  if (code.includes('LILO')) return works('boot sector: LILO');
  const { scheme, partitions } = layout.table;
  if (scheme === 'mbr') {
    // Generic code starts the active partition's own boot sector.
    const active = partitions.find((partition) => partition.active);
    if (active === undefined) return NO_BIOS;
    const start = sectorAt(disk, active.start / SECTOR);
    if (start === null || isBlank(start) || start.toString('latin1', 0, 4) === 'XFSB') {
      return broken(`boot sector code, and active partition ${active.number} without a boot sector of its own`);
    }
    return works(`boot sector code and active partition ${active.number}`);
  }
  if (scheme === 'gpt') {
    const bios = partitions.find(({ type }) => type === BIOS_BOOT);
    if (bios !== undefined) return works(`boot sector code and BIOS boot partition ${bios.number}`);
    return code.includes('Missing OS') || code.includes('Missing operating system')
      ? works('boot sector: SYSLINUX')
      : NO_BIOS;
  }
  return code.includes('not a bootable disk') ? NO_BIOS : works('boot sector code');
}

const SECTOR = 512;
/** Where GRUB's first stage keeps the sector of what it loads: 64 bits in GRUB 2, 32 bits in GRUB of the first generation. */
const GRUB_NEXT = [
  (code: Buffer) => Number(code.readBigUInt64LE(0x5c)),
  (code: Buffer) => code.readUInt32LE(0x44),
] as const;

function grubStages(disk: ByteSource, code: Buffer): BiosLoader {
  const sectors = Math.floor(disk.size / SECTOR);
  const next = GRUB_NEXT.map((read) => read(code)).find((sector) => sector > 0 && sector < sectors);
  if (next === undefined) return works('boot sector: GRUB');
  const loaded = sectorAt(disk, next);
  return loaded === null || isBlank(loaded)
    ? broken(`boot sector: GRUB, which loads sector ${next}; that is blank`)
    : works(`boot sector: GRUB, its next stage at sector ${next}`);
}

function sectorAt(disk: ByteSource, sector: number): Buffer | null {
  return unlessUnreadable<Buffer | null>(
    () => disk.read(sector * SECTOR, SECTOR),
    () => null,
  );
}

function isBlank(bytes: Buffer): boolean {
  return bytes.subarray(0, 440).every((byte) => byte === 0);
}

/** What starts in both modes is imported as BIOS, the cloud's own default for x86. */
export function tellBootMode(
  modes: BootModes,
  architecture: Architecture | null,
  findings: FindingList,
): Inspection['bootMode'] {
  const { bios, biosBroken, uefi, uefiElsewhere, loaders } = modes;
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
  if (biosBroken !== null && architecture !== 'arm64') {
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      'The boot loader in the boot sector is not whole: the machine would stop before the kernel',
      biosBroken,
      'In the guest, or in a rescue system: grub-install /dev/DISK (RHEL family: grub2-install).',
    );
    return 'BIOS';
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
