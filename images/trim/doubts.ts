/**
 * Why the free space of a whole disk or of one volume is not certain, although a file system can be read: another table, file
 * system or layer may use the same blocks. What an older use of the disk left behind must not decide what is free.
 */
import type { ByteSource } from '../bytes.js';
import { openPhysicalVolume } from '../disk/lvm.js';
import { type PartitionTable, readPartitions, tableDoubt } from '../disk/partitions.js';
import { allSignatures } from '../disk/signatures.js';
import type { Volume } from '../disk/volumes.js';
import { allFileSystems } from '../filesystems/superblocks.js';
import { findingList, unlessUnreadable } from '../findings.js';
import { isHibernated } from './ntfs-free.js';

/** Windows' dynamic disks: their own database says where a volume is, and the partitions do not. */
const DYNAMIC = ['0x42', 'af9b60a0-1431-4f62-bc68-3311714a69ad', '5808c8aa-7e8f-42e0-85d2-e1e90434cfb3'];
const STORAGE_SPACES = 'e75caf8f-f680-4cee-afa3-b001e56efc2d';
/** Partitions with the digests of another one's blocks, free ones included (Discoverable Partitions: …-verity of x86 and ARM). */
const VERITY = [
  '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
  'd13c5d3b-b5d1-422a-b29f-9454fdc89d76',
  'df3300ce-d69f-4c92-978c-9bfb0f38d820',
  '77ff5f63-e7b6-4633-acf4-1565b864c0e6',
  '8f461b0d-14ee-4e81-9aa9-049b6fb97abd',
  '6e11a4e7-fbca-4ded-b9e9-e1a512bb664e',
];
const VERITY_CONTENT = 'dm-verity';
export const SUSPENDED = 'hibernation image';
const VERITY_MAGIC = Buffer.from('verity\0\0');
const BSD_LABEL = 0x8256_4557;
const FOOTER = 64;

/** Null: nothing of this kind. */
export function diskDoubt(disk: ByteSource, table: PartitionTable, volumes: readonly Volume[]): string | null {
  const types = table.partitions.map(({ type }) => type);
  const doubt = tableDoubt(disk, table);
  if (doubt !== null) return doubt;
  if (types.some((type) => DYNAMIC.includes(type))) return 'the disk is a dynamic disk of Windows';
  if (types.includes(STORAGE_SPACES)) return 'the disk is a part of a storage pool of Windows';
  if (volumes.some(({ content }) => content === SUSPENDED)) return 'a hibernated guest still uses the file systems';
  if (volumes.some(hasHibernatedWindows))
    return 'Windows is hibernated or used fast startup: run shutdown /s /f /t 0 in the guest';
  if (types.some((type) => VERITY.includes(type)) || volumes.some(({ content }) => content === VERITY_CONTENT))
    return 'a volume with digests of blocks (dm-verity) may cover it';
  if (table.scheme === 'none') return null;
  const [other] = contentsOf(disk);
  return other === undefined ? null : `the disk has partitions, and also the signature of ${other}`;
}

/** It still uses all volumes that it had mounted. */
function hasHibernatedWindows({ fileSystem }: Volume): boolean {
  if (fileSystem?.kind !== 'ntfs') return false;
  return unlessUnreadable(
    () => isHibernated(fileSystem),
    () => false,
  );
}

/** Null: nothing of this kind. */
export function volumeDoubt({ source, content, fileSystem, partition, logical }: Volume): string | null {
  if (source === null) return null;
  const isInside = partition !== null || logical !== null;
  if (isInside && readPartitions(source, findingList()).scheme !== 'none') return 'it has a partition table of its own';
  if (source.size >= 1024 && source.read(512, 4).readUInt32LE(0) === BSD_LABEL) return 'it has a BSD disk label';
  const other = contentsOf(source).find((name) => name !== content);
  if (other !== undefined) return `it also has the signature of ${other}`;
  if (source.size > FOOTER && source.read(source.size - FOOTER, 4).toString('latin1') === 'AVBf')
    return 'its blocks are verified by their digests';
  const end = fileSystem?.totalBytes ?? source.size;
  const hasDigests = end + VERITY_MAGIC.length <= source.size && source.read(end, 8).equals(VERITY_MAGIC);
  return hasDigests ? 'its blocks are verified by their digests' : null;
}

function contentsOf(source: ByteSource): readonly string[] {
  const isPhysicalVolume = unlessUnreadable(
    () => openPhysicalVolume(source) !== null,
    () => true,
  );
  return [...allSignatures(source), ...allFileSystems(source), ...(isPhysicalVolume ? ['LVM'] : [])];
}
