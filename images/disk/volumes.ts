/** The volumes of a disk: partitions and logical volumes, with the file system of each. */
import { type ByteSource, cached } from '../bytes.js';
import type { FileSystem } from '../filesystems/filesystem.js';
import { openAny } from '../filesystems/superblocks.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { type LogicalVolume, logicalVolumes, type Mirror, openPhysicalVolume, type PhysicalVolume } from './lvm.js';
import { arrayUuid, type RaidMember, raidContent, raidMember } from './md.js';
import { type Partition, type PartitionTable, partitionBytes, readPartitions } from './partitions.js';
import { LINUX_RAID, recognise } from './signatures.js';

/** A contiguous part of a volume: `at` in it, `offset` on the disk. */
export interface Extent {
  readonly at: number;
  readonly offset: number;
  readonly length: number;
}

export interface Volume {
  /** For evidence: `partition 2`, `logical volume vg0/root`, `the whole disk`. */
  readonly name: string;
  readonly partition: Partition | null;
  /** `id`: the UUIDs of its group and of itself, as `GROUP/VOLUME`. */
  readonly logical: {
    readonly group: string;
    readonly name: string;
    readonly id?: string;
    readonly mirror?: Mirror;
    /** A physical volume of its group is on another disk. */
    readonly isIncomplete?: boolean;
  } | null;
  /** Which other volume may read these blocks too, even those that are free here; null: none. */
  readonly alsoReadBy: string | null;
  /** Where the volume is on the disk; empty if it cannot be read. */
  readonly extents: readonly Extent[];
  readonly source: ByteSource | null;
  /** Present if the volume is a member of a RAID 1: the other fields are about the array, which has the same content. */
  readonly raid?: RaidMember;
  readonly fileSystem: FileSystem | null;
  /** As fstab refers to it; swap and encrypted volumes have one too. */
  readonly uuid: string | null;
  readonly label: string | null;
  /** `ext4`, `swap`, `LUKS` …; null if unknown. */
  readonly content: string | null;
  /** Why the file system of this kind cannot be read, although its superblock is there; null: no damage was found. */
  readonly damage: string | null;
}

export interface DiskLayout {
  readonly table: PartitionTable;
  readonly volumes: readonly Volume[];
}

export function readLayout(disk: ByteSource, findings: FindingList): DiskLayout {
  const source = cached(disk);
  const table = readPartitions(source, findings);
  const places: Place[] =
    table.scheme === 'none'
      ? [{ name: 'the whole disk', partition: null, source, extents: [{ at: 0, offset: 0, length: source.size }] }]
      : table.partitions.map((partition) => {
          const bytes = partitionBytes(source, partition);
          return {
            name: `partition ${partition.number}`,
            partition,
            source: bytes,
            extents: [{ at: 0, offset: partition.start, length: bytes.size }],
          };
        });
  const physical: PhysicalVolume[] = [];
  const startOf = new Map<PhysicalVolume, number>();
  const volumes = places.map(throughRaid).map((place): Volume => {
    const volume = unlessUnreadable(
      () => openPhysicalVolume(place.source),
      () => null,
    );
    if (volume === null) return { ...place, logical: null, alsoReadBy: null, ...openPlace(place, findings) };
    physical.push(volume);
    startOf.set(volume, place.extents[0]?.offset ?? 0);
    const { id, damage } = volume;
    if (damage !== null) reportDamage(findings, `the LVM metadata on ${place.name}`, damage);
    const opened = { ...NO_FILE_SYSTEM, content: 'LVM', uuid: physicalVolumeId(id), damage };
    return { ...place, logical: null, alsoReadBy: null, ...opened };
  });
  const logical = unlessUnreadable(
    () => logicalVolumes(physical),
    (reason) => {
      reportDamage(findings, 'the LVM metadata', reason);
      return [];
    },
  );
  return {
    table,
    volumes: [
      ...volumes,
      ...logical.map((volume): Volume => {
        const { group, name, id, segments, source: bytes } = volume;
        const volumeName = `logical volume ${group}/${name}`;
        const opened = openLogical(volume, volumeName, findings);
        const extents = segments.map(({ at, length, physical: on, offset }) => ({
          at,
          offset: (startOf.get(on) ?? 0) + offset,
          length,
        }));
        const place = {
          name: volumeName,
          partition: null,
          logical: {
            ...{ group, name, id, isIncomplete: volume.isIncomplete },
            ...(volume.mirror === null ? {} : { mirror: volume.mirror }),
          },
          extents,
          source: bytes,
        };
        return { ...place, alsoReadBy: readerOf(volume), ...opened };
      }),
    ],
  };
}

