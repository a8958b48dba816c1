/** The boot loader's entries: kernel, initramfs, command line, each with the file and line where it stands. */
import { printable } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import { type GuestTree, lines } from './tree.js';

export interface BootEntry {
  readonly kernel: string;
  readonly initrd: string | null;
  readonly args: readonly string[];
  readonly evidence: string;
}

const GRUB_FILES = [
  '/boot/grub2/grub.cfg',
  '/boot/grub/grub.cfg',
  '/boot/grub/grub.conf',
  '/boot/grub/menu.lst',
  '/boot/extlinux/extlinux.conf',
  '/boot/syslinux/syslinux.cfg',
];
const BLS_FOLDERS = ['/boot/loader/entries', '/boot/efi/loader/entries', '/efi/loader/entries'];
const MAX_ENTRIES = 100;

export function readBootEntries(tree: GuestTree): BootEntry[] {
  return unlessUnreadable(
    () => {
      const onEsp = tree.list('/boot/efi/EFI').map((vendor) => `/boot/efi/EFI/${vendor}/grub.cfg`);
      const fromGrub = [...GRUB_FILES, ...onEsp].flatMap((file) => {
        const content = tree.text(file);
        return content === null ? [] : parseGrub(content, file);
      });
      const fromBls = BLS_FOLDERS.flatMap((folder) => blsEntries(tree, folder));
      // Where GRUB reads entry files, its own file has none.
      return [...fromGrub, ...fromBls].slice(0, MAX_ENTRIES);
    },
    () => [],
  );
}

export function parseGrub(content: string, file: string): BootEntry[] {
  const entries: BootEntry[] = [];
  for (const { number, text } of lines(content)) {
    const kernel = /^(?:linux|linux16|linuxefi|kernel)\s+(\S+)\s*(.*)$/i.exec(text);
    const path = kernel?.[1];
    if (kernel !== null && path !== undefined && /vmlinu|bzImage|Image|kernel|linux/i.test(path)) {
      entries.push({
        kernel: withoutDevice(path),
        initrd: null,
        args: (kernel[2] ?? '').split(/\s+/).filter(Boolean),
        evidence: `${file}:${number}: ${printable(text)}`,
      });
      continue;
    }
    const last = entries.at(-1);
    if (last === undefined) continue;
    const initrd = /^initrd(?:16|efi)?\s+(.+)$/i.exec(text);
    const append = /^append\s+(.+)$/i.exec(text);
    if (initrd !== null && last.initrd === null) {
      // Early microcode may come first; the last one is the real one.
      entries[entries.length - 1] = { ...last, initrd: withoutDevice((initrd[1] ?? '').split(/\s+/).at(-1) ?? '') };
    } else if (append !== null) {
      const args = (append[1] ?? '').split(/\s+/);
      const own = args.find((arg) => arg.startsWith('initrd='))?.slice(7) ?? last.initrd;
      entries[entries.length - 1] = { ...last, args, initrd: own };
    }
  }
  return entries;
}

/** Newest version first, as GRUB and systemd-boot show them. */
function blsEntries(tree: GuestTree, folder: string): BootEntry[] {
  const files = tree.list(folder).filter((name) => name.endsWith('.conf'));
  const variables = kernelOptions(tree);
  return files
    .sort((left, right) => right.localeCompare(left, 'en', { numeric: true }))
    .flatMap((name) => {
      const content = lines(tree.text(`${folder}/${name}`) ?? '');
      const value = (key: string) =>
        content.find(({ text }) => text.startsWith(`${key} `) || text.startsWith(`${key}\t`));
      const kernel = value('linux');
      if (kernel === undefined) return [];
      const options = value('options');
      const raw = options?.text.slice(8).replaceAll('$kernelopts', variables) ?? '';
      return [
        {
          kernel: withoutDevice(kernel.text.slice(6).trim()),
          initrd: withoutDevice((value('initrd')?.text.slice(7).trim() ?? '').split(/\s+/)[0] ?? '') || null,
          args: raw.split(/\s+/).filter((arg) => arg !== '' && !arg.startsWith('$')),
          evidence: `${folder}/${name}:${options?.number ?? kernel.number}: ${printable(options?.text ?? kernel.text)}`,
        },
      ];
    });
}

/** RHEL 8 keeps the command line in GRUB's environment block. */
function kernelOptions(tree: GuestTree): string {
  const onEsp = tree.list('/boot/efi/EFI').map((vendor) => `/boot/efi/EFI/${vendor}/grubenv`);
  for (const file of ['/boot/grub2/grubenv', ...onEsp]) {
    const found = /^kernelopts=(.*)$/m.exec(tree.text(file) ?? '');
    if (found !== null) return found[1] ?? '';
  }
  return '';
}

/** `(hd0,1)/vmlinuz`, `($root)/boot/vmlinuz`, `$prefix/…`. */
function withoutDevice(path: string): string {
  return path.replace(/^\([^)]*\)/, '').replace(/^\$\{?[a-z_]+\}?/, '');
}

/** Kernel paths are counted from the partition that has them: with /boot on its own, `/vmlinuz` is `/boot/vmlinuz`. */
export function inGuest(tree: GuestTree, path: string): string | null {
  const inBtrfs = path.replace(/^\/@(\/|$)/, '/');
  return (
    [path, inBtrfs, `/boot${path}`, `/boot/efi${path}`, `/efi${path}`].find((candidate) => tree.exists(candidate)) ??
    null
  );
}

export function argument(entry: BootEntry, name: string): string[] {
  return entry.args
    .filter((arg) => arg.startsWith(`${name}=`))
    .map((arg) => arg.slice(name.length + 1).replaceAll('"', ''));
}
