/** Finds the guest's root volume and mounts the volumes of its fstab. */
import { printable } from '../bytes.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import type { FileSystem } from '../filesystems/filesystem.js';
import { unlessUnreadable } from '../findings.js';
import type { BootPlace } from './boot/entry.js';
import { type GuestTree, guestTree, lines, type Mount } from './tree.js';

export interface FstabEntry {
  readonly line: number;
  readonly spec: string;
  readonly at: string;
  readonly type: string;
  readonly options: readonly string[];
  /** The order of its file system check; 0: none. */
  readonly pass: number;
}

export interface Root {
  readonly tree: GuestTree;
  readonly volume: Volume;
  readonly fstab: readonly FstabEntry[];
}

/** The volume with the most of these files, at least two, is the root. */
const ROOT_FILES = [
  '/etc/os-release',
  '/usr/lib/os-release',
  '/etc/fstab',
  '/etc/passwd',
  '/sbin/init',
  '/etc/redhat-release',
];
/** The mounts that the inspection reads; mounting others would only take time. */
const MOUNTED = /^\/(boot(\/.*)?|usr(\/.*)?|var(\/lib)?|etc|home|opt|(nix|gnu)(\/store)?)?$/;

/** Null: no volume of this disk is the root of a Linux system. */
export function findRoot(layout: DiskLayout): Root | null {
  const best = layout.volumes
    .flatMap((volume) => rootsOf(volume).map((one) => ({ volume, ...one, score: rootScore(one) })))
    .reduce<{ volume: Volume; fileSystem: FileSystem; score: number } | null>(
      (champion, candidate) => (candidate.score > (champion?.score ?? 1) ? candidate : champion),
      null,
    );
  if (best === null) return rootAround(layout);
  const volume = { ...best.volume, fileSystem: best.fileSystem };
  const bare = guestTree([{ at: '/', fileSystem: best.fileSystem }]);
  const fstab = unlessUnreadable(
    () => parseFstab(bare.text('/etc/fstab') ?? ''),
    () => [],
  );
  const mounts: Mount[] = [{ at: '/', fileSystem: best.fileSystem }];
  for (const entry of fstab) {
    const fileSystem = entry.at !== '/' && MOUNTED.test(entry.at) ? mountedBy(entry, layout) : null;
    if (fileSystem !== null) mounts.push({ at: entry.at, fileSystem });
  }
  const tree = guestTree(mounts);
  const usr = isEmpty(tree, '/usr') ? findUsr(layout, volume) : null;
  return { tree: usr === null ? tree : guestTree([...mounts, { at: '/usr', fileSystem: usr }]), volume, fstab };
}

function isEmpty(tree: GuestTree, folder: string): boolean {
  return unlessUnreadable(
    () => tree.list(folder).length === 0,
    () => false,
  );
}

/** What a file system for /usr has at its top. */
const USR_FILES = ['/lib/os-release', '/bin', '/lib/systemd/systemd'];

/** The kernel command line or the partition's type mounts it, not fstab: Container Linux, Flatcar, systemd's discovery. */
function findUsr({ volumes }: DiskLayout, root: Volume | null): FileSystem | null {
  return (
    volumes.find(({ name, fileSystem }) => {
      if (fileSystem === null || name === root?.name || fileSystem.kind === 'vfat') return false;
      return unlessUnreadable(
        () => USR_FILES.every((path) => guestTree([{ at: '/', fileSystem }]).exists(path)),
        () => false,
      );
    })?.fileSystem ?? null
  );
}

/** A system whose root is filled at its first boot from its /usr. */
function rootAround(layout: DiskLayout): Root | null {
  const usr = findUsr(layout, null);
  const volume = layout.volumes.find(
    ({ label, fileSystem }) => label === 'ROOT' && fileSystem !== null && fileSystem !== usr,
  );
  if (usr === null || volume === undefined || volume.fileSystem === null) return null;
  const mounts = [
    { at: '/', fileSystem: volume.fileSystem },
    { at: '/usr', fileSystem: usr },
  ];
  return { tree: guestTree(mounts), volume, fstab: [] };
}

interface Candidate {
  readonly fileSystem: FileSystem;
  /** Its name; null if it is not a subvolume by name. */
  readonly subvolume: string | null;
}

/** Candidates for the root: the file system, each btrfs subvolume, and each ostree deployment. */
function rootsOf({ fileSystem }: Volume): Candidate[] {
  if (fileSystem === null || fileSystem.kind === 'vfat' || fileSystem.kind === 'ntfs') return [];
  const subvolumes = (fileSystem.subvolumes ?? []).map(({ root, name }) => ({
    fileSystem: { ...fileSystem, root },
    subvolume: name,
  }));
  const whole: Candidate[] = [{ fileSystem, subvolume: null }, ...subvolumes];
  return [
    ...whole,
    ...whole.flatMap((one) =>
      deployments(one.fileSystem).map((deployed) => ({ fileSystem: deployed, subvolume: null })),
    ),
  ];
}

