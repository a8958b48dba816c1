/** Reads partition tables: GPT with its backup header, MBR with logical partitions. */
import { crc32 } from 'node:zlib';
import { type ByteSource, slice, text, UnreadableError, u64le } from '../bytes.js';
import { fatLayout } from '../filesystems/fat.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { bsdPartitions } from './bsd-label.js';

export interface Partition {
  /** As in the guest's device names: sda1 is 1. */
  readonly number: number;
  readonly start: number;
  readonly size: number;
  /** A GPT type GUID in lower case, or an MBR type like `0x83`. */
  readonly type: string;
  readonly partUuid: string | null;
  readonly name: string;
  readonly active: boolean;
}

export interface PartitionTable {
  readonly scheme: 'gpt' | 'mbr' | 'none';
  readonly partitions: readonly Partition[];
  /** True: they are from the backup of a GPT, which Linux uses only with the argument `gpt`. */
  readonly isBackup?: boolean;
  /** True: the MBR has an entry of type 0xee but no GPT belongs to it. A kernel that knows GPT then ignores the MBR. */
  readonly isIgnored?: boolean;
  /** Why UEFI firmware may find no partition; absent: nothing was found. */
  readonly uefiDoubt?: string;
}

export const ESP = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
export const BIOS_BOOT = '21686148-6449-6e6f-744e-656564454649';
export const MBR_ESP = '0xef';
const PROTECTIVE = 0xee;
/** The type of a partition in a BSD disk label, which has types of its own. */
const BSD = 0xa5;
const EXTENDED = [0x05, 0x0f, 0x85];
const MAX_GPT_ENTRIES = 1024;
/** The kernel reads no other size. */
const ENTRY_BYTES = 128;
const MAX_LOGICAL = 128;
const SECTOR = 512;

export function readPartitions(disk: ByteSource, findings: FindingList): PartitionTable {
  if (disk.size < 2 * SECTOR) return { scheme: 'none', partitions: [] };
  const mbr = readMbr(disk);
  // As in the kernel and in firmware: a GPT counts only with a protective MBR. Older tools for MBR leave a GPT behind.
  const isGuarded = isProtected(disk);
  const gpt = isGuarded ? readGpt(disk, findings) : null;
  if (gpt !== null) return { scheme: 'gpt', ...gpt, ...uefiDoubt(disk, []) };
  if (!isGuarded && (mbr === null || mbr.length === 0) && hasGpt(disk)) {
    reportUnprotected(findings);
    // No instance finds these partitions, but the report can describe the guest in them.
    const unprotected = readGpt(disk, findings);
    if (unprotected !== null) return { scheme: 'gpt', ...unprotected };
  }
  if (mbr === null) return { scheme: 'none', partitions: [] };
  if (isGuarded && mbr.length === 0) reportLost(findings);
  reportBeyondEnd(disk, mbr, findings);
  const isIgnored = mbr.length > 0 && mbrEntries(disk.read(0, SECTOR), 0).some(({ type }) => type === PROTECTIVE);
  return { scheme: 'mbr', partitions: mbr, ...(isIgnored ? { isIgnored } : {}), ...uefiDoubt(disk, mbr) };
}

function hasGpt(disk: ByteSource): boolean {
  const gpt = gptAt(disk, SECTOR, 1);
  return gpt !== null && typeof gpt !== 'string';
}

function reportLost(findings: FindingList): void {
  findings.add(
    'blocking',
    'ECSIMPORT.PartitionTable',
    'The disk has a protective MBR, but no GPT: firmware and Linux find no partition',
    'no GPT header at byte 512, nor in the last sector',
    'Copy the image again, or restore the table: sgdisk --load-backup=FILE DISK, or testdisk.',
  );
}

function reportUnprotected(findings: FindingList): void {
  findings.add(
    'blocking',
    'ECSIMPORT.PartitionTable',
    'The GPT has no protective MBR: firmware and Linux ignore it, and find no partition',
    'a GPT header at byte 512, and no MBR partition of type 0xee from sector 1',
    'Run gdisk DISK on a copy, and enter w: it writes the protective MBR again.',
  );
}

/** What EDK II, on which most UEFI firmware is based, does not accept (PartitionDxe). Logical partitions are not its concern. */
function uefiDoubt(disk: ByteSource, partitions: readonly Partition[]): Pick<PartitionTable, 'uefiDoubt'> {
  const primary = partitions.filter(({ number }) => number <= 4);
  if (mbrEntries(disk.read(0, SECTOR), 0).some((entry) => isProtective(entry) && entry.flag !== 0))
    return { uefiDoubt: 'the protective MBR is marked as active' };
  if (primary.some(({ start, size }) => start + size > disk.size))
    return { uefiDoubt: 'a partition of the MBR ends after the disk' };
  const overlaps = primary.some((one) =>
    primary.some(
      ({ number, start, size }) => number !== one.number && start < one.start + one.size && one.start < start + size,
    ),
  );
  return overlaps ? { uefiDoubt: 'partitions of the MBR overlap' } : {};
}

