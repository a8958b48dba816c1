/** Reads unified kernel images: EFI programs with sections for kernel, initramfs, command line and version. */
import { unlessUnreadable } from '../../findings.js';
import type { GuestTree } from '../tree.js';
import { splitWords } from './entry.js';

const MAX_IMAGE = 384 * 1024 * 1024;
const MAX_SECTIONS = 96;

export interface Unified {
  readonly version: string | null;
  readonly args: readonly string[];
  readonly kernel: Buffer;
  readonly initramfs: Buffer | null;
}

/** Null if the file does not exist or is an EFI program without a kernel. */
export function readUnified(tree: GuestTree, path: string): Unified | null {
  return unlessUnreadable<Unified | null>(
    () => {
      const head = tree.bytes(path, 64 * 1024);
      if (head === null) return null;
      const sections = peSections(head);
      if (!sections.has('.linux')) return null;
      const image = tree.bytes(path, MAX_IMAGE);
      const section = (name: string): Buffer | null => {
        const found = sections.get(name);
        if (image === null || found === undefined) return null;
        return image.subarray(found.offset, found.offset + found.size);
      };
      const text = (name: string) => section(name)?.toString('utf8').replace(/\0.*$/s, '').trim() ?? null;
      const kernel = section('.linux') ?? Buffer.alloc(0);
      return {
        version: text('.uname') || kernelVersion(kernel),
        args: splitWords(text('.cmdline') ?? ''),
        kernel,
        initramfs: section('.initrd'),
      };
    },
    () => null,
  );
}

/** The x86 boot protocol has a pointer to the version string at 0x20e. Null for kernels of other machines. */
export function kernelVersion(image: Buffer): string | null {
  if (image.length < 0x210 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') return null;
  const at = image.readUInt16LE(0x20e) + 0x200;
  return /^\d[^\s\0]{1,100}/.exec(image.toString('latin1', at, at + 128))?.[0] ?? null;
}

/** The machine type in the PE header; null if `head` is not the start of an EFI program. */
export function peMachine(head: Buffer): number | null {
  if (head.length < 64 || head.toString('latin1', 0, 2) !== 'MZ') return null;
  const pe = head.readUInt32LE(60);
  if (pe + 6 > head.length || head.toString('latin1', pe, pe + 4) !== 'PE\0\0') return null;
  return head.readUInt16LE(pe + 4);
}

/** The position of each section in the file. In the PE format, the section table follows the optional header. */
export function peSections(head: Buffer): ReadonlyMap<string, { readonly offset: number; readonly size: number }> {
  const found = new Map<string, { offset: number; size: number }>();
  if (head.length < 64 || head.toString('latin1', 0, 2) !== 'MZ') return found;
  const pe = head.readUInt32LE(60);
  if (pe + 24 > head.length || head.toString('latin1', pe, pe + 4) !== 'PE\0\0') return found;
  const count = Math.min(head.readUInt16LE(pe + 6), MAX_SECTIONS);
  const table = pe + 24 + head.readUInt16LE(pe + 20);
  for (let at = table; at < table + count * 40 && at + 40 <= head.length; at += 40) {
    const name = head.toString('latin1', at, at + 8).replace(/\0.*$/s, '');
    const size = Math.min(head.readUInt32LE(at + 8), head.readUInt32LE(at + 16));
    if (!found.has(name)) found.set(name, { offset: head.readUInt32LE(at + 20), size });
  }
  return found;
}