const MAX_DEPLOYMENTS = 10;

function deployments(fileSystem: FileSystem): FileSystem[] {
  return unlessUnreadable<FileSystem[]>(
    () => {
      const systems = childOf(fileSystem, fileSystem.root, 'ostree', 'deploy');
      if (systems === null) return [];
      return fileSystem
        .entries(systems)
        .flatMap(({ node }) => {
          const deployed = childOf(fileSystem, node, 'deploy');
          return deployed === null ? [] : fileSystem.entries(deployed);
        })
        .filter(({ node }) => fileSystem.info(node).kind === 'directory')
        .slice(0, MAX_DEPLOYMENTS)
        .map(({ node }) => ({ ...fileSystem, root: node }));
    },
    () => [],
  );
}

function childOf(fileSystem: FileSystem, from: number, ...names: readonly string[]): number | null {
  let node: number | undefined = from;
  for (const name of names) {
    if (node === undefined || fileSystem.info(node).kind !== 'directory') return null;
    node = fileSystem.entries(node).find((entry) => entry.name === name)?.node;
  }
  return node ?? null;
}

function mountedBy({ spec, options }: FstabEntry, layout: DiskLayout): FileSystem | null {
  const fileSystem = volumeFor(spec, layout)?.fileSystem ?? null;
  const wanted = options.find((option) => option.startsWith('subvol='))?.slice(7);
  if (fileSystem === null || wanted === undefined) return fileSystem;
  const root = unlessUnreadable(
    () => fileSystem.subvolumeAt?.(wanted.split('/').filter(Boolean)) ?? null,
    () => null,
  );
  return root === null ? null : { ...fileSystem, root };
}

/** Where boot loaders may have their files: the root with its mounts, then volumes that fstab does not mount. */
export function bootPlaces({ tree, volume }: Root, layout: DiskLayout): BootPlace[] {
  const mounted = new Set(tree.mounts.map(({ fileSystem }) => fileSystem.uuid));
  const others = layout.volumes.flatMap(({ name, fileSystem, uuid }): BootPlace[] => {
    if (fileSystem === null || name === volume.name || (uuid !== null && mounted.has(uuid))) return [];
    const own = guestTree([{ at: '/', fileSystem }]);
    const isBoot = BOOT_FILES.some((path) =>
      unlessUnreadable(
        () => own.exists(path),
        () => false,
      ),
    );
    return isBoot ? [{ name, tree: own }] : [];
  });
  return [{ name: '', tree }, ...others];
}
const BOOT_FILES = ['/EFI', '/loader/entries', '/grub2/grub.cfg', '/grub/grub.cfg', '/extlinux'];

function rootScore({ fileSystem, subvolume }: Candidate): number {
  return unlessUnreadable(
    () => {
      const tree = guestTree([{ at: '/', fileSystem }]);
      const files = ROOT_FILES.filter((path) => tree.exists(path) || tree.link(path) !== null).length;
      return files > 1 && subvolume !== null && mountsItself(tree, subvolume) ? files + NAMED_BY_FSTAB : files;
    },
    () => 0,
  );
}