/**
 * A partition that ends after the disk is a warning: the kernel uses what is there, and a file system that needs the rest
 * has a finding of its own. One that starts after the disk does not exist in the kernel; with an extended partition, those in it.
 */
function reportBeyondEnd(disk: ByteSource, partitions: readonly Partition[], findings: FindingList): void {
  const containers = mbrEntries(disk.read(0, SECTOR), 0).flatMap(({ type, start, size }, index) =>
    EXTENDED.includes(type) ? [{ number: index + 1, start, size }] : [],
  );
  const beyond = [...partitions, ...containers].filter(({ start, size }) => start + size > disk.size);
  const lost = beyond.find(({ start }) => start >= disk.size);
  const worst = lost ?? beyond[0];
  if (worst === undefined) return;
  const { number, start, size } = worst;
  const place = lost === undefined ? `ends at byte ${start + size}` : `starts at byte ${start}`;
  findings.add(
    lost === undefined ? 'warning' : 'blocking',
    'ECSIMPORT.Truncated',
    'The disk is smaller than its partition table records: it was truncated or shrunk',
    `MBR: partition ${number} ${place}, the disk ends at byte ${disk.size}`,
    'Copy the image again. If the disk was shrunk on purpose, correct the partition table with sfdisk or parted.',
  );
}

/** The end of what the partition table describes, which may be after the end of the disk. 0: no partition table. */
export function endOfPartitions(disk: ByteSource): number {
  if (disk.size < 2 * SECTOR) return 0;
  const gpt = gptAt(disk, SECTOR, 1);
  if (gpt !== null && typeof gpt !== 'string') {
    return Math.max((gpt.backupLba + 1) * SECTOR, ...gpt.partitions.map(({ start, size }) => start + size));
  }
  const sector = disk.read(0, SECTOR);
  const entries = mbrEntries(sector, 0);
  if (sector.readUInt16LE(510) !== 0xaa55 || !isMbr(entries)) return 0;
  return Math.max(0, ...entries.map(({ type, start, size }) => (type === 0 || type === PROTECTIVE ? 0 : start + size)));
}

/** Why the partitions of this table may not be those that the guest uses. Null: no reason. */
export function tableDoubt(disk: ByteSource, { scheme, partitions }: PartitionTable): string | null {
  if (scheme !== 'gpt') return null;
  if (!isProtected(disk)) return 'the disk has a GPT without a protective MBR';
  const primary = gptAt(disk, SECTOR, 1);
  if (primary === null || typeof primary === 'string') return 'the GPT of the disk is damaged';
  const others = mbrEntries(disk.read(0, SECTOR), 0).filter(({ type }) => type !== 0 && type !== PROTECTIVE);
  const isKnown = others.every(({ start, size }) =>
    partitions.some((partition) => partition.start === start && partition.size === size),
  );
  return isKnown ? null : 'the MBR of the disk has partitions that the GPT does not have';
}

function isProtected(disk: ByteSource): boolean {
  const sector = disk.read(0, SECTOR);
  return sector.readUInt16LE(510) === 0xaa55 && mbrEntries(sector, 0).some(isProtective);
}

/** The protective partition begins with the GPT. */
function isProtective({ type, start }: { readonly type: number; readonly start: number }): boolean {
  return type === PROTECTIVE && start === SECTOR;
}

/** A partition that extends beyond the disk ends with it, as in the kernel. */
export function partitionBytes(disk: ByteSource, partition: Partition): ByteSource {
  const size = Math.max(0, Math.min(partition.size, disk.size - partition.start));
  return slice(disk, partition.start, size, `partition ${partition.number}`);
}

