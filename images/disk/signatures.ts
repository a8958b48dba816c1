/** Recognises the contents of a volume that the inspection does not read: their names, and UUIDs that fstab may refer to. */
import { type ByteSource, text } from '../bytes.js';
import { uuidOrNull } from '../filesystems/filesystem.js';
import { unlessUnreadable } from '../findings.js';
import { readBitLocker } from './bitlocker.js';
import { arrayUuid, raidMember } from './md.js';

/** Members of RAID 1 are read; see md.ts. */
export const LINUX_RAID = 'Linux RAID';

export interface Recognised {
  readonly name: string;
  readonly uuid: string | null;
  readonly label: string | null;
}

interface Signature {
  readonly name: string;
  /** The magic number is at one of these places. Negative results are not on the volume. */
  readonly at: readonly number[] | ((size: number) => readonly number[]);
  readonly magic: Buffer;
  readonly uuid?: ReadText;
  readonly label?: ReadText;
  /** A further condition, for magic numbers that two kinds share. */
  readonly holds?: (source: ByteSource) => boolean;
}

/** A name of the volume that fstab or the kernel command line may have. */
type ReadText = (source: ByteSource) => string | null;

const uuidAt =
  (offset: number): ReadText =>
  (source) =>
    uuidOrNull(source.read(offset, 16), 0);
const textAt =
  (offset: number, length: number, encoding: 'utf8' | 'utf16le' = 'utf8'): ReadText =>
  (source) =>
    text(source.read(offset, length), encoding) || null;
/** exFAT and FAT have a number of 32 bits. */
const serialAt =
  (offset: number): ReadText =>
  (source) => {
    const digits = source.read(offset, 4).readUInt32LE(0).toString(16).toUpperCase().padStart(8, '0');
    return `${digits.slice(0, 4)}-${digits.slice(4)}`;
  };

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const KIB = 1024;
const MIB = 1024 * KIB;
/** Swap space has its magic number at the end of its first page, and pages differ between machines. */
const PAGE_ENDS = [4, 8, 16, 32, 64].map((pages) => pages * KIB - 10);
/** md 0.90: in the last full 64 KiB but one; md 1.0: at least 8 KiB before the end. */
const md090 = (size: number): number => Math.floor(size / (64 * KIB)) * 64 * KIB - 64 * KIB;
const md10 = (size: number): number => Math.floor((size - 8 * KIB) / (4 * KIB)) * 4 * KIB;
const MD = hex('fc4e2ba9');
const BCACHE = hex('c68573f64e1a45ca8265f57f48ba6d81');
/** bcache has its own sector number, 8, where bcachefs has a checksum. */
const isBcache = (source: ByteSource): boolean => source.read(4 * KIB + 8, 8).readBigUInt64LE() === 8n;
/** Two letters are little evidence: the size of HFS blocks must be one of whole sectors. */
const hasHfsBlocks = (source: ByteSource): boolean => {
  const blockSize = source.read(KIB + 20, 4).readUInt32BE();
  return blockSize > 0 && blockSize % 512 === 0;
};
/** An ext file system without blocks of its own: the journal of another one. */
const isExtJournal = (source: ByteSource): boolean => {
  const superblock = source.read(KIB, 256);
  return superblock.readUInt16LE(56) === 0xef53 && (superblock.readUInt32LE(96) & 0x8) !== 0;
};
/** The magic number in DRBD's metadata, which are the last 4 KiB. */
const drbd = (size: number): number => size - 4 * KIB + 60;
const mdUuid: ReadText = (source) => arrayUuid(raidMember(source));
const mdName: ReadText = (source) => raidMember(source)?.name ?? null;
/** A pool's number and name are in a list of named values (XDR). */
const zfsValue = (source: ByteSource, key: string): Buffer | null => {
  const list = source.read(16 * KIB, 112 * KIB);
  const name = Buffer.alloc(4 + Math.ceil(key.length / 4) * 4);
  name.writeUInt32BE(key.length);
  name.write(key, 4);
  const at = list.indexOf(name);
  // Before the value are its type and the number of its elements.
  return at < 0 ? null : list.subarray(at + name.length + 8);
};
const zfsPool: ReadText = (source) => zfsValue(source, 'pool_guid')?.readBigUInt64BE().toString() ?? null;
const zfsName: ReadText = (source) => {
  const value = zfsValue(source, 'name');
  return value === null ? null : text(value.subarray(4, 4 + value.readUInt32BE())) || null;
};
/** Two numbers of 32 bits. */
const ufsId: ReadText = (source) => {
  const id = source.read(65_680, 8);
  const digits = (at: number) => id.readUInt32LE(at).toString(16).padStart(8, '0');
  return id.readBigUInt64LE() === 0n ? null : digits(0) + digits(4);
};
const vmfsId: ReadText = (source) => {
  const id = source.read(2 * MIB + 9, 16);
  const digits = (at: number, length: number) =>
    Buffer.from(id.subarray(at, at + length))
      .reverse()
      .toString('hex');
  return `${digits(0, 4)}-${digits(4, 4)}-${digits(8, 2)}-${id.toString('hex', 10)}`;
};
/** In the root directory, of which the first clusters are read. */
const exfatLabel: ReadText = (source) => {
  const boot = source.read(0, 120);
  const [sector, perCluster] = [2 ** boot.readUInt8(108), 2 ** boot.readUInt8(109)];
  if (sector > 4096 || sector * perCluster > 32 * MIB) return null;
  let cluster = boot.readUInt32LE(96);
  for (let count = 0; count < 16 && cluster >= 2; count += 1) {
    const at = (boot.readUInt32LE(88) + (cluster - 2) * perCluster) * sector;
    const entries = source.read(at, Math.min(sector * perCluster, 64 * KIB));
    for (let entry = 0; entry + 32 <= entries.length && entries.readUInt8(entry) !== 0; entry += 32) {
      if (entries.readUInt8(entry) !== EXFAT_LABEL) continue;
      const length = Math.min(11, entries.readUInt8(entry + 1));
      return text(entries.subarray(entry + 2, entry + 2 + length * 2), 'utf16le') || null;
    }
    cluster = source.read(boot.readUInt32LE(80) * sector + cluster * 4, 4).readUInt32LE(0);
  }
  return null;
};
const EXFAT_LABEL = 0x83;
const BCACHEFS = { uuid: uuidAt(4152), label: textAt(4168, 32) } as const;
/** LUKS 1 has the name of the cipher there. */
const luksLabel: ReadText = (source) => (source.read(6, 2).readUInt16BE(0) === 2 ? textAt(24, 48)(source) : null);
const bitLockerUuid: ReadText = (source) => readBitLocker(source)?.uuid ?? null;
const bitLockerLabel: ReadText = (source) => readBitLocker(source)?.label ?? null;
const UDF_DESCRIPTORS = Array.from({ length: 8 }, (_, index) => 32_769 + (index + 1) * 2 * KIB);
const ZFS_SLOTS = Array.from({ length: 128 }, (_, index) => (128 + index) * KIB);

