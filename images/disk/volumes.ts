/** The volumes of a disk: partitions and logical volumes, with the file system of each. */
import { type ByteSource, cached } from '../bytes.js';
import { openBtrfs } from '../filesystems/btrfs.js';
import { openExt } from '../filesystems/ext.js';
import { openFat } from '../filesystems/fat.js';
import type { FileSystem, OpenFileSystem } from '../filesystems/filesystem.js';
import { openNtfs } from '../filesystems/ntfs.js';
import { openXfs } from '../filesystems/xfs.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { logicalVolumes, openPhysicalVolume, type PhysicalVolume } from './lvm.js';
import { type Partition, type PartitionTable, partitionBytes, readPartitions } from './partitions.js';
import { recognise } from './signatures.js';

export interface Volume {
  /** For evidence: `partition 2`, `logical volume vg0/root`, `the whole disk`. */
  readonly name: string;
  readonly partition: Partition | null;
  readonly logical: { readonly group: string; readonly name: string } | null;
  readonly source: ByteSource | null;
  readonly fileSystem: FileSystem | null;
  /** As fstab refers to it; swap and encrypted volumes have one too. */
  readonly uuid: string | null;
  readonly label: string | null;
  /** `ext4`, `swap`, `LUKS` …; null if unknown. */
  readonly content: string | null;
}

export interface DiskLayout {
  readonly table: PartitionTable;
  readonly volumes: readonly Volume[];
}

const READERS: readonly OpenFileSystem[] = [openExt, openXfs, openBtrfs, openNtfs, openFat];

export function readLayout(disk: ByteSource, findings: FindingList): DiskLayout {
  const source = cached(disk);
  const table = readPartitions(source, findings);
  const places =
    table.scheme === 'none'
      ? [{ name: 'the whole disk', partition: null, source }]
      : table.partitions.map((partition) => ({
          name: `partition ${partition.number}`,
          partition,
          source: partitionBytes(source, partition),
        }));
  const physical: PhysicalVolume[] = [];
  const volumes = places.map((place): Volume => {
    const volume = unlessUnreadable(
      () => openPhysicalVolume(place.source),
      () => null,
    );
    if (volume === null) return { ...place, logical: null, ...openVolume(place.source, place.name, findings) };
    physical.push(volume);
    return { ...place, logical: null, ...NO_FILE_SYSTEM, content: 'LVM' };
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
      ...logical.map(({ group, name, source: bytes, problem }): Volume => {
        const volumeName = `logical volume ${group}/${name}`;
        const opened =
          bytes === null ? { ...NO_FILE_SYSTEM, content: problem } : openVolume(bytes, volumeName, findings);
        return { name: volumeName, partition: null, logical: { group, name }, source: bytes, ...opened };
      }),
    ],
  };
}

const NO_FILE_SYSTEM = { fileSystem: null, uuid: null, label: null } as const;

type Opened = Pick<Volume, 'fileSystem' | 'content' | 'uuid' | 'label'>;

function openVolume(source: ByteSource, name: string, findings: FindingList): Opened {
  const other = recognise(source);
  const unread = other && { fileSystem: null, content: other.name, uuid: other.uuid, label: other.label };
  if (unread !== null && !other?.isMirror) return unread;
  for (const open of READERS) {
    const fileSystem = unlessUnreadable<FileSystem | 'damaged' | null>(
      () => open(source),
      (reason) => {
        reportDamage(findings, `the file system on ${name}`, reason);
        return 'damaged';
      },
    );
    if (fileSystem === 'damaged') return { ...NO_FILE_SYSTEM, content: 'damaged' };
    if (fileSystem !== null) {
      checkSize(fileSystem, source, name, findings);
      return { fileSystem, content: fileSystem.kind, uuid: fileSystem.uuid, label: fileSystem.label };
    }
  }
  return unread ?? { ...NO_FILE_SYSTEM, content: null };
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
