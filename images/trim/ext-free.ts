/** Free blocks of ext2, ext3 and ext4 from the block bitmaps (kernel documentation, filesystems/ext4). */
import type { ByteSource } from '../bytes.js';
import { ALL_BITS, crc16, crc32c } from '../filesystems/checksums.js';
import {
  descriptorOffset,
  fileSource,
  hasSuperblock,
  isExtChecksumRight,
  readSuper,
  type Super,
  superblockBlock,
} from '../filesystems/ext.js';
import { LeftWhole, leaveWholeIf } from './left-whole.js';
import { type Range, zeroBits } from './ranges.js';

const CLEAN = 1;
const ERRORS = 2;
const COMPATIBLE = { hasJournal: 0x4, excludeBitmap: 0x100, sparseSuper2: 0x200, fastCommit: 0x400 } as const;
const READ_ONLY = {
  sparseSuper: 0x1,
  descriptorChecksum: 0x10,
  snapshot: 0x80,
  clusters: 0x200,
  metadataChecksum: 0x400,
  readOnly: 0x1000,
  sharedBlocks: 0x4000,
  orphans: 0x10000,
} as const;
const CHECKSUM_SEED = 0x2000;
/** Features whose blocks the bitmaps describe. With any other one, this reader does not know what is free. */
const KNOWN_INCOMPATIBLE = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x3_8000;
const KNOWN_READ_ONLY = 0x1_ffff & ~0x800;
const BLOCKS_NOT_INITIALISED = 0x2;
const JOURNAL_START = 28;

interface Volume {
  readonly source: ByteSource;
  readonly superblock: Super;
  readonly blocks: number;
  readonly groups: number;
  /** Blocks in a cluster, the unit of the bitmaps; 1 without bigalloc. */
  readonly ratio: number;
  readonly clustersPerGroup: number;
  readonly bytes: Buffer;
  readonly compatible: number;
  readonly readOnly: number;
  readonly seed: number;
}

interface Group {
  readonly bitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  readonly free: number;
  readonly isInitialised: boolean;
  readonly bitmapChecksum: number;
}

export function* extFree(source: ByteSource): Generator<Range> {
  const volume = openVolume(source);
  checkState(volume);
  const groups = readGroups(volume);
  const places = groups.some(({ isInitialised }) => !isInitialised) ? metadataBlocks(volume, groups) : [];
  const { superblock, ratio, clustersPerGroup } = volume;
  const clusterSize = superblock.blockSize * ratio;
  for (const [number, group] of groups.entries()) {
    const firstCluster = number * clustersPerGroup;
    const bits = Math.min(
      clustersPerGroup,
      Math.ceil((volume.blocks - superblock.firstDataBlock) / ratio) - firstCluster,
    );
    const bitmap = group.isInitialised ? storedBitmap(volume, number, group) : impliedBitmap(volume, number, places);
    let free = 0;
    for (const { from, count } of zeroBits(bitmap, bits)) {
      free += count;
      const first = superblock.firstDataBlock * superblock.blockSize + (firstCluster + from) * clusterSize;
      yield { offset: first, length: Math.min(count * clusterSize, superblock.totalBytes - first) };
    }
    leaveWholeIf(
      free !== group.free,
      `group ${number} has ${free} free blocks in its bitmap and ${group.free} in its descriptor`,
    );
  }
}

