/** Reads the menus of all boot loaders on the disk. The first entry is the default. */
import path from 'node:path';
import { unlessUnreadable } from '../../findings.js';
import { type BlsEntry, blsEntries, triesLeft } from './bls.js';
import { type BootEntry, type BootPlace, evidenceOf } from './entry.js';
import { grubEntries, grubEnvironment } from './grub.js';
import type { Loader } from './loader.js';
import { legacyGrubEntries, syslinuxEntries } from './menus.js';
import { readUnified } from './uki.js';

const MAX_ENTRIES = 100;

/** `places`: the guest's root first. `uefi`: UEFI firmware boots the disk. */
export function readBoot(places: readonly BootPlace[], uefi: boolean, loader: Loader): BootEntry[] {
  if (loader.kind === 'unified' && loader.efi !== null) {
    const { file } = loader.efi;
    // The firmware starts this image itself, whatever other menus the disk has.
    return places.flatMap((place) => unifiedImage(place, file)).slice(0, 1);
  }
  const readers = [grubOnEsp, grub, entryFiles, unifiedImages, legacyGrub, syslinux];
  const firstByUefi = uefi ? [grubOnEsp, grub] : [grub, grubOnEsp];
  const order =
    uefi && loader.kind === 'systemd-boot'
      ? [entryFiles, unifiedImages, ...readers]
      : [...firstByUefi, entryFiles, unifiedImages, legacyGrub, syslinux];
  const entries = [...new Set(order)].flatMap((read) =>
    places.flatMap((place) =>
      unlessUnreadable(
        () => read(place),
        () => [],
      ),
    ),
  );
  return entries.slice(0, MAX_ENTRIES);
}

/** Parents of the boot loaders' folders: the guest's mount points, or the top of a volume. */
const BOOT_FOLDERS = ['/boot', '', '/boot/efi', '/efi'];

function grub(place: BootPlace): BootEntry[] {
  return ['/boot/grub2', '/boot/grub', '/grub2', '/grub'].flatMap((folder) => grubIn(place, folder));
}

function grubOnEsp(place: BootPlace): BootEntry[] {
  return BOOT_FOLDERS.flatMap((base) =>
    place.tree.list(`${base}/EFI`).flatMap((vendor) => grubIn(place, `${base}/EFI/${vendor}`)),
  );
}

function grubIn(place: BootPlace, folder: string): BootEntry[] {
  const file = `${folder}/grub.cfg`;
  if (!place.tree.exists(file)) return [];
  const environment = [`${folder}/grubenv`, '/boot/grub2/grubenv', '/boot/grub/grubenv', '/grub2/grubenv'].find(
    (path) => place.tree.exists(path),
  );
  const blsFolder = entryFolder(place) ?? '/boot/loader/entries';
  const values = grubEnvironment(environment === undefined ? null : place.tree.text(environment));
  return grubEntries(place, file, values, blsFolder);
}

function entryFolder({ tree }: BootPlace): string | null {
  return BOOT_FOLDERS.map((base) => `${base}/loader/entries`).find((folder) => tree.list(folder).length > 0) ?? null;
}

/** BLS entries in systemd-boot's order; `default` in loader.conf overrides the newest. */
function entryFiles(place: BootPlace): BootEntry[] {
  const folder = entryFolder(place);
  if (folder === null) return [];
  const entries = blsEntries(place, folder, new Map());
  const settings = place.tree.text(`${folder}/../loader.conf`) ?? '';
  const wanted = /^default\s+(\S+)/m.exec(settings)?.[1];
  const inOrder = wanted === undefined ? entries : defaultFirst(entries, wanted);
  const [first, ...rest] = inOrder;
  // systemd-boot starts its default immediately unless this setting makes it show its menu.
  const waits = /^timeout\s+menu-force/m.test(settings);
  return first === undefined || !waits ? inOrder : [{ ...first, waits: 'no timeout' }, ...rest];
}

function defaultFirst(entries: readonly BlsEntry[], wanted: string): BlsEntry[] {
  const matches = glob(wanted.replace(/\.conf$/, ''));
  const first = entries.find(({ id }) => matches.test(id));
  return first === undefined ? [...entries] : [first, ...entries.filter((entry) => entry !== first)];
}

function glob(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`);
}

/** Unified kernel images in EFI/Linux, which systemd-boot starts without an entry file. */
function unifiedImages(place: BootPlace): BootEntry[] {
  return BOOT_FOLDERS.flatMap((base) =>
    place.tree
      .list(`${base}/EFI/Linux`)
      .filter((name) => /\.efi$/i.test(name))
      .sort((left, right) => Number(triesLeft(left) === 0) - Number(triesLeft(right) === 0) || (left < right ? 1 : -1))
      .slice(0, 10)
      .flatMap((name) => unifiedImage(place, `${base}/EFI/Linux/${name}`)),
  );
}

function unifiedImage(place: BootPlace, file: string): BootEntry[] {
  const unified = readUnified(place.tree, file);
  if (unified === null) return [];
  return [
    {
      title: path.posix.basename(file),
      kernel: file,
      initrds: [],
      args: unified.args,
      version: unified.version,
      evidence: evidenceOf(place, file, 1, `.cmdline ${unified.args.join(' ')}`),
      tree: place.tree,
      unified: { initramfs: unified.initramfs },
    },
  ];
}

function legacyGrub(place: BootPlace): BootEntry[] {
  return ['/boot/grub/grub.conf', '/boot/grub/menu.lst', '/grub/grub.conf', '/grub/menu.lst'].flatMap((file) =>
    legacyGrubEntries(place, file),
  );
}

const SYSLINUX_FILES = ['extlinux.conf', 'extlinux/extlinux.conf', 'syslinux.cfg', 'syslinux/syslinux.cfg'];

function syslinux(place: BootPlace): BootEntry[] {
  return BOOT_FOLDERS.flatMap((base) => SYSLINUX_FILES.flatMap((file) => syslinuxEntries(place, `${base}/${file}`)));
}