function readGpt(disk: ByteSource, findings: FindingList): Pick<PartitionTable, 'partitions' | 'isBackup'> | null {
  for (const sectorSize of [512, 4096]) {
    if (disk.size < 3 * sectorSize) continue;
    const primary = gptAt(disk, sectorSize, 1);
    if (primary === null) continue;
    if (sectorSize === 4096) {
      findings.add(
        'blocking',
        'ECSIMPORT.SectorSize',
        'The partition table uses 4096-byte sectors; ECS disks have 512-byte sectors',
        'GPT header at byte 4096',
        'Copy the partitions to a disk with 512-byte sectors, and import that disk.',
      );
    }
    if (typeof primary === 'string') return readBackup(disk, sectorSize, primary, findings);
    const backupEnd = (primary.backupLba + 1) * sectorSize;
    if (backupEnd > disk.size) {
      findings.add(
        primary.lastUsableEnd > disk.size ? 'blocking' : 'warning',
        'ECSIMPORT.Truncated',
        'The disk is smaller than its partition table records: it was truncated or shrunk',
        `GPT: the backup header ends at byte ${backupEnd}, the disk at byte ${disk.size}`,
        'Copy the image again. If the disk was shrunk on purpose, run sgdisk --move-second-header DISK.',
      );
    }
    return { partitions: withinDisk(disk, primary, findings) };
  }
  const isLost = gptAt(disk, SECTOR, Math.floor(disk.size / SECTOR) - 1) !== null;
  return isLost ? readBackup(disk, SECTOR, 'missing', findings) : null;
}

/** `problem`: of the primary header. */
function readBackup(
  disk: ByteSource,
  sectorSize: number,
  problem: string,
  findings: FindingList,
): Pick<PartitionTable, 'partitions' | 'isBackup'> {
  const backup = gptAt(disk, sectorSize, Math.floor(disk.size / sectorSize) - 1);
  const isUsable = backup !== null && typeof backup !== 'string';
  findings.add(
    isUsable ? 'warning' : 'blocking',
    'ECSIMPORT.PartitionTable',
    'The GPT is damaged',
    `primary header: ${problem}; backup: ${isUsable ? 'good' : (backup ?? 'missing')}`,
    'Run gdisk DISK on a copy, then enter r (recovery), b (use backup header), w (write).',
  );
  return isUsable ? { partitions: withinDisk(disk, backup, findings), isBackup: true } : { partitions: [] };
}

/** As in the kernel, a partition of a GPT that ends after the disk is ignored. A header that records a larger disk has a finding of its own. */
function withinDisk(disk: ByteSource, { partitions, lastUsableEnd }: Gpt, findings: FindingList): readonly Partition[] {
  const beyond = partitions.filter(({ start, size }) => start + size > disk.size);
  const [first] = beyond;
  if (first === undefined || lastUsableEnd > disk.size) return partitions;
  findings.add(
    'blocking',
    'ECSIMPORT.Truncated',
    'A partition ends after the disk: Linux ignores it',
    `GPT: partition ${first.number} ends at byte ${first.start + first.size}, the disk at byte ${disk.size}`,
    'Copy the image again. If the disk was shrunk on purpose, correct the partition table with sgdisk or parted.',
  );
  return partitions.filter((partition) => !beyond.includes(partition));
}

interface Gpt {
  readonly partitions: Partition[];
  readonly backupLba: number;
  readonly lastUsableEnd: number;
}

/** Null: no GPT. A string: a damaged GPT, with the reason. */
function gptAt(disk: ByteSource, sectorSize: number, lba: number): Gpt | string | null {
  return unlessUnreadable<Gpt | string | null>(
    () => {
      const header = Buffer.from(disk.read(lba * sectorSize, 512));
      if (header.toString('latin1', 0, 8) !== 'EFI PART') return null;
      const headerSize = header.readUInt32LE(12);
      if (headerSize < 92 || headerSize > 512) return `header size ${headerSize}`;
      const expected = header.readUInt32LE(16);
      header.writeUInt32LE(0, 16);
      if (crc32(header.subarray(0, headerSize)) !== expected) return 'wrong header checksum';
      const count = header.readUInt32LE(80);
      const entrySize = header.readUInt32LE(84);
      if (count > MAX_GPT_ENTRIES || entrySize !== ENTRY_BYTES) return `${count} entries of ${entrySize} bytes`;
      if (u64le(header, 24) !== lba) return `it is for sector ${u64le(header, 24)}`;
      const entries = disk.read(u64le(header, 72) * sectorSize, count * entrySize);
      if (crc32(entries) !== header.readUInt32LE(88)) return 'wrong checksum of the entries';
      return {
        partitions: gptEntries(entries, entrySize, sectorSize),
        backupLba: u64le(header, 32),
        lastUsableEnd: (u64le(header, 48) + 1) * sectorSize,
      };
    },
    (reason) => reason,
  );
}

