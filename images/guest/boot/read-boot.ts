/** Reads the menu of the boot loader that the firmware starts. */
import path from 'node:path';
import type { DiskLayout } from '../../disk/volumes.js';
import { unlessUnreadable } from '../../findings.js';
import type { BootModes } from '../boot-mode.js';
import { matchesGlob } from '../glob.js';
import { blsEntries, triesLeft } from './bls.js';
import { type BootEntry, type BootMenu, type BootPlace, evidenceOf, filePath } from './entry.js';
import { grubMenu } from './grub.js';
import { grubDevices } from './grub-devices.js';
import type { Loader } from './loader.js';
import { legacyGrubEntries, syslinuxMenu } from './menus.js';
import { readUnified } from './uki.js';

/** `places`: the guest's root first. `uefi`: UEFI firmware boots the disk. */
export interface BootDisk {
  readonly places: readonly BootPlace[];
  readonly layout: DiskLayout;
  readonly modes: BootModes;
  readonly uefi: boolean;
}

type Reader = (place: BootPlace) => BootEntry[];
const NOTHING: BootMenu = { entry: null, problem: null };

export function readBoot(disk: BootDisk, loader: Loader): BootMenu {
  const { places } = disk;
  const first = (...readers: readonly Reader[]): BootMenu => {
    const entry = readers.flatMap((read) =>
      places.flatMap((place) =>
        unlessUnreadable(
          () => read(place),
          () => [],
        ),
      ),
    )[0];
    return entry === undefined ? NOTHING : { entry, problem: null };
  };
  if (loader.kind === 'unified') {
    const file = loader.efi?.file ?? '';
    // The firmware starts this image itself, whatever other menus the disk has.
    return first((place) => unifiedImage(place, file));
  }
  if (loader.kind === 'systemd-boot') {
    const menu = first(systemdBoot);
    const message = 'systemd-boot has no entry to start';
    return menu.entry !== null ? menu : { entry: null, problem: { isSure: true, message, evidence: loader.evidence } };
  }
  if (loader.kind === 'syslinux') return syslinux(places);
  const grub = grubMenu({ ...disk, devices: grubDevices(disk.layout), loader });
  // Without its core image, GRUB Legacy is not known from GRUB 2.
  if (loader.kind === 'grub') return grub ?? first(legacyGrub);
  const other = grub?.entry != null ? grub : first(entryFiles, unifiedImages, legacyGrub);
  return other.entry !== null ? other : syslinux(places);
}

/** Parents of the boot loaders' folders: the guest's mount points, or the top of a volume. */
const BOOT_FOLDERS = ['/boot', '', '/boot/efi', '/efi'];

function entryFolder({ tree }: BootPlace): string | null {
  return BOOT_FOLDERS.map((base) => `${base}/loader/entries`).find((folder) => tree.list(folder).length > 0) ?? null;
}

/** systemd-boot's menu: entry files and unified kernel images. `default` in loader.conf overrides the newest. */
function systemdBoot(place: BootPlace): BootEntry[] {
  const folder = entryFolder(place);
  const settings = SETTINGS.map((file) => place.tree.text(file)).find((text) => text !== null) ?? '';
  const files =
    folder === null
      ? []
      : blsEntries(place, folder, new Map()).map(({ id, ...entry }) => ({ id: `${id}.conf`, entry }));
  const images = unifiedImages(place).map((entry) => ({ id: entry.title.replace(COUNTER, '$3'), entry }));
  const wanted = /^\s*default\s+(\S+)/m.exec(settings)?.[1];
  const pattern = wanted === undefined || wanted.startsWith('@') ? null : wanted.toLowerCase();
  const startOf = (some: readonly { readonly id: string; readonly entry: BootEntry }[]) =>
    ((pattern === null ? undefined : some.find(({ id }) => matchesGlob(pattern, id.toLowerCase()))) ?? some[0])?.entry;
  const all = [...files, ...images];
  // Newer versions do not show an entry file whose kernel is missing.
  const shown = startOf(all.filter(({ entry }) => entry.unified !== null || filePath(entry, entry.kernel) !== null));
  if (shown === undefined) return [];
  const doubt = shown === startOf(all) ? null : `the first entry, whose kernel ${startOf(all)?.kernel} is missing`;
  const first = { ...shown, doubt };
  // systemd-boot starts its default immediately unless this setting makes it show its menu.
  return [/^\s*timeout\s+menu-force/m.test(settings) ? { ...first, waits: 'no timeout' } : first];
}

const SETTINGS = [
  '/boot/efi/loader/loader.conf',
  '/efi/loader/loader.conf',
  '/boot/loader/loader.conf',
  '/loader/loader.conf',
];
const COUNTER = /(\+\d+(-\d+)?)?(\.efi)$/i;

function entryFiles(place: BootPlace): BootEntry[] {
  const folder = entryFolder(place);
  return folder === null ? [] : blsEntries(place, folder, new Map());
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
      files: 'exact',
      doubt: null,
      unified: { kernel: unified.kernel, initramfs: unified.initramfs },
    },
  ];
}

function legacyGrub(place: BootPlace): BootEntry[] {
  return ['/boot/grub/grub.conf', '/boot/grub/menu.lst', '/grub/grub.conf', '/grub/menu.lst'].flatMap((file) =>
    legacyGrubEntries(place, file),
  );
}

const SYSLINUX_FILES = ['extlinux.conf', 'extlinux/extlinux.conf', 'syslinux.cfg', 'syslinux/syslinux.cfg'];

function syslinux(places: readonly BootPlace[]): BootMenu {
  const menus = places.flatMap((place) =>
    BOOT_FOLDERS.flatMap((base) =>
      SYSLINUX_FILES.flatMap((file) =>
        unlessUnreadable(
          () => syslinuxMenu(place, `${base}/${file}`) ?? [],
          () => [],
        ),
      ),
    ),
  );
  return menus[0] ?? NOTHING;
}
