/** Detects whether BIOS, UEFI firmware or both can boot the disk. Each mode's value is its evidence. */
import type { ByteSource } from '../bytes.js';
import { BIOS_BOOT, bootCode, ESP, MBR_ESP } from '../disk/partitions.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { unlessUnreadable } from '../findings.js';
import type { Inspection } from '../inspection.js';
import { readGrubCore } from './boot/grub-core.js';
import type { GrubImage } from './boot/grub-modules.js';
import { peMachine } from './boot/uki.js';
import type { LinkFindings } from './boot-chain.js';
import type { Architecture } from './identity.js';
import { someVolumeUnread } from './mounts.js';
import { type GuestTree, guestTree } from './tree.js';

export interface BootModes {
  readonly bios: string | null;
  /** An incomplete BIOS boot loader. */
  readonly biosBroken: string | null;
  /** `whole`: what the boot sector starts is there (GRUB 2 has a check of its own). `absent`: a BIOS starts nothing from this disk. */
  readonly biosStage: 'whole' | 'unknown' | 'absent';
  /** Of GRUB 2 for BIOS; null for other loaders, or if it could not be read. */
  readonly grubCore: GrubImage | null;
  /** A loader at the UEFI fallback path, which firmware without boot entries uses. */
  readonly uefi: string | null;
  /** A loader that only a boot entry in the source machine's NVRAM would start. */
  readonly uefiElsewhere: string | null;
  /** Architectures with a loader at the fallback path. */
  readonly loaders: readonly Architecture[];
}

/** UEFI fallback paths, with the machine type of the PE header. */
export const FALLBACKS: readonly {
  readonly file: string;
  readonly architecture: Architecture;
  readonly machine: number;
}[] = [
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
      // Firmware does not start a program for another machine type. A file without a PE header counts as a loader.
      if (!exists(tree, file) || ![machine, null].includes(efiMachine(tree, file))) continue;
      loaders.push(architecture);
      uefi ??= `${volume.name}: ${file}`;
    }
    uefiElsewhere ??= vendorLoader(tree, volume.name);
  }
  return { ...biosLoader(disk, layout), uefi, uefiElsewhere, loaders };
}

/** The modes in which a machine of this architecture can boot the disk. */
export function supportedBootModes(
  { bios, uefi, loaders }: BootModes,
  architecture: Architecture | null,
): Inspection['bootModes'] {
  const forThisArchitecture = uefi !== null && (architecture === null || loaders.includes(architecture));
  return [
    ...(bios !== null && architecture !== 'arm64' ? (['BIOS'] as const) : []),
    ...(forThisArchitecture ? (['UEFI'] as const) : []),
  ];
}

/** An EFI system partition, or any FAT file system with /EFI: firmware searches every FAT file system that it can read. */
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

