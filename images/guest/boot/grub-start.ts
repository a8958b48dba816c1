/** What GRUB runs first: the commands inside its image, or the menu in the folder of its prefix. */
import type { BootModes } from '../boot-mode.js';
import type { GrubDevices, GrubVolume } from './grub-devices.js';
import type { GrubImage } from './grub-modules.js';
import { createGrubRun, type GrubRun } from './grub-run.js';
import { newGrubState } from './grub-state.js';
import type { Loader } from './loader.js';

const FEATURES = [
  ...['feature_chainloader_bpb', 'feature_ntldr', 'feature_platform_search_hint', 'feature_default_font_path'],
  ...['feature_all_video_module', 'feature_menuentry_id', 'feature_menuentry_options', 'feature_200_final'],
  ...['feature_nativedisk_cmd', 'feature_timeout_style'],
];

/** In the images of Debian and Ubuntu, as a file inside GRUB. */
const IN_FOLDERS = `
if [ -z "$prefix" -o ! -e "$prefix" ]; then
  if ! search --file --set=root /.disk/info; then search --file --set=root /.disk/mini-info; fi
  set prefix=($root)/boot/grub
fi
if [ -e $prefix/$grub_cpu-$grub_platform/grub.cfg ]; then source $prefix/$grub_cpu-$grub_platform/grub.cfg
elif [ -e $prefix/grub.cfg ]; then source $prefix/grub.cfg
else source $cmdpath/grub.cfg
fi
`;

/** GRUB's menus in the order of likelihood; one if its image says where it starts. Each has run. */
export function runGrub(devices: GrubDevices, modes: BootModes, loader: Loader, uefi: boolean): GrubRun[] {
  const { efi } = loader;
  const image = uefi ? (efi?.grub ?? null) : modes.grubCore;
  const place = uefi ? (efi === null ? null : placeOfProgram(devices, efi.file)) : null;
  if (image !== null && (!uefi || place !== null)) {
    const run = runImage(devices, image, place, uefi);
    if (run !== null) return [run];
  }
  return FOLDERS.flatMap((folder) =>
    devices.volumes.flatMap(({ device }) => {
      const prefix = `(${device})${folder}`;
      if (devices.resolve(`${prefix}/grub.cfg`, '').kind !== 'found') return [];
      const run = createGrubRun(devices, newGrubState(variables(device, prefix, prefix, { uefi, isArm: false })));
      run.file(`${prefix}/grub.cfg`);
      return [run];
    }),
  );
}

const FOLDERS = ['/boot/grub2', '/boot/grub', '/grub2', '/grub'];

function variables(
  root: string,
  prefix: string,
  cmdpath: string,
  { uefi, isArm }: { readonly uefi: boolean; readonly isArm: boolean },
): [string, string][] {
  return [
    ['root', root],
    ['prefix', prefix],
    ['cmdpath', cmdpath],
    ['grub_platform', uefi ? 'efi' : 'pc'],
    ['grub_cpu', !uefi ? 'i386' : isArm ? 'arm64' : 'x86_64'],
    ...FEATURES.map((name): [string, string] => [name, 'y']),
  ];
}

interface Place {
  readonly at: GrubVolume;
  /** Of the program, without its device. */
  readonly folder: string;
  readonly isArm: boolean;
}

/** `file` may be the guest's path, as `/boot/efi/EFI/BOOT/grubx64.efi`. */
function placeOfProgram({ volumes, resolve }: GrubDevices, file: string): Place | null {
  const start = file.toUpperCase().lastIndexOf('/EFI/');
  const path = file.slice(Math.max(start, 0));
  const at = volumes.find(
    ({ volume, device }) => volume.fileSystem?.kind === 'vfat' && resolve(`(${device})${path}`, '').kind === 'found',
  );
  return at === undefined
    ? null
    : { at, folder: path.slice(0, path.lastIndexOf('/')), isArm: /aa64\.efi$/i.test(path) };
}

function runImage(devices: GrubDevices, image: GrubImage, place: Place | null, uefi: boolean): GrubRun | null {
  const { configuration, looksInFolders } = image;
  const named = /^\(([^)]*)\)(.*)$/s.exec(image.prefix ?? '');
  const own = place?.at ?? null;
  const device = named === null ? (own?.device ?? 'hd0') : (named[1] ?? '').replace(/^,/, 'hd0,');
  const prefix = `(${device})${named?.[2] ?? image.prefix ?? ''}`;
  const cmdpath = own === null ? '(hd0)' : `(${own.device})${place?.folder ?? ''}`;
  const at = own ?? devices.volumes[0];
  if (at === undefined) return null;
  const run = createGrubRun(
    devices,
    newGrubState(variables(device, prefix, cmdpath, { uefi, isArm: place?.isArm === true })),
  );
  const { state } = run;
  const source = { at, path: 'GRUB’s image' };
  if (looksInFolders) run.commands(IN_FOLDERS, source);
  else if (configuration !== null) run.commands(configuration, source);
  const started = state.ended !== null || state.menu.length > 0;
  const folders = [...(image.looksBesideProgram ? [cmdpath] : []), state.variables.get('prefix') ?? ''];
  if (!started) folders.some((folder) => run.file(`${folder}/grub.cfg`) !== false);
  return run;
}