/** A copy of the root, e.g. from before a rollback, has the same files but another name than its fstab mounts. */
function mountsItself(tree: GuestTree, subvolume: string): boolean {
  const root = parseFstab(tree.text('/etc/fstab') ?? '').find(({ at }) => at === '/');
  const named = root?.options.find((option) => option.startsWith('subvol='))?.slice('subvol='.length);
  return named?.replace(/^\//, '') === subvolume;
}
const NAMED_BY_FSTAB = 0.5;

export function parseFstab(content: string): FstabEntry[] {
  return lines(content).flatMap(({ number, text }) => {
    const [spec, at, type, options, , pass] = text.split(/\s+/);
    if (spec === undefined || at === undefined || type === undefined) return [];
    const unquoted = unescaped(spec).replace(/^([A-Z]+=)"(.*)"$/, '$1$2');
    return [
      {
        line: number,
        spec: unquoted,
        at: unescaped(at).replace(/(?<=.)\/+$/, ''),
        type,
        options: (options ?? 'defaults').split(','),
        pass: /^[1-9]\d*$/.test(pass ?? '') ? Number(pass) : 0,
      },
    ];
  });
}

/** `/dev/md/NAME` or `/dev/mdNUMBER`. */
const ARRAY = /^\/dev\/md(?:\/(.+)|(\d+))$/;

/** fstab(5) writes a space as `\040`. */
const unescaped = (field: string): string =>
  field.replace(/\\([01][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The names of links in /dev/disk have a space as `\x20`. */
const ofLink = (name: string): string =>
  name.replace(/\\x([0-7][0-9a-f])/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** The volume of this disk that a device specification refers to; null if it is none of them. */
export function volumeFor(spec: string, layout: DiskLayout): Volume | null {
  const { volumes } = layout;
  const same = (left: string | null | undefined, right: string) => (left ?? '').toLowerCase() === right.toLowerCase();
  const named = /^(?:\/dev\/disk\/by-)?(uuid|label|partuuid|partlabel)[=/](.+)$/i.exec(spec);
  if (named !== null) {
    const value = spec.startsWith('/') ? ofLink(named[2] ?? '') : (named[2] ?? '');
    const relative = /^(.+)\/PARTNROFF=(-?\d{1,4})$/i.exec(value);
    if (relative !== null && /^partuuid$/i.test(named[1] ?? '')) {
      const base = volumes.find((volume) => same(volume.partition?.partUuid, relative[1] ?? ''))?.partition?.number;
      return volumes.find(({ partition }) => partition?.number === (base ?? Number.NaN) + Number(relative[2])) ?? null;
    }
    const matches: Readonly<Record<string, (volume: Volume) => boolean>> = {
      uuid: (volume) => same(volume.uuid, value),
      label: (volume) => volume.label !== null && volume.label.trimEnd() === value,
      partuuid: (volume) => same(volume.partition?.partUuid, value),
      partlabel: (volume) => volume.partition?.name === value,
    };
    return volumes.find(matches[(named[1] ?? '').toLowerCase()] ?? (() => false)) ?? null;
  }
  const [, byName, byNumber] = ARRAY.exec(spec) ?? [];
  const array = byName ?? byNumber;
  // The name of an array may begin with that of its host.
  const member = volumes.find(({ raid }) => array !== undefined && raid?.name?.replace(/^[^:]*:/, '') === array);
  if (member !== undefined) return member;
  const logical = logicalName(spec);
  if (logical !== null) {
    return (
      volumes.find(
        (volume) => volume.logical !== null && `${volume.logical.group}/${volume.logical.name}` === logical,
      ) ?? null
    );
  }
  const partition = /^\/dev\/(?:(?:[shv]d|xvd)a|nvme0n1p|mmcblk0p)(\d{1,3})$/.exec(spec);
  if (partition === null) return null;
  return volumes.find((volume) => volume.partition?.number === Number(partition[1])) ?? null;
}

/** Their UUIDs have upper-case letters, all others lower-case ones. */
const UPPER_CASE = ['vfat', 'exfat', 'ntfs'];

/** True if a UUID has letters in another case than udev and blkid give it: these compare exactly, the kernel does not. */
export function differsInCase(spec: string, volume: Volume): boolean {
  const [, name = '', value = ''] = /^(?:\/dev\/disk\/by-)?(uuid|partuuid)[=/]([^/]+)/i.exec(spec) ?? [];
  const isUpper = name.toLowerCase() === 'uuid' && UPPER_CASE.includes(volume.content ?? '');
  return value !== (isUpper ? value.toUpperCase() : value.toLowerCase());
}

/** `/dev/mapper/vg-lv`, where a dash within a name is doubled, or `/dev/vg/lv`. */
function logicalName(spec: string): string | null {
  const mapped = /^\/dev\/mapper\/((?:[^-]|--)+)-((?:[^-]|--)+)$/.exec(spec);
  if (mapped !== null) return `${mapped[1]}/${mapped[2]}`.replaceAll('--', '-');
  const direct = /^\/dev\/(?!disk\/|mapper\/)([^/]+)\/([^/]+)$/.exec(spec);
  return direct === null ? null : `${direct[1]}/${direct[2]}`;
}

/** Device names, which depend on the hypervisor and on the order in which the kernel detects disks. */
export function isDeviceName(spec: string): boolean {
  return /^\/dev\/(?:[shv]d[a-z]+\d*|xvd[a-z]+\d*|nvme\d+n\d+(?:p\d+)?|mmcblk\d+(?:p\d+)?|mtdblock\d+)$/.test(spec);
}

/** Contents that may include file systems with UUIDs and labels that the inspection cannot read. */
const OPAQUE_CONTENTS = [
  ...['LUKS', 'BitLocker', 'Linux RAID', 'bcache', 'bcachefs', 'ZFS', 'f2fs', 'reiserfs', 'reiser4', 'jfs'],
  ...['nilfs2', 'ocfs2', 'gfs2', 'VDO', 'Stratis', 'DRBD', 'firmware RAID', 'dm-integrity'],
];

/** True if a name that no volume has may belong to a volume that could not be read, or to an array: the guest names it. */
export function someVolumeUnread({ volumes }: DiskLayout, spec = ''): boolean {
  if (ARRAY.test(spec) && volumes.some(({ raid }) => raid !== undefined)) return true;
  const groups = volumes.some(({ logical }) => logical !== null);
  return volumes.some(
    ({ content, source, damage }) =>
      source === null || damage !== null || OPAQUE_CONTENTS.includes(content ?? '') || (content === 'LVM' && !groups),
  );
}

export function fstabEvidence({ line, spec, at, type, options }: FstabEntry): string {
  return `/etc/fstab:${line}: ${printable(`${spec} ${at} ${type} ${options.join(',')}`)}`;
}