function gptEntries(entries: Buffer, entrySize: number, sectorSize: number): Partition[] {
  const partitions: Partition[] = [];
  for (let index = 0; (index + 1) * entrySize <= entries.length; index += 1) {
    const entry = entries.subarray(index * entrySize, (index + 1) * entrySize);
    const type = guid(entry, 0);
    if (type === '00000000-0000-0000-0000-000000000000') continue;
    const first = u64le(entry, 32);
    const last = u64le(entry, 40);
    if (last < first) continue;
    partitions.push({
      number: index + 1,
      start: first * sectorSize,
      size: (last - first + 1) * sectorSize,
      type,
      partUuid: guid(entry, 16),
      name: text(entry.subarray(56, 128), 'utf16le'),
      active: false,
    });
  }
  return partitions;
}

export function guid(bytes: Buffer, offset: number): string {
  const part = (at: number, length: number) => bytes.toString('hex', offset + at, offset + at + length);
  const swapped = (at: number, length: number) =>
    Buffer.from(bytes.subarray(offset + at, offset + at + length))
      .reverse()
      .toString('hex');
  return `${swapped(0, 4)}-${swapped(4, 2)}-${swapped(6, 2)}-${part(8, 2)}-${part(10, 6)}`;
}

function readMbr(disk: ByteSource): Partition[] | null {
  const sector = disk.read(0, SECTOR);
  if (sector.readUInt16LE(510) !== 0xaa55) return null;
  const signature = sector.readUInt32LE(440).toString(16).padStart(8, '0');
  const primary = mbrEntries(sector, 0);
  if (!isMbr(primary)) return null;
  const used = primary.filter(({ type }) => type !== 0);
  if (used.every(({ start, size }) => start >= disk.size || size === 0)) return null;
  // mtools writes a FAT file system whose boot sector has a partition: the file system itself.
  if (used.some(({ start, size }) => start === 0 || size === 0) && fatLayout(sector) !== null) return null;
  const partitions = primary.flatMap(({ type, start, size, flag }, index) =>
    type === 0 || size === 0 || EXTENDED.includes(type) || type === PROTECTIVE
      ? []
      : [mbrPartition(index + 1, type, start, size, flag, signature)],
  );
  const extended = primary.find(({ type }) => EXTENDED.includes(type));
  const all = extended === undefined ? partitions : [...partitions, ...logical(disk, extended.start, signature)];
  return [...all, ...nested(disk, partitions, Math.max(4, ...all.map(({ number }) => number)), signature)];
}

/** As in the kernel: the partitions of a BSD disk label have the numbers after those of the logical partitions. */
function nested(disk: ByteSource, slices: readonly Partition[], last: number, signature: string): Partition[] {
  return slices
    .flatMap((slice) => bsdPartitions(disk, slice))
    .map(({ start, size }, index) => mbrPartition(last + index + 1, BSD, start, size, 0, signature));
}

/** A file system's boot sector has the same signature, but code where an MBR has its entries. */
function isMbr(entries: ReturnType<typeof mbrEntries>): boolean {
  return entries.every(({ flag }) => flag === 0 || flag === 0x80) && entries.some(({ type }) => type !== 0);
}

function mbrPartition(
  number: number,
  type: number,
  start: number,
  size: number,
  flag: number,
  signature: string,
): Partition {
  return {
    number,
    start,
    size,
    type: `0x${type.toString(16).padStart(2, '0')}`,
    partUuid: `${signature}-${number.toString(16).padStart(2, '0')}`,
    name: '',
    active: flag === 0x80,
  };
}

function mbrEntries(sector: Buffer, base: number): { flag: number; type: number; start: number; size: number }[] {
  return [446, 462, 478, 494].map((at) => ({
    flag: sector.readUInt8(at),
    type: sector.readUInt8(at + 4),
    start: base + sector.readUInt32LE(at + 8) * SECTOR,
    size: sector.readUInt32LE(at + 12) * SECTOR,
  }));
}

function logical(disk: ByteSource, extendedStart: number, signature: string): Partition[] {
  const found: Partition[] = [];
  const seen = new Set<number>();
  let at = extendedStart;
  while (found.length < MAX_LOGICAL && !seen.has(at) && at + SECTOR <= disk.size) {
    seen.add(at);
    const sector = disk.read(at, SECTOR);
    if (sector.readUInt16LE(510) !== 0xaa55) break;
    const [entry] = mbrEntries(sector, at);
    if (entry !== undefined && entry.type !== 0 && entry.size > 0) {
      found.push(mbrPartition(5 + found.length, entry.type, entry.start, entry.size, entry.flag, signature));
    }
    const [, next] = mbrEntries(sector, extendedStart);
    if (next === undefined || next.type === 0) break;
    at = next.start;
  }
  return found;
}

/** The first 440 bytes of the disk: the code that a BIOS runs. */
export function bootCode(disk: ByteSource): Buffer {
  if (disk.size < SECTOR) throw new UnreadableError('the disk has no boot sector');
  return disk.read(0, 440);
}
