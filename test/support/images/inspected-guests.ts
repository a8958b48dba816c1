/** Inspections of the constructed Linux guests, with single changes to their files. */

import { BOOT_UUID, CONSTRUCTED, type ConstructedGuest, ROOT_UUID } from './constructed-guests.js';
import {
  BIOS,
  type Files,
  type GuestInspection,
  inspectGuestFiles,
  layoutOf,
  SYSLINUX,
  serious,
  UEFI,
  type VolumeParts,
} from './guest-files.js';
import { grubEfi } from './made-efi.js';

export function guestNamed(name: string): ConstructedGuest {
  const guest = CONSTRUCTED[name];
  if (guest === undefined) throw new Error(`no guest ${name}`);
  return guest;
}

const loader = (folder: string) =>
  grubEfi({
    prefix: '/EFI/BOOT',
    configuration: `search.fs_uuid ${ROOT_UUID} root\nset prefix=($root)${folder}\nconfigfile $prefix/grub.cfg\n`,
  });

export function inspect(
  guest: ConstructedGuest,
  changes: Files = {},
  others: readonly VolumeParts[] = [],
): GuestInspection {
  const { root, boot, kind, logical, firmware } = guest;
  const files = { ...root, ...changes };
  const parts: VolumeParts[] = [
    {
      kind: 'vfat',
      uuid: 'ABCD-1234',
      files: { '/EFI/BOOT/BOOTX64.EFI': loader('/boot/grub2/grub.cfg' in root ? '/boot/grub2' : '/boot/grub') },
    },
    ...(boot === undefined ? [] : [{ files: { ...boot, ...within('/boot', changes) }, uuid: BOOT_UUID, kind }]),
    { files, uuid: ROOT_UUID, kind, ...(logical === undefined ? {} : { logical }) },
  ];
  const bios = '/boot/ldlinux.sys' in root ? SYSLINUX : BIOS;
  return inspectGuestFiles(layoutOf(...parts, ...others), firmware === 'BIOS' ? bios : UEFI);
}

function within(folder: string, files: Files): Files {
  const inside = Object.entries(files).filter(([path]) => path.startsWith(`${folder}/`));
  return Object.fromEntries(inside.map(([path, content]) => [path.slice(folder.length), content]));
}

/** The findings that a change adds to those of the unchanged guest. */
export function added(guest: ConstructedGuest, changes: Files): string[] {
  const before = serious(inspect(guest));
  return serious(inspect(guest, changes)).filter((finding) => !before.includes(finding));
}
export const changed = (guest: ConstructedGuest, path: string, from: string | RegExp, to: string): Files => ({
  [path]: String(guest.root[path] ?? guest.boot?.[path.replace('/boot', '')]).replaceAll(from, to),
});
