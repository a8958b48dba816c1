/** Identifies the boot loader that the firmware starts. */
import { unlessUnreadable } from '../../findings.js';
import { type BootModes, FALLBACKS } from '../boot-mode.js';
import type { BootPlace } from './entry.js';
import { peSections } from './uki.js';

export interface Loader {
  readonly kind: 'grub' | 'systemd-boot' | 'unified' | 'unknown';
  /** GRUB continues with a file or a program that this reading does not follow. */
  readonly readsOtherFiles: boolean;
  /** The file, for a loader of UEFI firmware. */
  readonly file: string | null;
  readonly evidence: string;
}

const LOADER_BYTES = 4 * 1024 * 1024;
/** A string in the systemd-boot binary that identifies it. */
const SYSTEMD_BOOT = 'LoaderInfo: systemd-boot';
/** Mount points of the EFI system partition; empty: the top of a volume. */
const ESP_FOLDERS = ['/boot/efi', '/efi', '/boot', ''];
const OTHER_FILES = /^\s*(configfile|source|\.|chainloader|multiboot2?|xen_hypervisor|normal|loopback|module2?)\s/m;
/** Commands of a configuration inside a GRUB that `grub-mkstandalone` made. */
const EMBEDDED = /(^|\n)\s*(linux|linuxefi|menuentry)\s+['"($/]/;
const GRUB_FOLDERS = ['/boot/grub2', '/boot/grub', '/grub2', '/grub'];

/** `uefi`: UEFI firmware boots the disk. */
export function findLoader(places: readonly BootPlace[], modes: BootModes, uefi: boolean): Loader {
  if (!uefi) {
    const evidence = modes.bios ?? '';
    if (!evidence.includes('GRUB')) return { ...UNKNOWN, evidence };
    return { kind: 'grub', readsOtherFiles: readsOtherFiles(places), file: null, evidence };
  }
  for (const { name, tree } of places) {
    for (const file of ESP_FOLDERS.flatMap((folder) => FALLBACKS.map((fallback) => `${folder}${fallback.file}`))) {
      const bytes = unlessUnreadable<Buffer | null>(
        () => tree.bytes(file, LOADER_BYTES),
        () => null,
      );
      if (bytes === null) continue;
      return loaderOf(bytes, file, `${name === '' ? '' : `${name}: `}${file}`, places);
    }
  }
  return UNKNOWN;
}

const UNKNOWN: Loader = { kind: 'unknown', readsOtherFiles: false, file: null, evidence: '' };

function loaderOf(bytes: Buffer, file: string, evidence: string, places: readonly BootPlace[]): Loader {
  if (peSections(bytes).has('.linux')) return { kind: 'unified', readsOtherFiles: false, file, evidence };
  if (bytes.includes(SYSTEMD_BOOT)) return { kind: 'systemd-boot', readsOtherFiles: false, file, evidence };
  // shim starts GRUB, from the same folder.
  const isGrub = bytes.includes('grub_') || bytes.includes('GRUB') || bytes.includes('g\0r\0u\0b\0x\0');
  if (!isGrub) return { ...UNKNOWN, file, evidence };
  const embedded = EMBEDDED.test(bytes.toString('latin1'));
  return { kind: 'grub', readsOtherFiles: embedded || readsOtherFiles(places), file, evidence };
}

function readsOtherFiles(places: readonly BootPlace[]): boolean {
  return places.some(({ tree }) =>
    GRUB_FOLDERS.some((folder) =>
      unlessUnreadable(
        () => OTHER_FILES.test(tree.text(`${folder}/grub.cfg`) ?? ''),
        // What cannot be read may name another file.
        () => true,
      ),
    ),
  );
}
