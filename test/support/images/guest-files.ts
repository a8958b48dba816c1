/** Guests built from lists of files: for checks without a disk, and for scripts that create disks from the same lists. */
import type { DiskLayout, Volume } from '../../../images/disk/volumes.js';
import type { Entry, FileSystem } from '../../../images/filesystems/filesystem.js';
import { type FindingList, findingList } from '../../../images/findings.js';
import type { GrubImage } from '../../../images/guest/boot/grub-modules.js';
import type { LinkFindings } from '../../../images/guest/boot-chain.js';
import type { BootModes } from '../../../images/guest/boot-mode.js';
import { inspectLinux } from '../../../images/guest/inspect-linux.js';
import { findRoot } from '../../../images/guest/mounts.js';
import { guestTree } from '../../../images/guest/tree.js';
import { type DiskContext, type Inspection, LONE_SYSTEM_DISK } from '../../../images/inspection.js';

/** Content by path; `-> target` is a symbolic link; a path that ends with a slash is an empty directory. */
export type Files = Readonly<Record<string, string | Buffer>>;

interface Node {
  readonly children: Map<string, number>;
  readonly content: Buffer | null;
  readonly target: string | null;
}

export function memoryFileSystem(files: Files, uuid: string | null, kind: FileSystem['kind'] = 'ext4'): FileSystem {
  const directory = (): Node => ({ children: new Map(), content: null, target: null });
  const nodes: Node[] = [directory()];
  const nodeAt = (index: number): Node => {
    const node = nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  };
  const childOf = (parent: number, name: string, make: () => Node): number => {
    const { children } = nodeAt(parent);
    const known = children.get(name);
    if (known !== undefined) return known;
    nodes.push(make());
    children.set(name, nodes.length - 1);
    return nodes.length - 1;
  };
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/').filter(Boolean);
    if (path.endsWith('/')) {
      parts.reduce((at, name) => childOf(at, name, directory), 0);
      continue;
    }
    const last = parts.pop() ?? '';
    const parent = parts.reduce((at, name) => childOf(at, name, directory), 0);
    const target = typeof content === 'string' && content.startsWith('-> ') ? content.slice(3) : null;
    childOf(parent, last, () => ({ children: new Map(), content: Buffer.from(content), target }));
  }
  const kindOf = ({ content, target }: Node) => (target !== null ? 'link' : content === null ? 'directory' : 'file');
  return {
    kind,
    uuid,
    label: '',
    totalBytes: 10 * 1024 ** 3,
    freeBytes: 5 * 1024 ** 3,
    stale: null,
    ignoresCase: kind === 'vfat',
    root: 0,
    info: (index) => ({ kind: kindOf(nodeAt(index)), size: nodeAt(index).content?.length ?? 0, mode: 0o755 }),
    entries: (index) => [...nodeAt(index).children].map(([name, node]): Entry => ({ name, node })),
    content: (index, length) => nodeAt(index).content?.subarray(0, length) ?? Buffer.alloc(0),
    link: (index) => nodeAt(index).target ?? '',
  };
}

export interface VolumeParts {
  readonly files?: Files;
  readonly uuid?: string | null;
  readonly kind?: FileSystem['kind'];
  readonly logical?: Volume['logical'];
  readonly raid?: NonNullable<Volume['raid']>;
  /** For volumes without a file system: `swap`, `LUKS` … */
  readonly content?: string;
  /** Why its file system cannot be read. */
  readonly damage?: string;
}

/** The layout of a GPT disk with these partitions, in order; logical volumes have no partition. */
export function layoutOf(...parts: readonly VolumeParts[]): DiskLayout {
  const volumes = parts.map((part, index): Volume => {
    const { files, uuid = null, kind = 'ext4', logical = null } = part;
    const fileSystem = files === undefined ? null : memoryFileSystem(files, uuid, kind);
    const number = index + 1;
    const partition = {
      number,
      start: number * 1024 ** 3,
      size: 1024 ** 3,
      type: '',
      partUuid: null,
      name: '',
      active: false,
    };
    return {
      name: logical === null ? `partition ${number}` : `logical volume ${logical.group}/${logical.name}`,
      partition: logical === null ? partition : null,
      logical,
      alsoReadBy: null,
      extents: [],
      source: { size: 1024 ** 3, read: () => Buffer.alloc(0) },
      fileSystem,
      uuid,
      label: null,
      content: part.content ?? fileSystem?.kind ?? null,
      damage: part.damage ?? null,
      ...(part.raid === undefined ? {} : { raid: part.raid }),
    };
  });
  const partitions = volumes.flatMap(({ partition }) => partition ?? []);
  return { table: { scheme: 'gpt', partitions }, volumes };
}

