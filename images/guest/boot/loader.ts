/** Identifies the boot loader that the firmware starts. */
import { unlessUnreadable } from '../../findings.js';
import { type BootModes, FALLBACKS } from '../boot-mode.js';
import type { GuestTree } from '../tree.js';
import type { BootPlace } from './entry.js';
import { type GrubImage, readGrubModules } from './grub-modules.js';
import { peSections } from './uki.js';

export interface Loader {
  readonly kind: 'grub' | 'systemd-boot' | 'unified' | 'syslinux' | 'unknown';
  readonly evidence: string;
  /** Set for a loader of UEFI firmware. */
  readonly efi: EfiLoader | null;
}

export interface EfiLoader {
  /** The file system with the loader, and the loader's path there. */
  readonly tree: GuestTree;
  readonly file: string;
  /** Why the firmware or shim cannot start it. */
  readonly defect: string | null;
  /** What `grub-mkimage` added; null for other loaders, or if it could not be read. */
  readonly grub: GrubImage | null;
}

const LOADER_BYTES = 8 * 1024 * 1024;
/** A string in the systemd-boot binary that identifies it. */
const SYSTEMD_BOOT = 'LoaderInfo: systemd-boot';
/** Mount points of the EFI system partition; empty: the top of a volume. */
const ESP_FOLDERS = ['/boot/efi', '/efi', '/boot', ''];
/** shim has the name of the next loader as UTF-16; GRUB itself has names of its functions. */
const SHIM_NEXT = Buffer.from('grub', 'utf16le');

/** `uefi`: UEFI firmware boots the disk. */
export function findLoader(places: readonly BootPlace[], modes: BootModes, uefi: boolean): Loader {
  if (!uefi) {
    const evidence = modes.bios ?? '';
    const kind = evidence.includes('GRUB') ? 'grub' : evidence.includes('SYSLINUX') ? 'syslinux' : 'unknown';
    return { kind, efi: null, evidence };
  }
  for (const { name, tree } of places) {
    for (const file of ESP_FOLDERS.flatMap((folder) => FALLBACKS.map((fallback) => `${folder}${fallback.file}`))) {
      const bytes = bytesOf(tree, file);
      if (bytes !== null) return loaderOf(bytes, { name, tree }, file);
    }
  }
  return UNKNOWN;
}

const UNKNOWN: Loader = { kind: 'unknown', efi: null, evidence: '' };

function loaderOf(bytes: Buffer, place: BootPlace, file: string): Loader {
  const { tree } = place;
  const isShim = bytes.includes(SHIM_NEXT) && !bytes.includes('grub_');
  const next = isShim ? afterShim(tree, file) : null;
  const started = next ?? file;
  const image = next === null ? bytes : bytesOf(tree, next);
  const path = `${place.name === '' ? '' : `${place.name}: `}${file}`;
  const evidence = next === null ? path : `${path}, ${next}`;
  if (image === null) {
    const defect = `${file} is shim, and ${next} does not exist`;
    return { ...UNKNOWN, kind: 'grub', evidence, efi: { tree, file: started, defect, grub: null } };
  }
  const efi: EfiLoader = { tree, file: started, defect: defectOf(tree, started, image), grub: null };
  if (peSections(image).has('.linux')) return { ...UNKNOWN, kind: 'unified', evidence, efi };
  if (image.includes(SYSTEMD_BOOT)) return { ...UNKNOWN, kind: 'systemd-boot', evidence, efi };
  if (!image.includes('grub_') && !image.includes('GRUB')) return { ...UNKNOWN, evidence, efi };
  return { kind: 'grub', evidence, efi: { ...efi, grub: grubImage(image) } };
}

const SHIMS: Readonly<Record<string, { readonly grub: string; readonly fallback: string; readonly list: string }>> = {
  'bootx64.efi': { grub: 'grubx64.efi', fallback: 'fbx64.efi', list: 'BOOTX64.CSV' },
  'bootaa64.efi': { grub: 'grubaa64.efi', fallback: 'fbaa64.efi', list: 'BOOTAA64.CSV' },
  'bootia32.efi': { grub: 'grubia32.efi', fallback: 'fbia32.efi', list: 'BOOTIA32.CSV' },
};

/**
 * What shim starts: GRUB in its own folder. At the fallback path it prefers its program `fb*.efi`, which starts the shim that
 * a list in a vendor's folder names, and that one GRUB in the vendor's folder.
 */
function afterShim(tree: GuestTree, file: string): string {
  const folder = file.slice(0, file.lastIndexOf('/'));
  const names = SHIMS[file.slice(folder.length + 1).toLowerCase()];
  const grub = names?.grub ?? 'grubx64.efi';
  const vendors = folder.slice(0, folder.lastIndexOf('/'));
  if (names !== undefined && isFile(tree, `${folder}/${names.fallback}`)) {
    const vendor = tree.list(vendors).find((name) => isFile(tree, `${vendors}/${name}/${names.list}`));
    if (vendor !== undefined) return `${vendors}/${vendor}/${grub}`;
  }
  return `${folder}/${grub}`;
}

/** The variable with the program's folder, which these builds have. */
const BESIDE_PROGRAM = 'fw_path';

/** GRUB's modules are in a section of their own. */
function grubImage(image: Buffer): GrubImage | null {
  const section = peSections(image).get('mods');
  if (section === undefined) return null;
  return unlessUnreadable<GrubImage | null>(
    () => {
      const grub = readGrubModules(image.subarray(section.offset, section.offset + section.size));
      return grub === null ? null : { ...grub, looksBesideProgram: image.includes(BESIDE_PROGRAM) };
    },
    () => null,
  );
}

/** Firmware loads a PE program whole, or not at all. */
function defectOf(tree: GuestTree, file: string, image: Buffer): string | null {
  const sections = [...peSections(image).values()].map(({ offset, size }) => offset + size);
  if (sections.length === 0) return `${file} is no EFI program`;
  const size = tree.info(file)?.size ?? image.length;
  const needed = Math.max(...sections);
  return size < needed ? `${file} has ${size} of ${needed} bytes` : null;
}

function isFile(tree: GuestTree, path: string): boolean {
  return unlessUnreadable(
    () => tree.info(path)?.kind === 'file',
    () => false,
  );
}

function bytesOf(tree: GuestTree, path: string): Buffer | null {
  return unlessUnreadable<Buffer | null>(
    () => tree.bytes(path, LOADER_BYTES),
    () => null,
  );
}
