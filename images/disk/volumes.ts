/** The volumes of a disk: partitions and logical volumes, with the file system of each. */
import { type ByteSource, cached, text } from '../bytes.js';
import { openBtrfs } from '../filesystems/btrfs.js';
import { openExt } from '../filesystems/ext.js';
import { openFat } from '../filesystems/fat.js';
import { type FileSystem, type OpenFileSystem, uuidOf } from '../filesystems/filesystem.js';
import { openNtfs } from '../filesystems/ntfs.js';
import { openXfs } from '../filesystems/xfs.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { logicalVolumes, openPhysicalVolume, type PhysicalVolume } from './lvm.js';
import { type Partition, type PartitionTable, partitionBytes, readPartitions } from './partitions.js';

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

interface Signature {
  readonly name: string;
  readonly offset: number;
  readonly magic: Buffer;
  /** Offset of the UUID, 16 bytes. */
  readonly uuidAt?: number;
  readonly labelAt?: number;
}

const SIGNATURES: readonly Signature[] = [
  { name: 'LUKS', offset: 0, magic: Buffer.from('4c554b53babe', 'hex') },
  { name: 'BitLocker', offset: 3, magic: Buffer.from('-FVE-FS-') },
  { name: 'ZFS', offset: 131_072, magic: Buffer.from('0cb1ba0000000000', 'hex') },
  { name: 'bcachefs', offset: 4120, magic: Buffer.from('c68573f64e1a45ca8265f57f48ba6d81', 'hex') },
  { name: 'UFS', offset: 66_908, magic: Buffer.from('19015419', 'hex') },
  { name: 'swap', offset: 65_526, magic: Buffer.from('SWAPSPACE2'), uuidAt: 1036, labelAt: 1052 },
  { name: 'swap', offset: 4086, magic: Buffer.from('SWAPSPACE2'), uuidAt: 1036, labelAt: 1052 },
  { name: 'Linux RAID', offset: 4096, magic: Buffer.from('fc4e2ba9', 'hex') },
  { name: 'f2fs', offset: 1024, magic: Buffer.from('1020f5f2', 'hex') },
  { name: 'reiserfs', offset: 65_588, magic: Buffer.from('ReIsEr') },
  { name: 'jfs', offset: 32_768, magic: Buffer.from('JFS1') },
  { name: 'squashfs', offset: 0, magic: Buffer.from('hsqs') },
  { name: 'erofs', offset: 1024, magic: Buffer.from('e2e1f5e0', 'hex') },
];

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
  const signature = signatureOf(source);
  if (signature !== null) {
    const { uuidAt, labelAt } = signature;
    return {
      fileSystem: null,
      content: signature.name,
      uuid: uuidAt === undefined ? null : uuidOf(source.read(uuidAt, 16), 0),
      label: labelAt === undefined ? null : text(source.read(labelAt, 16)),
    };
  }
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
      return { fileSystem, content: fileSystem.kind, uuid: fileSystem.uuid, label: fileSystem.label };
    }
  }
  return { ...NO_FILE_SYSTEM, content: null };
}

function signatureOf(source: ByteSource): Signature | null {
  const found = SIGNATURES.find(({ offset, magic }) =>
    unlessUnreadable(
      () => source.read(offset, magic.length).equals(magic),
      () => false,
    ),
  );
  return found ?? null;
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