/** The PE machine type; null if the file is missing or not an EFI program. */
function efiMachine(tree: GuestTree, file: string): number | null {
  return unlessUnreadable<number | null>(
    () => {
      const head = tree.bytes(file, 4096);
      return head === null ? null : peMachine(head);
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

type BiosLoader = Pick<BootModes, 'bios' | 'biosBroken' | 'biosStage' | 'grubCore'>;
const NO_BIOS: BiosLoader = { bios: null, biosBroken: null, biosStage: 'unknown', grubCore: null };
const works = (bios: string): BiosLoader => ({ ...NO_BIOS, bios });
const broken = (biosBroken: string): BiosLoader => ({ ...NO_BIOS, biosBroken });

function biosLoader(disk: ByteSource, layout: DiskLayout): BiosLoader {
  const code = unlessUnreadable(
    () => bootCode(disk),
    () => Buffer.alloc(0),
  );
  if (code.every((byte) => byte === 0) || !hasBootSignature(disk)) return { ...NO_BIOS, biosStage: 'absent' };
  if (code.includes('GRUB')) return grubStages(disk, code);
  if (code.includes('LILO')) return works('boot sector: LILO');
  const { scheme, partitions } = layout.table;
  if (scheme === 'mbr') {
    // Generic boot code starts the boot sector of the active partition.
    const active = partitions.find((partition) => partition.active);
    if (active === undefined) return NO_BIOS;
    const start = sectorAt(disk, active.start / SECTOR);
    if (start === null || isBlank(start) || start.toString('latin1', 0, 4) === 'XFSB') {
      return broken(`boot code in the MBR, but active partition ${active.number} has no boot sector`);
    }
    const started = `boot code in the MBR, active partition ${active.number}`;
    if (start.includes('GRUB')) return grubStages(disk, start, started);
    return syslinux(start, started, layout, active.number) ?? works(started);
  }
  if (scheme === 'gpt') {
    const bios = partitions.find(({ type }) => type === BIOS_BOOT);
    if (bios !== undefined) return works(`boot code in the MBR, BIOS boot partition ${bios.number}`);
    return code.includes('Missing OS') || code.includes('Missing operating system')
      ? startedByAttribute(disk, layout)
      : NO_BIOS;
  }
  if (code.includes('not a bootable disk')) return { ...NO_BIOS, biosStage: 'absent' };
  const started = 'boot code in the boot sector';
  return syslinux(sectorAt(disk, 0) ?? code, started, layout, null) ?? works(started);
}

/** SYSLINUX's code for GPT starts the partition with the attribute "legacy BIOS bootable". */
function startedByAttribute(disk: ByteSource, layout: DiskLayout): BiosLoader {
  for (const { number, start } of layout.table.partitions) {
    const sector = sectorAt(disk, start / SECTOR);
    const found =
      sector === null ? null : syslinux(sector, `boot code in the MBR, partition ${number}`, layout, number);
    if (found !== null) return found;
  }
  return works('boot sector: SYSLINUX');
}

const SYSLINUX_FOLDERS = ['', '/boot', '/boot/extlinux', '/boot/syslinux', '/extlinux', '/syslinux'];

/** Null: another loader. `partition` null: the whole disk. SYSLINUX loads `ldlinux.sys` from the file system of its sector. */
function syslinux(sector: Buffer, started: string, layout: DiskLayout, partition: number | null): BiosLoader | null {
  if (!sector.includes('LINUX')) return null;
  const evidence = `${started}: SYSLINUX`;
  const volume = layout.volumes.find((one) => (one.partition?.number ?? null) === partition);
  const fileSystem = volume?.fileSystem ?? null;
  if (fileSystem === null) return works(evidence);
  const tree = guestTree([{ at: '/', fileSystem }]);
  return SYSLINUX_FOLDERS.some((folder) => exists(tree, `${folder}/ldlinux.sys`))
    ? { ...works(evidence), biosStage: 'whole' }
    : broken(`${evidence}; no ldlinux.sys on its file system`);
}

/** A BIOS starts only a sector that ends with 55 AA. */
function hasBootSignature(disk: ByteSource): boolean {
  return sectorAt(disk, 0)?.readUInt16LE(510) === 0xaa55;
}

const SECTOR = 512;
/** Reads the sector of the next stage from GRUB's boot.img: 64 bits in GRUB 2, 32 bits in GRUB Legacy. */
const GRUB_NEXT = [
  (code: Buffer) => Number(code.readBigUInt64LE(0x5c)),
  (code: Buffer) => code.readUInt32LE(0x44),
] as const;

function grubStages(disk: ByteSource, code: Buffer, started = 'boot sector'): BiosLoader {
  const sectors = Math.floor(disk.size / SECTOR);
  const next = GRUB_NEXT.map((read) => read(code)).find((sector) => sector > 0 && sector < sectors);
  if (next === undefined) return works(`${started}: GRUB`);
  const loaded = sectorAt(disk, next);
  return loaded === null || isBlank(loaded)
    ? broken(`${started}: GRUB; its next stage at sector ${next} is blank`)
    : { ...works(`${started}: GRUB; its next stage is at sector ${next}`), grubCore: readGrubCore(disk, next) };
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

/** A disk that supports both modes is imported as BIOS, ImportImage's default for x86. */
export function reportBootMode(
  modes: BootModes,
  architecture: Architecture | null,
  layout: DiskLayout,
  findings: LinkFindings,
): Inspection['bootMode'] {
  const { bios, biosBroken, biosStage, uefi, uefiElsewhere, loaders } = modes;
  const forThisArchitecture = uefi !== null && (architecture === null || loaders.includes(architecture));
  const evidence = [bios, uefi, uefi === null ? uefiElsewhere : null].filter((part) => part !== null).join('; ');
  findings.saw(evidence);
  if (bios !== null && architecture !== 'arm64') {
    findings.add(
      'info',
      'GUESTOS.BootMode',
      forThisArchitecture ? 'Boots in BIOS and UEFI mode' : 'Boots in BIOS mode',
      evidence,
      '',
    );
    return 'BIOS';
  }
  if (forThisArchitecture) {
    findings.add('info', 'GUESTOS.BootMode', 'Boots in UEFI mode', evidence, '');
    const { uefiDoubt } = layout.table;
    if (uefiDoubt !== undefined) {
      const message =
        'Could not determine whether the firmware finds the EFI system partition: some firmware rejects the table';
      findings.unsure(
        'GUESTOS.BootMode',
        message,
        uefiDoubt,
        'Correct the partition table in the guest (sfdisk, parted).',
      );
    }
    return 'UEFI';
  }
  if (biosBroken !== null && architecture !== 'arm64') {
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      'The BIOS boot loader is incomplete: the instance does not reach the kernel',
      biosBroken,
      'Run grub-install /dev/DISK (RHEL family: grub2-install) in the guest or in a rescue system.',
    );
    return 'BIOS';
  }
  if (uefiElsewhere !== null) {
    const message = 'The boot loader is missing at the UEFI fallback path: the instance’s firmware does not find it';
    findings.add(
      'blocking',
      'GUESTOS.BootMode',
      message,
      evidence,
      'Run grub-install --removable in the guest, or copy the loader to EFI/BOOT/BOOTX64.EFI (arm64: BOOTAA64.EFI) on the EFI system partition.',
    );
    return 'UEFI';
  }
  const message = 'No boot loader was found: no boot code for BIOS, no EFI system partition with a loader';
  const shown =
    evidence ||
    (biosStage === 'absent'
      ? 'no boot code, or no signature 55 AA, in the boot sector'
      : 'unknown code in the boot sector');
  const remedy = 'Install a boot loader in the guest, or check that this is the system disk and not a partition of it.';
  if (biosStage === 'absent' && !someVolumeUnread(layout)) {
    findings.add('blocking', 'GUESTOS.BootMode', message, shown, remedy);
  } else findings.unsure('GUESTOS.BootMode', message, shown, remedy);
  return architecture === 'arm64' ? 'UEFI' : null;
}
