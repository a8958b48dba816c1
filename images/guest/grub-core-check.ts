/** Checks that GRUB's core image for BIOS finds and can read the rest of GRUB. */
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { unlessUnreadable } from '../findings.js';
import { folderOfCommands, folderOfPrefix } from './boot/grub-folder.js';
import type { GrubImage } from './boot/grub-modules.js';
import { type LinkFindings, TRY_BOOT } from './boot-chain.js';
import type { BootModes } from './boot-mode.js';
import { someVolumeUnread } from './mounts.js';
import { guestTree } from './tree.js';

const REINSTALL = 'Run grub-install /dev/DISK (RHEL family: grub2-install) in the guest or in a rescue system.';
const FILE_SYSTEM_MODULES: Readonly<Record<string, string>> = {
  ...{ ext2: 'ext2', ext3: 'ext2', ext4: 'ext2', xfs: 'xfs', vfat: 'fat', ntfs: 'ntfs' },
};

/** `modes.bios` is the evidence for a boot loader. */
export function checkBiosLoader(modes: BootModes, layout: DiskLayout, findings: LinkFindings): void {
  if (modes.grubCore !== null) checkGrubCore(modes.grubCore, layout, findings);
  else if (modes.biosStage === 'whole') findings.saw(modes.bios ?? '');
  else {
    const message = 'Could not determine whether the BIOS boot loader is whole: it has a form that is not supported';
    findings.unsure('GUESTOS.BootMode', message, modes.bios ?? 'no boot loader', TRY_BOOT);
  }
}

/** For the menu, and for the kernel of an entry: one of each. */
const FOR_START = [['normal'], ['linux', 'linux16']];
const ELF = '\x7fELF';
/** `grub-install --compress` compresses the modules. A module of the core image decompresses them. */
const COMPRESSED: readonly { readonly start: string; readonly reader: string }[] = [
  { start: '\x1f\x8b', reader: 'gzio' },
  { start: '\xfd7zX', reader: 'xzio' },
  { start: '\x89LZO', reader: 'lzopio' },
];

function isModule(bytes: Buffer | null, { modules }: GrubImage): boolean {
  const start = bytes?.toString('latin1') ?? '';
  return start === ELF || COMPRESSED.some((form) => start.startsWith(form.start) && modules.has(form.reader));
}

export function checkGrubCore(core: GrubImage, layout: DiskLayout, findings: LinkFindings): void {
  const { configuration, prefix } = core;
  const place = configuration === null ? folderOfPrefix(prefix ?? '') : folderOfCommands(configuration);
  const shown = `core image: ${place?.evidence ?? prefix ?? 'no prefix'}`;
  if (place === null) {
    findings.unsure('GUESTOS.BootMode', 'Could not determine where GRUB looks for its files', shown, TRY_BOOT);
    return;
  }
  const add = (message: string, evidence: string) =>
    findings.add('blocking', 'GUESTOS.BootMode', message, evidence, REINSTALL);
  const volume = place.find(layout);
  if (volume === null && someVolumeUnread(layout)) {
    const message = 'Could not determine whether the partition with GRUB’s files is on this disk';
    findings.unsure('GUESTOS.BootMode', message, shown, TRY_BOOT);
    return;
  }
  if (volume === null) {
    add('GRUB looks for its files on a partition that this disk does not have', shown);
    return;
  }
  const { fileSystem } = volume;
  if (fileSystem === null) {
    const message = 'Could not read GRUB’s files: their file system is not supported';
    findings.unsure('GUESTOS.BootMode', message, `${shown}; ${volume.name}: ${volume.content ?? 'unknown'}`, TRY_BOOT);
    return;
  }
  const missing = neededModules(volume, fileSystem.kind, layout, shown).filter((name) => !core.modules.has(name));
  if (missing.length > 0) {
    add(
      `GRUB cannot read its own files: its core image has no module ${missing.join(', ')}`,
      `${shown}; ${volume.name}: ${fileSystem.kind}`,
    );
    return;
  }
  // btrfs paths start with a subvolume that this reading may not have opened.
  const exists = (path: string) =>
    fileSystem.kind === 'btrfs' ||
    unlessUnreadable(
      () => guestTree([{ at: '/', fileSystem }]).exists(path),
      () => true,
    );
  const isUnusable = (name: string) =>
    !core.modules.has(name) &&
    fileSystem.kind !== 'btrfs' &&
    unlessUnreadable(
      () =>
        !isModule(guestTree([{ at: '/', fileSystem }]).bytes(`${place.folder}/i386-pc/${name}.mod`, ELF.length), core),
      () => false,
    );
  const [normal, menu] = [`${place.folder}/i386-pc/normal.mod`, `${place.folder}/grub.cfg`];
  if (!core.modules.has('normal') && !exists(normal)) {
    const message = 'GRUB’s modules are missing: the machine stops at the prompt "grub rescue>"';
    add(message, `${shown}; no ${normal} on ${volume.name}`);
  } else if (FOR_START.some((names) => names.every(isUnusable))) {
    const [name] = FOR_START.find((names) => names.every(isUnusable)) ?? [];
    const message = 'A module of GRUB is missing or damaged: GRUB cannot start the kernel';
    add(message, `${shown}; ${place.folder}/i386-pc/${name}.mod on ${volume.name}`);
  } else if (!exists(menu)) {
    add(
      'GRUB has no menu where it looks for it: the machine stops at its prompt',
      `${shown}; no ${menu} on ${volume.name}`,
    );
  } else findings.saw(shown);
}

function neededModules(
  { logical, partition, raid }: Volume,
  kind: string,
  { table }: DiskLayout,
  place: string,
): string[] {
  const fileSystem = FILE_SYSTEM_MODULES[kind] ?? (kind === 'btrfs' ? 'btrfs' : undefined);
  return [
    ...(fileSystem === undefined ? [] : [fileSystem]),
    ...(logical === null ? [] : ['lvm']),
    // By another name, GRUB may read a member of the array as a partition.
    ...(raid !== undefined && place.includes('(mduuid/') ? [raid.version === '0.90' ? 'mdraid09' : 'mdraid1x'] : []),
    ...(partition === null ? [] : [table.scheme === 'gpt' ? 'part_gpt' : 'part_msdos']),
  ];
}