/** In the order in which they are tried: a container of other contents comes before what may show through. */
const SIGNATURES: readonly Signature[] = [
  { name: 'LUKS', at: [0], magic: hex('4c554b53babe'), uuid: textAt(168, 40), label: luksLabel },
  { name: 'BitLocker', at: [3], magic: Buffer.from('-FVE-FS-'), uuid: bitLockerUuid, label: bitLockerLabel },
  { name: LINUX_RAID, at: [4 * KIB, 0], magic: MD, uuid: mdUuid, label: mdName },
  { name: LINUX_RAID, at: (size) => [md090(size), md10(size)], magic: MD, uuid: mdUuid, label: mdName },
  { name: 'bcache', at: [4 * KIB + 24], magic: BCACHE, holds: isBcache, uuid: uuidAt(4136), label: textAt(4168, 32) },
  { name: 'bcachefs', at: [4 * KIB + 24], magic: BCACHE, ...BCACHEFS },
  { name: 'bcachefs', at: [4 * KIB + 24], magic: hex('c68573f666ce90a9d96a60cf803df7ef'), ...BCACHEFS },
  { name: 'ZFS', at: ZFS_SLOTS, magic: hex('0cb1ba0000000000'), uuid: zfsPool, label: zfsName },
  { name: 'ZFS', at: ZFS_SLOTS, magic: hex('0000000000bab10c'), uuid: zfsPool, label: zfsName },
  { name: 'hibernation image', at: PAGE_ENDS, magic: Buffer.from('S1SUSPEND') },
  { name: 'hibernation image', at: PAGE_ENDS, magic: Buffer.from('S2SUSPEND') },
  { name: 'hibernation image', at: PAGE_ENDS, magic: Buffer.from('ULSUSPEND') },
  { name: 'hibernation image', at: PAGE_ENDS, magic: Buffer.from('LINHIB0001') },
  { name: 'hibernation image', at: [0], magic: hex('edc302e99856e50c') },
  { name: 'swap', at: PAGE_ENDS, magic: Buffer.from('SWAPSPACE2'), uuid: uuidAt(1036), label: textAt(1052, 16) },
  // The first version of swap space has no UUID.
  { name: 'swap', at: PAGE_ENDS, magic: Buffer.from('SWAP-SPACE') },
  { name: 'VMFS', at: [2 * MIB], magic: hex('5ef1ab2f'), uuid: vmfsId, label: textAt(2 * MIB + 29, 128) },
  { name: 'VMFS', at: [MIB], magic: hex('0dd001c0'), uuid: textAt(MIB + 532, 35) },
  { name: 'VDO', at: [0], magic: Buffer.from('dmvdo001'), uuid: uuidAt(40) },
  { name: 'Stratis', at: [516], magic: Buffer.from('!Stra0tis') },
  { name: 'DRBD', at: (size) => [drbd(size)], magic: hex('8374026b') },
  { name: 'DRBD', at: (size) => [drbd(size)], magic: hex('8374026d') },
  { name: 'firmware RAID', at: (size) => [size - 1024], magic: Buffer.from('Intel Raid ISM Cfg Sig. ') },
  { name: 'firmware RAID', at: (size) => [size - 512], magic: hex('de11de11') },
  { name: 'dm-verity', at: [0], magic: Buffer.from('verity\0\0') },
  { name: 'dm-integrity', at: [0], magic: Buffer.from('integrt\0') },
  { name: 'ext journal', at: [KIB], magic: Buffer.alloc(0), uuid: uuidAt(1128), holds: isExtJournal },
  { name: 'vxfs', at: [KIB], magic: hex('f5fc01a5') },
  { name: 'vxfs', at: [8 * KIB], magic: hex('a501fcf5') },
  { name: 'UBI', at: [0], magic: Buffer.from('UBI#') },
  { name: 'UFS', at: [66_908], magic: hex('19015419'), uuid: ufsId },
  { name: 'f2fs', at: [KIB], magic: hex('1020f5f2'), uuid: uuidAt(1132), label: textAt(1148, 1024, 'utf16le') },
  { name: 'reiserfs', at: [65_588], magic: Buffer.from('ReIsEr'), uuid: uuidAt(65_620), label: textAt(65_636, 16) },
  { name: 'reiser4', at: [65_536], magic: Buffer.from('ReIsEr4'), uuid: uuidAt(65_556), label: textAt(65_572, 16) },
  { name: 'jfs', at: [32_768], magic: Buffer.from('JFS1'), uuid: uuidAt(32_904), label: textAt(32_920, 16) },
  { name: 'nilfs2', at: [KIB], magic: hex('0200000000003434'), uuid: uuidAt(1176), label: textAt(1192, 80) },
  { name: 'ocfs2', at: [2 * KIB], magic: Buffer.from('OCFSV2'), uuid: uuidAt(0x950), label: textAt(0x910, 64) },
  { name: 'ocfs2', at: [KIB, 4 * KIB, 8 * KIB], magic: Buffer.from('OCFSV2') },
  { name: 'gfs2', at: [65_536], magic: hex('01161970'), uuid: uuidAt(65_792), label: textAt(65_696, 64) },
  { name: 'squashfs', at: [0], magic: Buffer.from('hsqs') },
  { name: 'erofs', at: [KIB], magic: hex('e2e1f5e0'), uuid: uuidAt(1072), label: textAt(1088, 16) },
  { name: 'cramfs', at: [0], magic: hex('453dcd28'), label: textAt(48, 16) },
  { name: 'cramfs', at: [0], magic: hex('28cd3d45'), label: textAt(48, 16) },
  { name: 'romfs', at: [0], magic: Buffer.from('-rom1fs-'), label: textAt(16, 16) },
  { name: 'exfat', at: [3], magic: Buffer.from('EXFAT   '), uuid: serialAt(100), label: exfatLabel },
  { name: 'apfs', at: [32], magic: Buffer.from('NXSB'), uuid: uuidAt(72) },
  { name: 'hfsplus', at: [KIB], magic: hex('482b0004') },
  { name: 'hfsplus', at: [KIB], magic: hex('48580005') },
  { name: 'hfs', at: [KIB], magic: Buffer.from('BD'), holds: hasHfsBlocks },
  { name: 'xfs log', at: [0], magic: hex('feedbabe') },
  { name: 'udf', at: [32_769], magic: Buffer.from('BEA01') },
  // A disc with both file systems.
  { name: 'udf', at: UDF_DESCRIPTORS, magic: Buffer.from('NSR0'), holds: (source) => source.size > 32_774 },
  { name: 'iso9660', at: [32_769], magic: Buffer.from('CD001'), label: textAt(32_808, 32) },
];

/** Null: none of the known contents. */
export function recognise(source: ByteSource): Recognised | null {
  const found = SIGNATURES.find((signature) => matches(source, signature));
  if (found === undefined) return null;
  const { name, uuid, label } = found;
  const read = (one: ReadText | undefined) =>
    unlessUnreadable(
      () => one?.(source) ?? null,
      () => null,
    );
  return { name, uuid: read(uuid), label: read(label) };
}

/** The names of all signatures: an older content may have left its own behind. */
export function allSignatures(source: ByteSource): readonly string[] {
  return SIGNATURES.filter((signature) => matches(source, signature)).map(({ name }) => name);
}

function matches(source: ByteSource, { at, magic, holds }: Signature): boolean {
  return (typeof at === 'function' ? at(source.size) : at).some(
    (offset) =>
      offset >= 0 &&
      unlessUnreadable(
        () => source.read(offset, magic.length).equals(magic) && (holds?.(source) ?? true),
        () => false,
      ),
  );
}