function openVolume(source: ByteSource): Volume {
  const superblock = readSuper(source);
  if (superblock === null) throw new LeftWhole('it has no ext superblock');
  const bytes = source.read(1024, 1024);
  const readOnly = bytes.readUInt32LE(100);
  const hasClusters = (readOnly & READ_ONLY.clusters) !== 0;
  const ratio = hasClusters ? 2 ** (bytes.readUInt32LE(28) - bytes.readUInt32LE(24)) : 1;
  const clustersPerGroup = hasClusters ? bytes.readUInt32LE(36) : superblock.blocksPerGroup;
  const blocks = superblock.totalBytes / superblock.blockSize;
  const isSane = ratio >= 1 && ratio <= 32_768 && clustersPerGroup > 0 && clustersPerGroup <= 8 * superblock.blockSize;
  leaveWholeIf(!isSane || superblock.blocksPerGroup !== clustersPerGroup * ratio, 'its superblock is inconsistent');
  const hasSeed = (bytes.readUInt32LE(96) & CHECKSUM_SEED) !== 0;
  return {
    source,
    superblock,
    blocks,
    groups: Math.ceil((blocks - superblock.firstDataBlock) / superblock.blocksPerGroup),
    ratio,
    clustersPerGroup,
    bytes,
    compatible: bytes.readUInt32LE(92),
    readOnly,
    seed: hasSeed ? bytes.readUInt32LE(0x270) : crc32c(ALL_BITS.crc32c, bytes.subarray(104, 120)),
  };
}

function checkState({ source, superblock, bytes, compatible, readOnly }: Volume): void {
  const incompatible = bytes.readUInt32LE(96);
  const state = bytes.readUInt16LE(58);
  leaveWholeIf(superblock.isStale, 'its journal is not empty (needs_recovery)');
  leaveWholeIf((state & CLEAN) === 0, 'it was not unmounted cleanly');
  leaveWholeIf((state & ERRORS) !== 0, 'it records errors: run e2fsck in the guest');
  leaveWholeIf(
    (readOnly & READ_ONLY.orphans) !== 0 || bytes.readUInt32LE(232) !== 0,
    'it has deleted files still open',
  );
  leaveWholeIf((compatible & COMPATIBLE.fastCommit) !== 0, 'it uses fast commits');
  leaveWholeIf((readOnly & (READ_ONLY.readOnly | READ_ONLY.sharedBlocks)) !== 0, 'it is marked as read-only');
  const isKnown =
    (incompatible & ~KNOWN_INCOMPATIBLE) === 0 &&
    (readOnly & ~KNOWN_READ_ONLY) === 0 &&
    (readOnly & READ_ONLY.snapshot) === 0 &&
    (compatible & COMPATIBLE.excludeBitmap) === 0;
  leaveWholeIf(
    !isKnown,
    `it uses features that are not supported (0x${incompatible.toString(16)}, 0x${readOnly.toString(16)})`,
  );
  if ((readOnly & READ_ONLY.metadataChecksum) !== 0) {
    leaveWholeIf(!isExtChecksumRight(bytes), 'the checksum of its superblock is wrong');
  }
  if ((compatible & COMPATIBLE.hasJournal) === 0) return;
  leaveWholeIf(superblock.journalInode === 0, 'its journal is on another device');
  const journal = fileSource(source, superblock, superblock.journalInode).read(0, 1024);
  leaveWholeIf(journal.readUInt32BE(JOURNAL_START) !== 0, 'its journal is not empty');
}

function readGroups(volume: Volume): Group[] {
  const { source, superblock, groups } = volume;
  return Array.from({ length: groups }, (_, number): Group => {
    const descriptor = source.read(descriptorOffset(superblock, number), superblock.descriptorSize);
    checkDescriptor(volume, number, descriptor);
    const isWide = superblock.descriptorSize >= 64;
    const block = (low: number, high: number) =>
      descriptor.readUInt32LE(low) + (isWide ? descriptor.readUInt32LE(high) * 2 ** 32 : 0);
    const half = (low: number, high: number) =>
      descriptor.readUInt16LE(low) + (isWide ? descriptor.readUInt16LE(high) * 2 ** 16 : 0);
    const hasFlags = (volume.readOnly & (READ_ONLY.descriptorChecksum | READ_ONLY.metadataChecksum)) !== 0;
    return {
      bitmap: block(0, 32),
      inodeBitmap: block(4, 36),
      inodeTable: block(8, 40),
      free: half(12, 44),
      isInitialised: !hasFlags || (descriptor.readUInt16LE(18) & BLOCKS_NOT_INITIALISED) === 0,
      bitmapChecksum: half(24, 56),
    };
  });
}

