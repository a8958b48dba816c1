/** An entry of a boot loader's menu, and the location of its files. */
import { printable } from '../../bytes.js';
import type { GuestTree } from '../tree.js';

export interface BootEntry {
  readonly title: string;
  /** Path in the loader's configuration, without its device. */
  readonly kernel: string;
  /** In the order in which the loader loads them: microcode first, the initramfs last. */
  readonly initrds: readonly string[];
  readonly args: readonly string[];
  /** The kernel's version, if the entry contains it. */
  readonly version: string | null;
  readonly evidence: string;
  /** The tree to which the paths are relative. */
  readonly tree: GuestTree;
  /** Where the loader finds its files. `exact`: at these paths of the tree. `nowhere`: their device does not exist. */
  readonly files: 'exact' | 'guessed' | 'nowhere';
  /** Why this reading cannot know whether the loader starts this entry; null: it does. */
  readonly doubt: string | null;
  /** Why the loader waits for a person before it starts the entry; `maybe`: a file that is not followed may set a timeout. */
  readonly waits?: 'password' | 'no timeout' | 'maybe';
  /** The loader that reads the files, if it has limits of its own. */
  readonly readBy?: 'SYSLINUX';
  /** Set for a unified kernel image, which contains kernel and initramfs. */
  readonly unified: { readonly kernel: Buffer; readonly initramfs: Buffer | null } | null;
}

/** What a boot loader's menu starts; `problem`: why it starts nothing, or why that is not known. */
export interface BootMenu {
  readonly entry: BootEntry | null;
  readonly problem: { readonly isSure: boolean; readonly message: string; readonly evidence: string } | null;
}

/** A file system that may have a boot loader's files: the guest's root, or a volume that fstab does not mount. */
export interface BootPlace {
  /** Prefix of paths in evidence; empty for the guest's root. */
  readonly name: string;
  readonly tree: GuestTree;
}

/** The values of a kernel argument, in order. */
export function argument(entry: BootEntry, name: string): string[] {
  return entry.args
    .filter((arg) => arg.startsWith(`${name}=`))
    .map((arg) => arg.slice(name.length + 1).replaceAll('"', ''));
}

export function splitWords(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** Removes quotes, and the device from `(hd0,1)/vmlinuz`, `($root)/boot/vmlinuz`, `$root/vmlinuz`. */
export function withoutDevice(path: string): string {
  const bare = path
    .replace(/["']/g, '')
    .replace(/^\([^)]*\)/, '')
    .replace(/^\$\{?root\}?(?=\/)/i, '');
  return bare.replace(/\/+/g, '/');
}

/** True for a path or an argument with a variable of GRUB whose value only the running loader knows. */
export function hasVariable(text: string): boolean {
  return text.includes('$');
}

/**
 * Converts a loader's path to the guest's path. The loader's paths are relative to the partition: with a separate /boot,
 * `/vmlinuz` is `/boot/vmlinuz`; with btrfs, the path starts with the subvolume's name.
 */
export function filePath({ tree, files }: Pick<BootEntry, 'tree' | 'files'>, path: string): string | null {
  if (files === 'nowhere') return null;
  const absolute = path.startsWith('/') ? path : `/${path}`;
  const inSubvolume = absolute.replace(/^\/@?[\w.-]*(?=\/boot\/)/, '');
  if (files === 'exact') return tree.exists(absolute) ? absolute : null;
  return (
    [absolute, `/boot${absolute}`, `/boot/efi${absolute}`, `/efi${absolute}`, inSubvolume].find((candidate) =>
      tree.exists(candidate),
    ) ?? null
  );
}

export function evidenceOf(place: Pick<BootPlace, 'name'>, file: string, line: number, text: string): string {
  return `${place.name === '' ? '' : `${place.name}: `}${file}:${line}: ${printable(text)}`;
}
