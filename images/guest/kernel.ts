/** The kernel that boots: version, configuration, and for each driver where it is when it is needed. */
import { unlessUnreadable } from '../findings.js';
import { type Initramfs, readInitramfs } from '../packing/cpio.js';
import { type BootEntry, inGuest } from './boot-config.js';
import type { GuestTree } from './tree.js';

const MAX_INITRAMFS = 256 * 1024 * 1024;

/** `unknown`: neither configuration nor module lists could be read. */
export type DriverPlace = 'built in' | 'in the initramfs' | 'module' | 'absent' | 'unknown';

export interface Kernel {
  readonly version: string;
  readonly evidence: string;
  /** Path of the configuration; null where there is none. */
  readonly configFile: string | null;
  /** `y`, `m`, `n`; null where it cannot be told. */
  config(option: string): 'y' | 'm' | 'n' | null;
  readonly initramfs: (Initramfs & { readonly file: string }) | null;
  /** Where a driver is, told by its module's name and its configuration option. */
  driver(module: string, option: string): DriverPlace;
}

export interface KernelSearch {
  readonly kernel: Kernel | null;
  /** Every version that has modules or an image. */
  readonly versions: readonly string[];
}

const MODULE_FOLDERS = ['/lib/modules', '/usr/lib/modules'];

export function findKernel(tree: GuestTree, entries: readonly BootEntry[]): KernelSearch {
  const images = tree.list('/boot').filter((name) => /^(vmlinu[xz]|Image|kernel)-/.test(name));
  const fromImages = images
    .map((name) => name.replace(/^(vmlinu[xz]|Image|kernel)-/, ''))
    .filter((name) => /^\d/.test(name));
  const folder = MODULE_FOLDERS.find((path) => tree.list(path).length > 0);
  const fromModules = folder === undefined ? [] : tree.list(folder).filter((name) => /^\d+\.\d+/.test(name));
  const versions = [...new Set([...fromImages, ...fromModules])].sort(byVersion);
  const first = entries[0];
  const image = first === undefined ? null : inGuest(tree, first.kernel);
  if (first !== undefined && image !== null) {
    const version = versionInName(image) ?? versionInName(tree.link(image) ?? '') ?? versionInImage(tree, image);
    if (version !== null) return { kernel: openKernel(tree, version, first.evidence, first.initrd), versions };
  }
  // Without an entry that names it, the newest kernel with an image is what a boot loader takes.
  const bootable = versions.filter(
    (version) => fromImages.includes(version) || tree.exists(`${folder}/${version}/vmlinuz`),
  );
  const newest = bootable.at(-1);
  if (newest === undefined) return { kernel: null, versions };
  const evidence = fromImages.includes(newest) ? `/boot: kernel image of ${newest}` : `${folder}/${newest}/vmlinuz`;
  return { kernel: openKernel(tree, newest, evidence, null), versions };
}

export function byVersion(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}

function versionInName(path: string): string | null {
  return (
    /(?:vmlinu[xz]|Image|kernel)-(\d[^/]*)$/.exec(path)?.[1] ?? /\/modules\/(\d[^/]+)\/vmlinuz$/.exec(path)?.[1] ?? null
  );
}

/** x86: the boot protocol's pointer to the version text, at 0x20e. */
function versionInImage(tree: GuestTree, image: string): string | null {
  const head = tree.bytes(image, 65_536);
  if (head === null || head.length < 0x210 || head.toString('latin1', 0x202, 0x206) !== 'HdrS') return null;
  const at = head.readUInt16LE(0x20e) + 0x200;
  return /^\d[^\s\0]{1,100}/.exec(head.toString('latin1', at, at + 128))?.[0] ?? null;
}

function openKernel(tree: GuestTree, version: string, evidence: string, initrdPath: string | null): Kernel {
  const folder =
    MODULE_FOLDERS.map((path) => `${path}/${version}`).find((path) => tree.exists(path)) ?? `/lib/modules/${version}`;
  const configFile =
    [`/boot/config-${version}`, `${folder}/config`, `/usr/lib/kernel/config-${version}`].find((path) =>
      tree.exists(path),
    ) ?? null;
  const options = configFile === null ? null : parseConfig(tree.text(configFile) ?? '');
  const modules = moduleNames(tree, `${folder}/modules.dep`);
  const builtIn = moduleNames(tree, `${folder}/modules.builtin`);
  const initramfs = openInitramfs(tree, version, initrdPath);
  const packed = new Set((initramfs?.names ?? []).map(moduleName).filter((name) => name !== null));
  const config = (option: string) => options?.get(option) ?? (options === null ? null : 'n');
  return {
    version,
    evidence,
    configFile,
    config,
    initramfs,
    driver(module, option) {
      if (config(option) === 'y' || builtIn?.has(module)) return 'built in';
      if (packed.has(module)) return 'in the initramfs';
      if (modules?.has(module) || config(option) === 'm') return 'module';
      return modules === null && options === null ? 'unknown' : 'absent';
    },
  };
}

function parseConfig(content: string): ReadonlyMap<string, 'y' | 'm'> {
  const options = new Map<string, 'y' | 'm'>();
  for (const found of content.matchAll(/^(CONFIG_[A-Z0-9_]+)=([ym])$/gm)) {
    options.set(found[1] ?? '', found[2] === 'y' ? 'y' : 'm');
  }
  return options;
}

/** modules.dep names every module before the colon, modules.builtin one a line. */
function moduleNames(tree: GuestTree, file: string): ReadonlySet<string> | null {
  const content = unlessUnreadable(
    () => tree.text(file),
    () => null,
  );
  if (content === null) return null;
  const names = content.split('\n').map((line) => moduleName(line.split(':', 1)[0] ?? ''));
  return new Set(names.filter((name) => name !== null));
}

function moduleName(path: string): string | null {
  const found = /([^/]+)\.ko(?:\.(?:xz|zst|gz))?$/.exec(path)?.[1];
  return found === undefined ? null : found.replaceAll('-', '_');
}

function openInitramfs(tree: GuestTree, version: string, named: string | null): Kernel['initramfs'] {
  const inBoot = [
    `/boot/initrd.img-${version}`,
    `/boot/initramfs-${version}.img`,
    `/boot/initrd-${version}`,
    `/boot/initrd-${version}.img`,
    `/lib/modules/${version}/initramfs.img`,
    `/lib/modules/${version}/initrd`,
  ];
  const fromEntry = named === null ? null : inGuest(tree, named);
  const file = fromEntry ?? inBoot.find((path) => tree.exists(path));
  if (file === undefined || file === null) return null;
  return unlessUnreadable<Kernel['initramfs']>(
    () => {
      const bytes = tree.bytes(file, MAX_INITRAMFS);
      if (bytes === null) return null;
      return { file, ...readInitramfs(bytes) };
    },
    (reason) => ({ file, names: [], packing: 'unknown', problem: reason }),
  );
}