export const BIOS: BootModes = {
  bios: 'boot sector: GRUB',
  biosBroken: null,
  biosStage: 'unknown',
  grubCore: null,
  uefi: null,
  uefiElsewhere: null,
  loaders: [],
};
export const SYSLINUX: BootModes = { ...BIOS, bios: 'boot sector: SYSLINUX', biosStage: 'whole' };
export const UEFI: BootModes = {
  bios: null,
  biosBroken: null,
  biosStage: 'unknown',
  grubCore: null,
  uefi: 'partition 1: /EFI/BOOT/BOOTX64.EFI',
  uefiElsewhere: null,
  loaders: ['x86_64'],
};

export type GuestInspection = Pick<
  Inspection,
  | 'architecture'
  | 'bootMode'
  | 'platform'
  | 'osVersion'
  | 'kernelVersion'
  | 'cloudInitVersion'
  | 'nvmeSupport'
  | 'findings'
  | 'bootChain'
  | 'hostName'
  | 'packageFormat'
  | 'mounts'
>;

/** A core image of GRUB that finds its files on one of the volumes. */
function coreFor({ volumes }: DiskLayout): GrubImage | null {
  for (const { fileSystem, uuid, partition } of volumes) {
    if (fileSystem === null || uuid === null) continue;
    const tree = guestTree([{ at: '/', fileSystem }]);
    const folder = ['/boot/grub2', '/boot/grub', '/grub2', '/grub'].find((path) => tree.exists(path));
    if (folder === undefined) continue;
    const modules = ['normal', 'linux', 'ext2', 'xfs', 'btrfs', 'lvm', ...(partition === null ? [] : ['part_gpt'])];
    const configuration = `search.fs_uuid ${uuid} root\nset prefix=($root)${folder}\n`;
    return { prefix: null, configuration, modules: new Set(modules), looksInFolders: false, looksBesideProgram: false };
  }
  return null;
}

/** Inspects a Linux guest without a disk. A BIOS GRUB without a core image gets one that finds its files. */
export function inspectGuestFiles(
  layout: DiskLayout,
  modes: BootModes = BIOS,
  context: DiskContext = LONE_SYSTEM_DISK,
): GuestInspection {
  const root = findRoot(layout);
  if (root === null) throw new Error('no root was found');
  const findings = findingList();
  const core = modes.bios?.includes('GRUB') ? (modes.grubCore ?? coreFor(layout)) : modes.grubCore;
  const facts = inspectLinux(root, layout, { ...modes, grubCore: core }, context, findings);
  return { ...facts, findings: findings.all };
}

/** For a check of one link alone. */
export const linkFindings = (findings: FindingList): LinkFindings => ({
  all: findings.all,
  add: findings.add,
  unsure: (code, message, evidence, remedy) => findings.add('warning', code, message, evidence, remedy),
  depends: () => undefined,
  saw: () => undefined,
});

/** Every finding above `info` as `severity CODE`. */
export function serious({ findings }: Pick<GuestInspection, 'findings'>): string[] {
  return findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code }) => `${severity} ${code}`)
    .sort();
}

/** A cpio archive (newc) of empty files. */
export function cpioOf(names: readonly string[], contents: Readonly<Record<string, Buffer>> = {}): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  const entry = (name: string) => {
    const content = contents[name] ?? Buffer.alloc(0);
    const fields = [0, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0].map(hex).join('');
    return Buffer.concat([padded(Buffer.from(`070701${fields}${name}\0`)), padded(content)]);
  };
  return Buffer.concat([...names, 'TRAILER!!!'].map(entry));
}

/** The part of an x86 kernel image with its version (boot protocol, kernel_version at 0x20e). */
export function kernelImage(version: string): Buffer {
  const image = Buffer.alloc(4096);
  // One sector of setup code after the boot sector, then 3072 bytes.
  image.writeUInt8(1, 0x1f1);
  image.writeUInt32LE(3072 / 16, 0x1f4);
  image.write('HdrS', 0x202);
  image.writeUInt16LE(0x20f, 0x206);
  // XLF_KERNEL_64
  image.writeUInt16LE(1, 0x236);
  image.writeUInt16LE(0x800, 0x20e);
  image.write(`${version} (builder@host) #1 SMP\0`, 0xa00);
  return image;
}

/** The ELF header of a program for a machine: 62 x86_64, 183 arm64, 3 i386. */
export function elf(machine: number): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 0, 'latin1');
  head.writeUInt8(2, 4);
  head.writeUInt16LE(machine, 18);
  return head;
}
