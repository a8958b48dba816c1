/** One choice of a boot loader's menu, and where its files are. */
import { printable } from '../../bytes.js';
import type { GuestTree } from '../tree.js';

export interface BootEntry {
  readonly title: string;
  /** As the loader names it, without its device. */
  readonly kernel: string;
  /** All that the loader puts into memory for the kernel, in order: microcode first, the initramfs last. */
  readonly initrds: readonly string[];
  readonly args: readonly string[];
  /** Where the entry itself names the kernel's version. */
  readonly version: string | null;
  readonly evidence: string;
  /** In which its paths are found. */
  readonly tree: GuestTree;
  /** A unified kernel image has kernel and initramfs in itself. */
  readonly unified: { readonly initramfs: Buffer | null } | null;
}

/** A file system that may have a loader's files: the guest's root, or a partition that fstab does not mount. */
export interface BootPlace {
  /** Before a path in evidence; empty for the guest's root. */
  readonly name: string;
  readonly tree: GuestTree;
}

/** Values of an argument of the kernel, in their order. */
export function argument(entry: BootEntry, name: string): string[] {
  return entry.args
    .filter((arg) => arg.startsWith(`${name}=`))
    .map((arg) => arg.slice(name.length + 1).replaceAll('"', ''));
}

export function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** `(hd0,1)/vmlinuz`, `($root)/boot/vmlinuz`, `$prefix/…`. */
export function withoutDevice(path: string): string {
  const bare = path
    .replace(/^\([^)]*\)/, '')
    .replace(/^\$\{?[a-z_0-9]+\}?/i, '')
    .replace(/^"|"$/g, '');
  return bare.replace(/\/+/g, '/');
}

/**
 * Kernel paths are counted from the partition that has them: with /boot on its own, `/vmlinuz` is `/boot/vmlinuz`; with
 * btrfs, a subvolume's name comes first.
 */
export function inGuest(tree: GuestTree, path: string): string | null {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  const inSubvolume = absolute.replace(/^\/@?[\w.-]*(?=\/boot\/)/, '');
  return (
    [absolute, `/boot${absolute}`, `/boot/efi${absolute}`, `/efi${absolute}`, inSubvolume].find((candidate) =>
      tree.exists(candidate),
    ) ?? null
  );
}

export function evidenceOf(place: BootPlace, file: string, line: number, text: string): string {
  return `${place.name === '' ? '' : `${place.name}: `}${file}:${line}: ${printable(text)}`;
}
