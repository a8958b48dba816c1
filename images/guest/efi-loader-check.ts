/** Checks what UEFI firmware starts: a whole program, and a GRUB that finds its menu. */
import type { DiskLayout } from '../disk/volumes.js';
import { unlessUnreadable } from '../findings.js';
import type { BootMenu } from './boot/entry.js';
import { folderOfCommands, folderOfPrefix, type GrubFolder } from './boot/grub-folder.js';
import type { EfiLoader, Loader } from './boot/loader.js';
import { type LinkFindings, TRY_BOOT } from './boot-chain.js';
import { someVolumeUnread } from './mounts.js';
import { type GuestTree, guestTree } from './tree.js';

const CODE = 'GUESTOS.BootMode';
const REINSTALL =
  'Run grub-install --removable (RHEL family: dnf reinstall shim-x64 grub2-efi-x64; then grub2-mkconfig) in the guest or in a rescue system.';

export function checkEfiLoader(
  { kind, efi, evidence }: Loader,
  menu: BootMenu,
  layout: DiskLayout,
  findings: LinkFindings,
): void {
  if (efi === null) {
    findings.unsure(CODE, 'Could not read the EFI boot loader', evidence || 'no file at the fallback path', TRY_BOOT);
  } else if (efi.defect !== null) {
    const message = 'The EFI boot loader is incomplete: the instance does not reach the kernel';
    findings.add('blocking', CODE, message, `${efi.defect}; ${evidence}`, REINSTALL);
  } else if (kind === 'grub') {
    checkGrub(efi, evidence, { layout, hasOwnMenu: menu.entry !== null && menu.entry.doubt === null }, findings);
  } else if (kind === 'unknown') {
    const message = 'Could not determine what the EFI boot loader starts: it is not a supported one';
    findings.unsure(CODE, message, evidence, TRY_BOOT);
  } else findings.saw(evidence);
}

interface GrubContext {
  readonly layout: DiskLayout;
  /** The commands inside the program lead to a menu. */
  readonly hasOwnMenu: boolean;
}

function checkGrub(
  efi: EfiLoader,
  evidence: string,
  { layout, hasOwnMenu }: GrubContext,
  findings: LinkFindings,
): void {
  const { grub } = efi;
  if (grub === null) {
    findings.unsure(CODE, 'Could not determine where GRUB looks for its menu', evidence, TRY_BOOT);
    return;
  }
  const { configuration, prefix, looksInFolders } = grub;
  const startsMemdisk = looksInFolders && configuration?.startsWith('normal (memdisk)') === true;
  if (configuration !== null && !startsMemdisk) {
    const folder = folderOfCommands(configuration);
    if (folder !== null) checkFolder(folder, `${evidence}: ${folder.evidence}`, layout, findings);
    else if (hasOwnMenu) findings.saw(evidence);
    else
      findings.unsure(
        CODE,
        'Could not determine where GRUB looks for its menu',
        `${evidence}; commands inside it`,
        TRY_BOOT,
      );
    return;
  }
  const onDevice = folderOfPrefix(prefix ?? '');
  if (onDevice !== null) {
    checkFolder(onDevice, `${evidence}: ${onDevice.evidence}`, layout, findings);
    return;
  }
  checkOnEsp(efi, prefix ?? '', evidence, layout, findings);
}

/** A prefix without a device is on the file system with the program. Distributions' GRUB also looks in the program's folder. */
function checkOnEsp(
  efi: EfiLoader,
  prefix: string,
  evidence: string,
  layout: DiskLayout,
  findings: LinkFindings,
): void {
  const top = efi.file.slice(0, efi.file.toUpperCase().lastIndexOf('/EFI/'));
  const own = efi.file.slice(0, efi.file.lastIndexOf('/'));
  const besides = efi.grub?.looksBesideProgram === true || efi.grub?.looksInFolders === true;
  const folders = [`${top}${prefix}`, ...(besides ? [own, `${top}/boot/grub`] : [])];
  const found = folders
    .map((folder) => ({ folder, menu: textOf(efi.tree, `${folder}/grub.cfg`) }))
    .find(({ menu }) => menu !== null);
  if (found === undefined) {
    const message = 'GRUB has no menu where it looks for it: the machine stops at its prompt';
    const shown = `${evidence}: no grub.cfg in ${[...new Set(folders)].join(' or ')}`;
    const elsewhere = efi.tree.list(`${top}/EFI`).find((name) => efi.tree.exists(`${top}/EFI/${name}/grub.cfg`));
    if (elsewhere === undefined) findings.add('blocking', CODE, message, shown, REINSTALL);
    else {
      const unsure = 'Could not determine whether GRUB finds its menu: it is in the folder of another loader';
      findings.unsure(CODE, unsure, `${shown}; ${top}/EFI/${elsewhere}/grub.cfg exists`, TRY_BOOT);
    }
    return;
  }
  const menu = found.menu ?? '';
  const shown = `${evidence}: ${found.folder}/grub.cfg`;
  const next = /^\s*(configfile|source|normal)\s/m.test(menu) ? folderOfCommands(menu) : null;
  if (next === null) findings.saw(shown);
  else checkFolder(next, `${shown}: ${next.evidence}`, layout, findings);
}

function checkFolder(place: GrubFolder, evidence: string, layout: DiskLayout, findings: LinkFindings): void {
  const volume = place.find(layout);
  if (volume === null && !someVolumeUnread(layout)) {
    const message =
      'GRUB looks for its menu on a file system that this disk does not have: the machine stops at its prompt';
    findings.add('blocking', CODE, message, evidence, REINSTALL);
    return;
  }
  const fileSystem = volume?.fileSystem ?? null;
  if (fileSystem === null) {
    findings.unsure(
      CODE,
      'Could not determine whether GRUB finds its menu: its file system could not be read',
      evidence,
      TRY_BOOT,
    );
    return;
  }
  const menu = `${place.folder}/grub.cfg`;
  // btrfs paths start with a subvolume that this reading may not have opened.
  if (fileSystem.kind === 'btrfs' || textOf(guestTree([{ at: '/', fileSystem }]), menu) !== null) {
    findings.saw(evidence);
    return;
  }
  const message = 'GRUB has no menu where it looks for it: the machine stops at its prompt';
  findings.add('blocking', CODE, message, `${evidence}: no ${menu} on ${volume?.name}`, REINSTALL);
}

function textOf(tree: GuestTree, path: string): string | null {
  return unlessUnreadable<string | null>(
    () => tree.text(path),
    // It exists, and its damage has a finding of its own.
    () => '',
  );
}
