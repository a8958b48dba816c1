/** The kernel that boots: its version, its configuration, and where each of its drivers is at boot. */

import { UnreadableError } from '../bytes.js';
import { type Initramfs, type InitramfsContent, readInitramfs } from '../compression/cpio.js';
import { unlessUnreadable } from '../findings.js';
import { type BootEntry, filePath } from './boot/entry.js';
import { kernelVersion } from './boot/uki.js';
import { type ModuleLists, moduleName, parseConfig, readModuleLists } from './modules.js';
import type { GuestTree } from './tree.js';
import { compareVersions } from './version.js';

const MAX_INITRAMFS = 256 * 1024 * 1024;

/** `unknown`: the configuration and the module lists could not be read. */
export type DriverPlace = 'built in' | 'in the initramfs' | 'module' | 'absent' | 'unknown';

export interface LoadedInitramfs extends Initramfs {
  readonly file: string;
}

export interface Kernel {
  readonly version: string;
  readonly evidence: string;
  /** The boot entry that starts it; null if no boot entry was found. */
  readonly entry: BootEntry | null;
  /** Path of the configuration; null if it does not exist. */
  readonly configFile: string | null;
  /** `y`, `m`, `n`; null if there is no configuration. */
  config(option: string): 'y' | 'm' | 'n' | null;
  /** Null: the boot loader does not load one. */
  readonly initramfs: LoadedInitramfs | null;
  /** Where a driver is, by the names of its module and its configuration option. */
  driver(module: string, option: string): DriverPlace;
}

export interface KernelSearch {
  readonly kernel: Kernel | null;
  /** Every version that has modules or an image. */
  readonly versions: readonly string[];
}

const MODULE_FOLDERS = ['/lib/modules', '/usr/lib/modules'];
const IMAGE_NAME = /^(?:vmlinu[xz]|Image|kernel|bzImage)-/;

export function findKernel(tree: GuestTree, first: BootEntry | null): KernelSearch {
  const fromImages = tree
    .list('/boot')
    .filter((name) => IMAGE_NAME.test(name))
    .map((name) => name.replace(IMAGE_NAME, ''))
    .filter((name) => /^\d/.test(name));
  const folder = MODULE_FOLDERS.find((path) => tree.list(path).length > 0);
  const fromModules = folder === undefined ? [] : tree.list(folder).filter((name) => /^\d+\.\d+/.test(name));
  const versions = [...new Set([...fromImages, ...fromModules])].sort(compareVersions);
  if (first !== null) {
    const version = versionOf(first, fromModules);
    if (version !== null) return { kernel: openKernel(tree, version, first), versions };
  }
  // Without a boot entry, assume the newest kernel with an image, as boot loaders do by default.
  const bootable = versions.filter(
    (version) => fromImages.includes(version) || tree.exists(`${folder}/${version}/vmlinuz`),
  );
  const newest = bootable.at(-1);
  if (newest === undefined || first !== null) return { kernel: null, versions };
  const evidence = fromImages.includes(newest) ? `/boot: kernel image of ${newest}` : `${folder}/${newest}/vmlinuz`;
  return { kernel: { ...openKernel(tree, newest, null), evidence }, versions };
}

/** Null if the entry's kernel is missing or its version is unknown. */
function versionOf(entry: BootEntry, fromModules: readonly string[]): string | null {
  const { tree } = entry;
  if (entry.unified !== null) return entry.version;
  const image = filePath(entry, entry.kernel);
  if (image === null) return null;
  const only = fromModules.length === 1 ? (fromModules[0] ?? null) : null;
  return (
    kernelVersion(tree.bytes(image, 65_536) ?? Buffer.alloc(0)) ??
    versionInName(image) ??
    versionInName(tree.link(image) ?? '') ??
    (entry.version !== null && /^\d/.test(entry.version) ? entry.version : only)
  );
}

function versionInName(path: string): string | null {
  return (
    /(?:vmlinu[xz]|Image|kernel|bzImage)-(\d[^/]*)$/.exec(path)?.[1] ??
    /\/modules\/(\d[^/]+)\/vmlinuz$/.exec(path)?.[1] ??
    null
  );
}