interface Place {
  readonly name: string;
  readonly partition: Partition | null;
  readonly source: ByteSource;
  readonly extents: readonly Extent[];
  readonly raid?: RaidMember;
}

/** A member of RAID 1 is read as the array. */
function throughRaid(place: Place): Place {
  const raid = raidMember(place.source);
  const source = raid === null ? null : raidContent(place.source, raid);
  if (raid === null || source === null) return place;
  const start = (place.extents[0]?.offset ?? 0) + raid.dataOffset;
  return { ...place, source, raid, extents: [{ at: 0, offset: start, length: source.size }] };
}

function readerOf({ isVisible, hasSnapshots, mirror, isCopied }: LogicalVolume): string | null {
  if (isCopied) return 'a copy of its physical volume';
  if (mirror !== null) return 'its mirror';
  if (!isVisible) return 'the logical volume that it is a part of';
  return hasSnapshots ? 'a snapshot in its volume group' : null;
}

/** As LVM's tools print it. */
const physicalVolumeId = (id: string): string =>
  id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/, '$1-$2-$3-$4-$5-$6-$7');

const NO_FILE_SYSTEM = { fileSystem: null, uuid: null, label: null, damage: null } as const;

/** A part of another volume has no file system of its own, although the data of a thin pool may begin like one. */
function openLogical({ source, problem, isVisible }: LogicalVolume, name: string, findings: FindingList): Opened {
  if (source === null) return { ...NO_FILE_SYSTEM, content: problem };
  return isVisible ? openVolume(source, name, findings) : { ...NO_FILE_SYSTEM, content: 'a part of a logical volume' };
}

type Opened = Pick<Volume, 'fileSystem' | 'content' | 'uuid' | 'label' | 'damage'>;

function openPlace({ source, name, raid }: Place, findings: FindingList): Opened {
  const opened = openVolume(source, name, findings);
  if (raid === undefined || opened.content !== null) return opened;
  return { ...opened, content: LINUX_RAID, uuid: arrayUuid(raid), label: raid.name };
}

function openVolume(source: ByteSource, name: string, findings: FindingList): Opened {
  const other = recognise(source);
  if (other !== null) return { ...NO_FILE_SYSTEM, content: other.name, uuid: other.uuid, label: other.label };
  const opened = openAny(source);
  if (opened.kind === 'none') return { ...NO_FILE_SYSTEM, content: null };
  for (const { identity, reason } of opened.damaged)
    reportDamage(findings, `the file system on ${name} (${identity.kind})`, reason);
  if (opened.kind === 'damaged') {
    const [{ identity, reason }] = opened.damaged;
    return { fileSystem: null, content: identity.kind, uuid: identity.uuid, label: identity.label, damage: reason };
  }
  const { fileSystem } = opened;
  checkSize(fileSystem, source, name, findings);
  const { kind, uuid, label, refused = null } = fileSystem;
  if (refused !== null) reportDamage(findings, `the newest changes of the file system on ${name} (${kind})`, refused);
  return { fileSystem, content: kind, uuid, label, damage: refused };
}

/** The kernel does not mount a file system that is larger than its device. */
function checkSize({ kind, totalBytes }: FileSystem, { size }: ByteSource, name: string, findings: FindingList): void {
  // A btrfs file system may have further devices.
  if (kind === 'btrfs' || totalBytes <= size) return;
  findings.add(
    'blocking',
    'ECSIMPORT.Truncated',
    'A file system is larger than its partition or disk: the image was truncated, or shrunk without its file system',
    `${name}: ${kind} of ${totalBytes} bytes on ${size} bytes`,
    'Copy the image again. If it was shrunk on purpose, shrink the file system first (resize2fs, ntfsresize), then the disk.',
  );
}

function reportDamage(findings: FindingList, what: string, reason: string): void {
  findings.add(
    'warning',
    'ECSIMPORT.FileSystem',
    `The inspection could not read ${what}: it is damaged or uses an unsupported feature`,
    reason,
    'Check it in the guest (fsck, xfs_repair, vgck), shut the guest down cleanly, and export the image again.',
  );
}
