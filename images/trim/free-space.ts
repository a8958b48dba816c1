/**
 * Which bytes of a disk need not be sent: blocks that the guest's own file systems mark as free, and the contents of swap
 * space. Everything else is sent as it is: gaps between partitions, boot code, and volumes whose state is not certain.
 */
import type { ByteSource } from '../bytes.js';
import { UnreadableError } from '../bytes.js';
import { readLayout, type Volume } from '../disk/volumes.js';
import { findingList, unlessUnreadable } from '../findings.js';
import { btrfsFree } from './btrfs-free.js';
import { diskDoubt, SUSPENDED, volumeDoubt } from './doubts.js';
import { extFree } from './ext-free.js';
import { fatFree } from './fat-free.js';
import { LeftWhole } from './left-whole.js';
import { ntfsFree } from './ntfs-free.js';
import { onDisk, type Range, RangeCollector } from './ranges.js';
import { swapFree } from './swap-free.js';
import { xfsFree } from './xfs-free.js';

export interface TrimmedVolume {
  /** For people: `partition 2`, `logical volume vg0/root`, `the whole disk`. */
  readonly name: string;
  /** `ext4`, `swap`, `LUKS` …; null if unknown. */
  readonly content: string | null;
  readonly bytes: number;
  /** Free bytes of the volume that are not sent. */
  readonly freeBytes: number;
  /** Why the volume is sent as it is; null if its free bytes are not sent. */
  readonly leftWhole: string | null;
}

export interface FreeSpace {
  /** Free bytes of the disk, in order, without overlaps. */
  readonly ranges: readonly Range[];
  readonly volumes: readonly TrimmedVolume[];
}

const READERS: Readonly<Record<string, (source: ByteSource) => Generator<Range>>> = {
  ext2: extFree,
  ext3: extFree,
  ext4: extFree,
  xfs: xfsFree,
  btrfs: btrfsFree,
  ntfs: ntfsFree,
  vfat: fatFree,
  swap: swapFree,
};

/** Partitions whose content is verified block by block, the free ones included (Container Linux, Flatcar: /usr). */
const VERIFIED_TYPES = ['5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6'];

/** Reads only metadata. Never throws because of the disk's contents. */
export function findFreeSpace(disk: ByteSource): FreeSpace {
  const { table, volumes } = readLayout(disk, findingList());
  const doubt = unlessUnreadable(
    () => diskDoubt(disk, table, volumes),
    (reason) => reason,
  );
  const all = new RangeCollector();
  const reports = volumes
    .filter(({ content }) => content !== 'LVM')
    .map((volume): TrimmedVolume => {
      const report = { name: volume.name, content: volume.content, bytes: volume.source?.size ?? 0 };
      const found = freeOf(volume, volumes, doubt);
      if (typeof found === 'string') return { ...report, freeBytes: 0, leftWhole: found };
      for (const range of found) for (const place of onDisk(volume.extents, range)) all.add(place);
      return { ...report, freeBytes: found.reduce((sum, { length }) => sum + length, 0), leftWhole: null };
    });
  return { ranges: all.sorted(), volumes: reports };
}

/** A string: why the volume is left whole. Everything is read before the first range counts. */
function freeOf(volume: Volume, volumes: readonly Volume[], doubt: string | null): readonly Range[] | string {
  const { source, fileSystem, content, partition, damage } = volume;
  const reader = READERS[content ?? ''];
  if (content === SUSPENDED) return 'it has a hibernation image';
  if (volume.alsoReadBy !== null) return `${volume.alsoReadBy} may read its free blocks`;
  if (source === null || reader === undefined) return 'its content is not one whose free space can be read';
  if (damage !== null) return `its file system cannot be read: ${damage}`;
  if (doubt !== null) return doubt;
  if (volumes.some((other) => other !== volume && overlap(volume, other))) return 'another partition overlaps it';
  if (VERIFIED_TYPES.includes(partition?.type ?? '')) return 'its blocks are verified by their digests';
  try {
    if (volume.raid !== undefined) return 'it is a member of a RAID';
    if (fileSystem !== null && fileSystem.totalBytes > source.size) return 'its file system is larger than it';
    const uncertain = volumeDoubt(volume);
    if (uncertain !== null) return uncertain;
    const collector = new RangeCollector();
    for (const range of reader(source)) {
      if (range.offset < 0 || range.offset + range.length > source.size) return 'its free space ends after it';
      collector.add(range);
    }
    return collector.sorted();
  } catch (error) {
    // A RangeError: a field that points outside of its table.
    if (error instanceof LeftWhole || error instanceof UnreadableError || error instanceof RangeError)
      return error.message;
    throw error;
  }
}

/** Logical volumes are inside of their partitions, which have the content LVM. */
function overlap(one: Volume, other: Volume): boolean {
  if (other.content === 'LVM') return false;
  return one.extents.some((a) =>
    other.extents.some((b) => a.offset < b.offset + b.length && b.offset < a.offset + a.length),
  );
}