function openKernel(tree: GuestTree, version: string, entry: BootEntry | null): Kernel {
  const folder =
    MODULE_FOLDERS.map((path) => `${path}/${version}`).find((path) => tree.exists(path)) ?? `/lib/modules/${version}`;
  const configFile =
    [
      `/boot/config-${version}`,
      `${folder}/config`,
      `/usr/lib/kernel/config-${version}`,
      `/usr/lib/ostree-boot/config-${version}`,
    ].find((path) => tree.exists(path)) ?? null;
  const options = configFile === null ? null : parseConfig(tree.text(configFile) ?? '');
  const lists = readModuleLists(tree, folder);
  const initramfs = entry === null ? defaultInitramfs(tree, version) : initramfsOf(entry);
  // Without this program, the kernel ignores the initramfs.
  const names = initramfs === null || !startsSystem(initramfs) ? [] : initramfs.names;
  const inInitramfs = new Set(loadableModules(version, names));
  const config = (option: string) => options?.get(option) ?? (options === null ? null : 'n');
  return {
    version,
    evidence: entry?.evidence ?? '',
    entry,
    configFile,
    config,
    initramfs,
    driver: (module, option) => place(module, config(option), lists, inInitramfs),
  };
}

function place(
  module: string,
  option: 'y' | 'm' | 'n' | null,
  lists: ModuleLists,
  inInitramfs: ReadonlySet<string>,
): DriverPlace {
  if (option === 'y' || lists.builtIn?.has(module)) return 'built in';
  if (inInitramfs.has(module)) return 'in the initramfs';
  if (lists.loadable?.has(module) || option === 'm') return 'module';
  // Without the list of built-in modules, the driver may still be built in.
  return option === 'n' || (lists.loadable !== null && lists.builtIn !== null) ? 'absent' : 'unknown';
}

/** The initramfs's modules for this kernel version; those of other versions are in other folders. */
function loadableModules(version: string, names: readonly string[]): string[] {
  return names.flatMap((path) => {
    const name = moduleName(path);
    const folder = /lib\/modules\/([^/]+)\//.exec(path)?.[1];
    return name === null || (folder !== undefined && folder !== version) ? [] : [name];
  });
}

/** False: the kernel finds no program to start in it. */
export function startsSystem({ names, content }: Initramfs): boolean {
  return content === 'not read' || names.some((name) => /^(\.?\/)?init$/.test(name));
}

/** The worst first. */
const CONTENTS: readonly InitramfsContent[] = ['not read', 'ends early', 'nested'];

/** What the boot loader loads for an entry. Null: nothing, or a file that does not exist. */
export function initramfsOf(entry: BootEntry): LoadedInitramfs | null {
  if (entry.unified !== null) {
    const { initramfs } = entry.unified;
    return initramfs === null ? null : read(entry.kernel, () => initramfs);
  }
  const files = entry.initrds.flatMap((path) => filePath(entry, path) ?? []);
  const all = files.flatMap((file) => read(file, () => initramfsBytes(entry.tree, file)) ?? []);
  // The kernel unpacks nothing after a damaged archive.
  const damaged = all.findIndex(({ content }) => content === 'ends early');
  const loaded = damaged < 0 ? all : all.slice(0, damaged + 1);
  const last = loaded.at(-1);
  if (last === undefined) return null;
  return {
    ...last,
    names: loaded.flatMap(({ names }) => names),
    loadedByName: loaded.map(({ loadedByName }) => loadedByName).find((list) => list !== null) ?? null,
    // Programs of later files replace those of earlier ones.
    machine: loaded.findLast(({ machine }) => machine !== null)?.machine ?? null,
    problem: loaded.find(({ problem }) => problem !== null)?.problem ?? null,
    content: CONTENTS.find((content) => loaded.some((one) => one.content === content)) ?? 'read',
  };
}

/** A part of a larger one would look like a damaged one. */
function initramfsBytes(tree: GuestTree, file: string): Buffer | null {
  if ((tree.info(file)?.size ?? 0) > MAX_INITRAMFS)
    throw new UnreadableError(`it has more than ${MAX_INITRAMFS} bytes`);
  return tree.bytes(file, MAX_INITRAMFS);
}

/** Without a boot entry: the initramfs named after the kernel's version. */
function defaultInitramfs(tree: GuestTree, version: string): LoadedInitramfs | null {
  const file = [
    `/boot/initrd.img-${version}`,
    `/boot/initramfs-${version}.img`,
    `/boot/initrd-${version}`,
    `/boot/initrd-${version}.img`,
    `/lib/modules/${version}/initramfs.img`,
    `/lib/modules/${version}/initrd`,
  ].find((path) => tree.exists(path));
  return file === undefined ? null : read(file, () => initramfsBytes(tree, file));
}

function read(file: string, bytes: () => Buffer | null): LoadedInitramfs | null {
  return unlessUnreadable<LoadedInitramfs | null>(
    () => {
      const content = bytes();
      return content === null ? null : { file, ...readInitramfs(content) };
    },
    (problem) => ({
      ...{ file, names: [], loadedByName: null, machine: null },
      ...{ compression: 'unknown', problem, content: 'not read' },
    }),
  );
}