function checkDescriptor({ bytes, readOnly, seed }: Volume, number: number, descriptor: Buffer): void {
  const index = Buffer.alloc(4);
  index.writeUInt32LE(number);
  const parts = [index, descriptor.subarray(0, 30)];
  let expected: number;
  if ((readOnly & READ_ONLY.metadataChecksum) !== 0) {
    const all = [...parts, Buffer.alloc(2), descriptor.subarray(32)];
    expected = all.reduce(crc32c, seed) & 0xffff;
  } else if ((readOnly & READ_ONLY.descriptorChecksum) !== 0) {
    expected = [bytes.subarray(104, 120), ...parts, descriptor.subarray(32)].reduce(crc16, ALL_BITS.crc16);
  } else return;
  leaveWholeIf(descriptor.readUInt16LE(30) !== expected, `the checksum of the descriptor of group ${number} is wrong`);
}

function storedBitmap(
  { source, superblock, clustersPerGroup, readOnly, seed }: Volume,
  number: number,
  group: Group,
): Buffer {
  const bitmap = source.read(group.bitmap * superblock.blockSize, superblock.blockSize);
  if ((readOnly & READ_ONLY.metadataChecksum) === 0) return bitmap;
  const checksum = crc32c(seed, bitmap.subarray(0, clustersPerGroup / 8));
  const expected = superblock.descriptorSize >= 64 ? checksum : checksum & 0xffff;
  leaveWholeIf(group.bitmapChecksum !== expected, `the checksum of the block bitmap of group ${number} is wrong`);
  return bitmap;
}

/** Blocks with metadata of any group, as `[first, count]`. */
function metadataBlocks(volume: Volume, groups: readonly Group[]): readonly (readonly [number, number])[] {
  const { superblock } = volume;
  const table = Math.ceil((superblock.inodesPerGroup * superblock.inodeSize) / superblock.blockSize);
  return groups.flatMap(({ bitmap, inodeBitmap, inodeTable }, number) => [
    [bitmap, 1] as const,
    [inodeBitmap, 1] as const,
    [inodeTable, table] as const,
    [superblock.firstDataBlock + number * superblock.blocksPerGroup, baseBlocks(volume, number)] as const,
  ]);
}

/** Blocks at the start of a group: the superblock's copy, descriptors, and those reserved for growth. */
function baseBlocks({ superblock, groups, bytes, compatible, readOnly }: Volume, number: number): number {
  const perBlock = Math.floor(superblock.blockSize / superblock.descriptorSize);
  const all = Math.ceil(groups / perBlock);
  const hasCopy =
    (compatible & COMPATIBLE.sparseSuper2) !== 0
      ? number === 0 || [bytes.readUInt32LE(0x24c), bytes.readUInt32LE(0x250)].includes(number)
      : (readOnly & READ_ONLY.sparseSuper) === 0 || hasSuperblock(number);
  const isMeta = superblock.metaGroups !== null && Math.floor(number / perBlock) >= superblock.metaGroups;
  // Group 0 begins before the superblock where that is not in the first block.
  const copy = (hasCopy ? 1 : 0) + (number === 0 ? superblockBlock(superblock) - superblock.firstDataBlock : 0);
  if (isMeta) return copy + ([0, 1, perBlock - 1].includes(number % perBlock) ? 1 : 0);
  return hasCopy ? copy + (superblock.metaGroups ?? all) + bytes.readUInt16LE(206) : 0;
}

/** The bitmap of a group that has no bitmap yet: only metadata are in use. */
function impliedBitmap(volume: Volume, number: number, places: readonly (readonly [number, number])[]): Buffer {
  const { superblock, ratio, clustersPerGroup } = volume;
  const bitmap = Buffer.alloc(Math.ceil(clustersPerGroup / 8));
  const start = superblock.firstDataBlock + number * superblock.blocksPerGroup;
  for (const [first, count] of places) {
    const from = Math.max(first, start);
    const end = Math.min(first + count, start + superblock.blocksPerGroup);
    for (let block = from; block < end; block += 1) {
      const bit = Math.floor((block - start) / ratio);
      bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return bitmap;
}
