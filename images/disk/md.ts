/** Members of Linux software RAID (md), by their superblock. A member of RAID 1 has the whole content of the array. */
import { type ByteSource, slice, text, u64le } from '../bytes.js';
import { uuidOrNull } from '../filesystems/filesystem.js';
import { unlessUnreadable } from '../findings.js';

export interface RaidMember {
  /** `0.90`, `1.0`, `1.1` or `1.2`: where the superblock is. */
  readonly version: string;
  readonly level: number;
  /** Of the whole array; the others may be on other disks. */
  readonly members: number;
  /** As `mdadm` prints it. */
  readonly uuid: string;
  readonly name: string | null;
  readonly dataOffset: number;
  readonly dataSize: number;
}

const KIB = 1024;
const SECTOR = 512;
const MAGIC = 0xa92b4efc;

/** Null: not a member. */
export function raidMember(source: ByteSource): RaidMember | null {
  const { size } = source;
  const places: readonly (readonly [version: string, at: number])[] = [
    ['1.2', 4 * KIB],
    ['1.1', 0],
    ['0.90', Math.floor(size / (64 * KIB)) * 64 * KIB - 64 * KIB],
    ['1.0', Math.floor((size - 8 * KIB) / (4 * KIB)) * 4 * KIB],
  ];
  for (const [version, at] of places) {
    const member = unlessUnreadable(
      () => memberAt(source, version, at),
      () => null,
    );
    if (member !== null) return member;
  }
  return null;
}

/** As udev and blkid give it. */
export function arrayUuid(member: RaidMember | null): string | null {
  const digits = member?.uuid.replaceAll(':', '') ?? '';
  return digits === '' ? null : uuidOrNull(Buffer.from(digits, 'hex'), 0);
}

/** The content of the array; null unless the member has all of it. */
export function raidContent(source: ByteSource, { level, dataOffset, dataSize }: RaidMember): ByteSource | null {
  const isWhole = level === 1 && dataSize > 0 && dataOffset + dataSize <= source.size;
  return isWhole ? slice(source, dataOffset, dataSize, 'the RAID member') : null;
}

function memberAt(source: ByteSource, version: string, at: number): RaidMember | null {
  if (at < 0 || at + 4 * KIB > source.size) return null;
  const superblock = source.read(at, 256);
  const major = version === '0.90' ? 0 : 1;
  if (superblock.readUInt32LE(0) !== MAGIC || superblock.readUInt32LE(4) !== major) return null;
  if (major === 0) {
    return {
      version,
      level: superblock.readInt32LE(28),
      members: superblock.readUInt32LE(40),
      uuid: [20, 52, 56, 60].map((field) => superblock.readUInt32LE(field).toString(16).padStart(8, '0')).join(':'),
      name: null,
      dataOffset: 0,
      dataSize: superblock.readUInt32LE(32) * KIB,
    };
  }
  return {
    version,
    level: superblock.readInt32LE(72),
    members: superblock.readUInt32LE(92),
    uuid: [16, 20, 24, 28].map((field) => superblock.toString('hex', field, field + 4)).join(':'),
    name: text(superblock.subarray(32, 64)) || null,
    dataOffset: u64le(superblock, 128) * SECTOR,
    dataSize: u64le(superblock, 80) * SECTOR,
  };
}
