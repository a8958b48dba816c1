/** GRUB's names for this machine's disk: `(hd0,gpt2)/boot/grub`, `(lvm/vg-root)/grub`. */
import type { DiskLayout, Volume } from '../../disk/volumes.js';
import { unlessUnreadable } from '../../findings.js';
import { someVolumeUnread } from '../mounts.js';
import { type GuestTree, guestTree } from '../tree.js';

export interface GrubVolume {
  readonly volume: Volume;
  /** In parentheses in a path. */
  readonly device: string;
  /** The file system as GRUB sees it. For btrfs: the default subvolume, then the top. */
  readonly trees: readonly GuestTree[];
}

/** A path of GRUB. `missing`: it does not exist. `unknown`: its device is not known, or could not be read. */
export type GrubFile =
  | { readonly kind: 'found'; readonly at: GrubVolume; readonly tree: GuestTree; readonly path: string }
  | { readonly kind: 'missing'; readonly at: GrubVolume | null; readonly path: string }
  | { readonly kind: 'unknown'; readonly path: string };

export interface GrubDevices {
  readonly volumes: readonly GrubVolume[];
  /** `root`: the device of paths without one. */
  resolve(path: string, root: string): GrubFile;
  deviceOf(volume: Volume): string | null;
  /** `search` by UUID or label. `unknown`: it may be on a volume that was not read. */
  search(by: 'uuid' | 'label', value: string): GrubVolume | 'missing' | 'unknown';
  searchFile(path: string): GrubVolume | 'missing' | 'unknown';
}

export function grubDevices(layout: DiskLayout): GrubDevices {
  const scheme = layout.table.scheme === 'gpt' ? 'gpt' : 'msdos';
  const volumes = layout.volumes.flatMap((volume): GrubVolume[] => {
    const device = nameOf(volume, scheme);
    return device === null ? [] : [{ volume, device, trees: treesOf(volume) }];
  });
  const mayBeUnread = someVolumeUnread(layout);
  const find = (device: string): GrubVolume | 'missing' | 'unknown' => {
    const wanted = normalised(device);
    if (wanted === null) return 'unknown';
    const found = volumes.find(({ device: name, volume }) =>
      [name, partitionOnly(volume), ...idsOf(volume)].includes(wanted),
    );
    // The machine has one disk.
    if (found !== undefined) return found.volume.fileSystem === null ? 'unknown' : found;
    return /^hd\d+(,|$)/.test(wanted) ? 'missing' : 'unknown';
  };
  const first = (matches: (one: GrubVolume) => boolean): GrubVolume | 'missing' | 'unknown' =>
    volumes.find(matches) ?? (mayBeUnread ? 'unknown' : 'missing');
  const fileOn = (at: GrubVolume, path: string): GrubFile =>
    unlessUnreadable<GrubFile>(
      () => {
        const tree = at.trees.find((one) => one.exists(path));
        return tree === undefined ? { kind: 'missing', at, path } : { kind: 'found', at, tree, path };
      },
      () => ({ kind: 'unknown', path }),
    );
  return {
    volumes,
    deviceOf: (volume) => volumes.find((one) => one.volume.name === volume.name)?.device ?? null,
    resolve(path, root) {
      const [, device, rest] = /^\(([^)]*)\)(.*)$/s.exec(path) ?? [null, root, path];
      const plain = (rest ?? '').replace(/\/+/g, '/');
      if (plain.includes('$') || !plain.startsWith('/')) return { kind: 'unknown', path: plain };
      // `()` is the root, as without a device.
      const at = find(device || root);
      if (at === 'missing') return { kind: 'missing', at: null, path: plain };
      return at === 'unknown' ? { kind: 'unknown', path: plain } : fileOn(at, plain);
    },
    search: (by, value) =>
      first(({ volume }) =>
        by === 'uuid'
          ? (volume.fileSystem?.uuid ?? volume.uuid ?? '').toLowerCase() === value.toLowerCase()
          : (volume.label ?? '') === value,
      ),
    searchFile: (path) => first((at) => fileOn(at, path).kind === 'found'),
  };
}

function nameOf({ partition, logical, name }: Volume, scheme: string): string | null {
  if (logical !== null) return `lvm/${escaped(logical.group)}-${escaped(logical.name)}`;
  if (partition !== null) return `hd0,${scheme}${partition.number}`;
  return name === 'the whole disk' ? 'hd0' : null;
}

/** Other names, which `grub-install` writes: `lvmid/GROUP/VOLUME` and `mduuid/ARRAY`. */
export function idsOf({ logical, raid }: Volume): string[] {
  return [
    ...(logical?.id === undefined ? [] : [`lvmid/${logical.id}`]),
    ...(raid === undefined ? [] : [`mduuid/${raid.uuid.replaceAll(':', '')}`]),
  ];
}
const escaped = (name: string): string => name.replaceAll('-', '--');
const partitionOnly = ({ partition }: Volume): string => `hd0,${partition?.number ?? ''}`;

/** `(hd0,gpt2)`, `hd0,2`, `,gpt2`; null for names that this reading does not know. */
function normalised(device: string): string | null {
  const bare = device.replace(/^\((.*)\)$/, '$1');
  const onDisk = /^(hd\d+)?(?:,(?:(gpt|msdos))?(\d+))?$/.exec(bare);
  if (onDisk !== null && bare !== '') {
    const disk = onDisk[1] ?? 'hd0';
    return onDisk[3] === undefined ? disk : `${disk},${onDisk[2] ?? ''}${Number(onDisk[3])}`;
  }
  return /^(lvm|lvmid|mduuid)\//.test(bare) ? bare : null;
}

function treesOf({ fileSystem }: Volume): GuestTree[] {
  if (fileSystem === null) return [];
  const top = unlessUnreadable(
    () => fileSystem.subvolumeAt?.([]) ?? null,
    () => null,
  );
  const roots = top === null || top === fileSystem.root ? [fileSystem.root] : [fileSystem.root, top];
  return roots.map((root) => guestTree([{ at: '/', fileSystem: { ...fileSystem, root } }]));
}
