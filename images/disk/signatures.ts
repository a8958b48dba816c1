/** Recognises the contents of a volume that the inspection does not read: their names, and UUIDs that fstab may refer to. */
import { type ByteSource, text } from '../bytes.js';
import { uuidOf } from '../filesystems/filesystem.js';
import { unlessUnreadable } from '../findings.js';

export interface Recognised {
  readonly name: string;
  readonly uuid: string | null;
  readonly label: string | null;
  /** One half of a mirror: its file system starts at the first byte, and can be read if it is a supported one. */
  readonly isMirror: boolean;
}

interface Signature {
  readonly name: string;
  /** The magic number is at one of these places. Negative results are not on the volume. */
  readonly at: readonly number[] | ((size: number) => readonly number[]);
  readonly magic: Buffer;
  /** Offset of the UUID, 16 bytes. */
  readonly uuidAt?: number;
  readonly labelAt?: number;
  readonly isMirror?: true;
  /** A further condition, for magic numbers that two kinds share. */
  readonly holds?: (source: ByteSource) => boolean;
}

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const KIB = 1024;
/** Swap space has its magic number at the end of its first page, and pages differ between machines. */
const PAGE_ENDS = [4, 8, 16, 32, 64].map((pages) => pages * KIB - 10);
/** md 0.90: in the last full 64 KiB but one; md 1.0: at least 8 KiB before the end. Both have the RAID level within. */
const md090 = (size: number): number => Math.floor(size / (64 * KIB)) * 64 * KIB - 64 * KIB;
const md10 = (size: number): number => Math.floor((size - 8 * KIB) / (4 * KIB)) * 4 * KIB;
const isMirrorAt = (at: (size: number) => number, field: number) => (source: ByteSource) =>
  source.read(at(source.size) + field, 4).readInt32LE() === 1;
const MD = hex('fc4e2ba9');
const BCACHE = hex('c68573f64e1a45ca8265f57f48ba6d81');
/** bcache has its own sector number, 8, where bcachefs has a checksum. */
const isBcache = (source: ByteSource): boolean => source.read(4 * KIB + 8, 8).readBigUInt64LE() === 8n;
/** Two letters are little evidence: the size of HFS blocks must be one of whole sectors. */
const hasHfsBlocks = (source: ByteSource): boolean => {
  const blockSize = source.read(KIB + 20, 4).readUInt32BE();
  return blockSize > 0 && blockSize % 512 === 0;
};
const ZFS_SLOTS = Array.from({ length: 128 }, (_, index) => (128 + index) * KIB);

/** In the order in which they are tried: a container of other contents comes before what may show through. */
const SIGNATURES: readonly Signature[] = [
  { name: 'LUKS', at: [0], magic: hex('4c554b53babe') },
  { name: 'BitLocker', at: [3], magic: Buffer.from('-FVE-FS-') },
  { name: 'Linux RAID', at: [4 * KIB, 0], magic: MD },
  { name: 'Linux RAID', at: (size) => [md090(size)], magic: MD, isMirror: true, holds: isMirrorAt(md090, 28) },
  { name: 'Linux RAID', at: (size) => [md10(size)], magic: MD, isMirror: true, holds: isMirrorAt(md10, 72) },
  { name: 'Linux RAID', at: (size) => [md090(size), md10(size)], magic: MD },
  { name: 'bcache', at: [4 * KIB + 24], magic: BCACHE, holds: isBcache },
  { name: 'bcachefs', at: [4 * KIB + 24], magic: BCACHE },
  { name: 'bcachefs', at: [4 * KIB + 24], magic: hex('c68573f666ce90a9d96a60cf803df7ef') },
  { name: 'ZFS', at: ZFS_SLOTS, magic: hex('0cb1ba0000000000') },
  { name: 'ZFS', at: ZFS_SLOTS, magic: hex('0000000000bab10c') },
  { name: 'hibernation image', at: PAGE_ENDS, magic: Buffer.from('S1SUSPEND') },
  { name: 'hibernation image', at: PAGE_ENDS, magic: Buffer.from('LINHIB0001') },
  { name: 'hibernation image', at: [0], magic: hex('edc302e99856e50c') },
  { name: 'swap', at: PAGE_ENDS, magic: Buffer.from('SWAPSPACE2'), uuidAt: 1036, labelAt: 1052 },
  // The first version of swap space has no UUID.
  { name: 'swap', at: PAGE_ENDS, magic: Buffer.from('SWAP-SPACE') },
  { name: 'UFS', at: [66_908], magic: hex('19015419') },
  { name: 'f2fs', at: [KIB], magic: hex('1020f5f2') },
  { name: 'reiserfs', at: [65_588], magic: Buffer.from('ReIsEr') },
  { name: 'reiser4', at: [65_536], magic: Buffer.from('ReIsEr4') },
  { name: 'jfs', at: [32_768], magic: Buffer.from('JFS1') },
  { name: 'nilfs2', at: [KIB], magic: hex('0200000000003434') },
  { name: 'ocfs2', at: [KIB, 2 * KIB, 4 * KIB, 8 * KIB], magic: Buffer.from('OCFSV2') },
  { name: 'gfs2', at: [65_536], magic: hex('01161970') },
  { name: 'squashfs', at: [0], magic: Buffer.from('hsqs') },
  { name: 'erofs', at: [KIB], magic: hex('e2e1f5e0') },
  { name: 'cramfs', at: [0], magic: hex('453dcd28') },
  { name: 'cramfs', at: [0], magic: hex('28cd3d45') },
  { name: 'romfs', at: [0], magic: Buffer.from('-rom1fs-') },
  { name: 'exfat', at: [3], magic: Buffer.from('EXFAT   ') },
  { name: 'apfs', at: [32], magic: Buffer.from('NXSB') },
  { name: 'hfsplus', at: [KIB], magic: hex('482b0004') },
  { name: 'hfsplus', at: [KIB], magic: hex('48580005') },
  { name: 'hfs', at: [KIB], magic: Buffer.from('BD'), holds: hasHfsBlocks },
  { name: 'xfs log', at: [0], magic: hex('feedbabe') },
  { name: 'iso9660', at: [32_769], magic: Buffer.from('CD001') },
  { name: 'udf', at: [32_769], magic: Buffer.from('BEA01') },
];

/** Null: none of the known contents. */
export function recognise(source: ByteSource): Recognised | null {
  const found = SIGNATURES.find(({ at, magic, holds }) =>
    (typeof at === 'function' ? at(source.size) : at).some(
      (offset) =>
        offset >= 0 &&
        unlessUnreadable(
          () => source.read(offset, magic.length).equals(magic) && (holds?.(source) ?? true),
          () => false,
        ),
    ),
  );
  if (found === undefined) return null;
  const { name, uuidAt, labelAt, isMirror = false } = found;
  return {
    name,
    isMirror,
    uuid: uuidAt === undefined ? null : uuidOf(source.read(uuidAt, 16), 0),
    label: labelAt === undefined ? null : text(source.read(labelAt, 16)),
  };
}
