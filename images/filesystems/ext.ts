/** Reads ext2, ext3 and ext4 (kernel documentation, filesystems/ext4): extents, block maps, inline data. */
import { type ByteSource, mappedSource, text, UnreadableError } from '../bytes.js';
import { ALL_BITS, crc32c } from './checksums.js';
import { replayJournal } from './ext-journal.js';
import {
  DamagedLogError,
  type Entry,
  type FileSystem,
  type IdentifyFileSystem,
  kindOf,
  MAX_DIRECTORY_BYTES,
  MAX_ENTRIES,
  type OpenFileSystem,
  type Run,
  readRuns,
  uuidOrNull,
} from './filesystem.js';

const ROOT_INODE = 2;
const HAS_JOURNAL = 0x4;
const NEEDS_RECOVERY = 0x4;
/** Features that ext2 and ext3 have. A file system with another one is ext4, as blkid reports it. */
const OLD_INCOMPATIBLE = 0x2 | NEEDS_RECOVERY | 0x10;
const OLD_READ_ONLY = 0x1 | 0x2 | 0x4;
const JOURNAL_DEVICE = 0x8;
const META_BG = 0x10;
const IS_64BIT = 0x80;
const METADATA_CSUM = 0x400;
const CHECKSUM_AT = 1020;
const ENCRYPT_FLAG = 0x800;
const EXTENTS_FLAG = 0x80000;
const INLINE_FLAG = 0x1000_0000;
const EXTENT_MAGIC = 0xf30a;
const MAX_RUNS = 1_000_000;

export interface Super {
  readonly blockSize: number;
  readonly firstDataBlock: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly inodeCount: number;
  readonly descriptorSize: number;
  readonly metaGroups: number | null;
  readonly blocksPerGroup: number;
  readonly kind: 'ext2' | 'ext3' | 'ext4';
  readonly uuid: string | null;
  readonly label: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly isStale: boolean;
  readonly journalInode: number;
}

interface Inode {
  readonly mode: number;
  readonly size: number;
  readonly flags: number;
  readonly raw: Buffer;
}

export const openExt: OpenFileSystem = (source) => {
  const superblock = readSuper(source);
  if (superblock === null) return null;
  checkSum(source.read(1024, 1024));
  if (!superblock.isStale) return opened(source, superblock, null);
  // The disk was exported from a running machine: the latest changes are only in the journal.
  const { source: recovered, ...state } = recover(source, superblock);
  const beforeReplay = recovered === source ? {} : { beforeReplay: opened(source, superblock, state.stale) };
  return { ...opened(recovered, readSuper(recovered) ?? superblock, state.stale), ...state, ...beforeReplay };
};

type Recovered = Pick<FileSystem, 'isOlder' | 'refused'> & { readonly source: ByteSource; readonly stale: string };

function recover(source: ByteSource, superblock: Super): Recovered {
  try {
    const journal = fileSource(source, superblock, superblock.journalInode);
    const { source: replayed, blocks, hasFastCommits } = replayJournal(source, journal, superblock.blockSize);
    const missing = hasFastCommits ? ', but not its fast commits, which hold later changes' : '';
    const stale = `needs_recovery flag set; ${blocks} blocks were read from the journal${missing}`;
    return { source: replayed, stale, isOlder: hasFastCommits };
  } catch (error) {
    if (!(error instanceof UnreadableError || error instanceof RangeError)) throw error;
    const stale = `needs_recovery flag set, and the journal cannot be read: ${error.message}`;
    return { source, stale, isOlder: true, ...(error instanceof DamagedLogError ? { refused: error.message } : {}) };
  }
}

export const identifyExt: IdentifyFileSystem = (source) => identityOf(source.read(1024, 1024));

function identityOf(superblock: Buffer) {
  const kind = extKind(superblock);
  return kind === null ? null : { kind, uuid: uuidOrNull(superblock, 104), label: text(superblock.subarray(120, 136)) };
}

/** Null: no superblock, or that of an external journal, which has the same magic number. */
function extKind(superblock: Buffer): Super['kind'] | null {
  if (superblock.readUInt16LE(56) !== 0xef53) return null;
  const incompatible = superblock.readUInt32LE(96);
  if ((incompatible & JOURNAL_DEVICE) !== 0) return null;
  const isExt4 = (incompatible & ~OLD_INCOMPATIBLE) !== 0 || (superblock.readUInt32LE(100) & ~OLD_READ_ONLY) !== 0;
  if (isExt4) return 'ext4';
  return (superblock.readUInt32LE(92) & HAS_JOURNAL) !== 0 ? 'ext3' : 'ext2';
}

/** Of a superblock with metadata_csum. */
export function isExtChecksumRight(superblock: Buffer): boolean {
  return crc32c(ALL_BITS.crc32c, superblock.subarray(0, CHECKSUM_AT)) === superblock.readUInt32LE(CHECKSUM_AT);
}

/** The kernel does not mount a file system with another checksum. */
function checkSum(superblock: Buffer): void {
  if ((superblock.readUInt32LE(100) & METADATA_CSUM) === 0) return;
  if (!isExtChecksumRight(superblock)) throw new UnreadableError('the checksum of its superblock is wrong');
}

export function readSuper(source: ByteSource): Super | null {
  if (source.size < 2048) return null;
  const bytes = source.read(1024, 1024);
  const identity = identityOf(bytes);
  if (identity === null) return null;
  const incompatible = bytes.readUInt32LE(96);
  const logBlock = bytes.readUInt32LE(24);
  if (logBlock > 6) throw new UnreadableError(`ext superblock: block size 2^${10 + logBlock}`);
  const revision = bytes.readUInt32LE(76);
  const blockSize = 1024 << logBlock;
  const high = (at: number) => ((incompatible & IS_64BIT) !== 0 ? bytes.readUInt32LE(at) * 2 ** 32 : 0);
  const superblock: Super = {
    blockSize,
    firstDataBlock: bytes.readUInt32LE(20),
    inodesPerGroup: bytes.readUInt32LE(40),
    inodeSize: revision === 0 ? 128 : bytes.readUInt16LE(88),
    inodeCount: bytes.readUInt32LE(0),
    descriptorSize: (incompatible & IS_64BIT) !== 0 ? Math.max(64, bytes.readUInt16LE(254)) : 32,
    metaGroups: (incompatible & META_BG) !== 0 ? bytes.readUInt32LE(260) : null,
    blocksPerGroup: bytes.readUInt32LE(32),
    ...identity,
    totalBytes: (bytes.readUInt32LE(4) + high(336)) * blockSize,
    freeBytes: (bytes.readUInt32LE(12) + high(344)) * blockSize,
    isStale: (incompatible & NEEDS_RECOVERY) !== 0,
    journalInode: bytes.readUInt32LE(224),
  };
  if (superblock.inodesPerGroup === 0 || superblock.inodeSize < 128 || superblock.inodeSize > blockSize) {
    throw new UnreadableError('ext superblock: invalid inode table');
  }
  return superblock;
}

function opened(source: ByteSource, superblock: Super, stale: string | null): FileSystem {
  const { kind, uuid, label, totalBytes, freeBytes } = superblock;
  return {
    kind,
    uuid,
    label,
    totalBytes,
    freeBytes,
    stale,
    ignoresCase: false,
    root: ROOT_INODE,
    ...nodes(source, superblock),
  };
}

/** Random access to a file, without reading all of it. */
export function fileSource(source: ByteSource, superblock: Super, number: number): ByteSource {
  const inode = readInode(source, superblock, number);
  const runs = [...runsOf(source, superblock, inode, inode.size)];
  return mappedSource(inode.size, `inode ${number}`, (offset) => {
    const run = runs.find(({ at, length }) => offset >= at && offset < at + length);
    if (run === undefined) throw new UnreadableError(`inode ${number} has a hole at ${offset}`);
    const inside = offset - run.at;
    return { at: { source, offset: run.offset + inside }, length: run.length - inside };
  });
}

function nodes(
  source: ByteSource,
  superblock: Super,
): Pick<FileSystem, 'info' | 'entries' | 'content' | 'hasHole' | 'link'> {
  const read = (node: number) => readInode(source, superblock, node);
  const content = (inode: Inode, length: number): Buffer => {
    const wanted = Math.min(inode.size, length);
    if ((inode.flags & ENCRYPT_FLAG) !== 0) throw new UnreadableError('the file is encrypted (fscrypt)');
    if ((inode.flags & INLINE_FLAG) !== 0) return inlineData(inode).subarray(0, wanted);
    return readRuns(source, runsOf(source, superblock, inode, wanted), wanted);
  };
  return {
    info(node) {
      const { mode, size } = read(node);
      return { kind: kindOf(mode), size, mode: mode & 0o7777 };
    },
    entries(directory) {
      const inode = read(directory);
      if (kindOf(inode.mode) !== 'directory') throw new UnreadableError(`inode ${directory} is not a directory`);
      const bytes = content(inode, MAX_DIRECTORY_BYTES);
      // Inline directories start with the parent's inode number instead of "." and "..".
      const isInline = (inode.flags & INLINE_FLAG) !== 0;
      return isInline ? directoryEntries(bytes.subarray(4), 60 - 4) : directoryEntries(bytes, superblock.blockSize);
    },
    content(file, length) {
      return content(read(file), length);
    },
    hasHole(file) {
      const inode = read(file);
      if ((inode.flags & EXTENTS_FLAG) === 0) return false;
      let end = 0;
      for (const { at, length } of runsOf(source, superblock, inode, inode.size)) {
        if (at > end) return true;
        end = at + length;
      }
      return end < inode.size;
    },
    link(node) {
      const inode = read(node);
      // Short targets are stored in the inode, in place of the block map.
      if (inode.size < 60 && (inode.flags & (EXTENTS_FLAG | INLINE_FLAG)) === 0) {
        return inode.raw.toString('utf8', 40, 40 + inode.size);
      }
      return content(inode, 4096).toString('utf8');
    },
  };
}

function readInode(source: ByteSource, superblock: Super, number: number): Inode {
  if (number < 1 || number > superblock.inodeCount) throw new UnreadableError(`inode ${number} does not exist`);
  const group = Math.floor((number - 1) / superblock.inodesPerGroup);
  const descriptor = source.read(descriptorOffset(superblock, group), superblock.descriptorSize);
  const tableHigh = superblock.descriptorSize >= 64 ? descriptor.readUInt32LE(40) : 0;
  const table = (descriptor.readUInt32LE(8) + tableHigh * 2 ** 32) * superblock.blockSize;
  const offset = table + ((number - 1) % superblock.inodesPerGroup) * superblock.inodeSize;
  const raw = source.read(offset, superblock.inodeSize);
  return {
    mode: raw.readUInt16LE(0),
    size: raw.readUInt32LE(4) + raw.readUInt32LE(108) * 2 ** 32,
    flags: raw.readUInt32LE(32),
    raw,
  };
}

/** The superblock is at byte 1024. With bigalloc, blocks of 1 KiB are counted from 0 as well, so that it is in block 1. */
export function superblockBlock({ blockSize, firstDataBlock }: Pick<Super, 'blockSize' | 'firstDataBlock'>): number {
  return blockSize === 1024 ? 1 : firstDataBlock;
}

export function descriptorOffset(superblock: Super, group: number): number {
  const perBlock = Math.floor(superblock.blockSize / superblock.descriptorSize);
  const block = Math.floor(group / perBlock);
  const inside = (group % perBlock) * superblock.descriptorSize;
  if (superblock.metaGroups === null || block < superblock.metaGroups) {
    return (superblockBlock(superblock) + 1 + block) * superblock.blockSize + inside;
  }
  // With META_BG, the descriptors are in the first group that they describe, after its superblock copy if it has one.
  const firstGroup = block * perBlock;
  const start = superblock.firstDataBlock + firstGroup * superblock.blocksPerGroup;
  return (start + (hasSuperblock(firstGroup) ? 1 : 0)) * superblock.blockSize + inside;
}

/** With sparse_super, groups 0, 1 and powers of 3, 5 and 7 have a superblock copy. */
export function hasSuperblock(group: number): boolean {
  if (group <= 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** Inline data is in the block map's space, then in the extended attribute system.data. */
function inlineData(inode: Inode): Buffer {
  const first = inode.raw.subarray(40, 100);
  if (inode.size <= 60 || inode.raw.length <= 160) return first;
  const start = 128 + inode.raw.readUInt16LE(128);
  if (start + 4 > inode.raw.length || inode.raw.readUInt32LE(start) !== 0xea020000) return first;
  const base = start + 4;
  for (let at = base; at + 16 <= inode.raw.length && inode.raw.readUInt32LE(at) !== 0; ) {
    const nameLength = inode.raw.readUInt8(at);
    const isSystemData =
      inode.raw.readUInt8(at + 1) === 7 && inode.raw.toString('latin1', at + 16, at + 16 + nameLength) === 'data';
    if (isSystemData) {
      const value = base + inode.raw.readUInt16LE(at + 2);
      return Buffer.concat([first, inode.raw.subarray(value, value + inode.raw.readUInt32LE(at + 8))]);
    }
    at += 16 + Math.ceil(nameLength / 4) * 4;
  }
  return first;
}

function* runsOf(source: ByteSource, superblock: Super, inode: Inode, wanted: number): Generator<Run> {
  const budget = { left: MAX_RUNS };
  const map = inode.raw.subarray(40, 100);
  if ((inode.flags & EXTENTS_FLAG) !== 0) yield* extents(source, superblock, map, wanted, 5, budget);
  else yield* blockMap(source, superblock, map, wanted, budget);
}

interface Budget {
  left: number;
}

function spend(budget: Budget): void {
  budget.left -= 1;
  if (budget.left < 0) throw new UnreadableError(`a file has more than ${MAX_RUNS} extents`);
}

function* extents(
  source: ByteSource,
  superblock: Super,
  node: Buffer,
  wanted: number,
  depthLeft: number,
  budget: Budget,
): Generator<Run> {
  if (node.readUInt16LE(0) !== EXTENT_MAGIC) throw new UnreadableError('an extent tree has no magic');
  const depth = node.readUInt16LE(6);
  if (depth > depthLeft) throw new UnreadableError(`an extent tree is ${depth} levels deep`);
  const count = Math.min(node.readUInt16LE(2), Math.floor((node.length - 12) / 12));
  for (let index = 0; index < count; index += 1) {
    spend(budget);
    const at = 12 + index * 12;
    const first = node.readUInt32LE(at) * superblock.blockSize;
    if (first >= wanted) return;
    if (depth > 0) {
      const child = (node.readUInt32LE(at + 4) + node.readUInt16LE(at + 8) * 2 ** 32) * superblock.blockSize;
      yield* extents(source, superblock, source.read(child, superblock.blockSize), wanted, depth - 1, budget);
      continue;
    }
    const length = node.readUInt16LE(at + 4);
    // A length above 32768 marks an unwritten extent, which reads as zeros.
    if (length > 32_768) continue;
    const start = node.readUInt32LE(at + 8) + node.readUInt16LE(at + 6) * 2 ** 32;
    yield { at: first, offset: start * superblock.blockSize, length: length * superblock.blockSize };
  }
}

/** Twelve direct blocks, then single, double and triple indirect blocks. */
function* blockMap(source: ByteSource, superblock: Super, map: Buffer, wanted: number, budget: Budget): Generator<Run> {
  const { blockSize } = superblock;
  let at = 0;
  function* pointers(block: number, depth: number): Generator<Run> {
    if (at >= wanted) return;
    spend(budget);
    if (depth === 0) {
      if (block !== 0) yield { at, offset: block * blockSize, length: blockSize };
      at += blockSize;
      return;
    }
    if (block === 0) {
      at += blockSize * (blockSize / 4) ** depth;
      return;
    }
    const table = source.read(block * blockSize, blockSize);
    for (let index = 0; index < blockSize / 4 && at < wanted; index += 1) {
      yield* pointers(table.readUInt32LE(index * 4), depth - 1);
    }
  }
  for (let index = 0; index < 12; index += 1) yield* pointers(map.readUInt32LE(index * 4), 0);
  for (let depth = 1; depth <= 3; depth += 1) yield* pointers(map.readUInt32LE((11 + depth) * 4), depth);
}

/** Hash trees have normal entries in their leaves and store their index in entries without an inode. */
function directoryEntries(bytes: Buffer, blockSize: number): Entry[] {
  const entries: Entry[] = [];
  for (let start = 0; start < bytes.length; start += blockSize) {
    const end = Math.min(start + blockSize, bytes.length);
    for (let at = start; at + 8 <= end; ) {
      const length = bytes.readUInt16LE(at + 4);
      if (length < 8) break;
      const node = bytes.readUInt32LE(at);
      const nameLength = bytes.readUInt8(at + 6);
      if (node !== 0 && at + 8 + nameLength <= end) {
        const name = bytes.toString('utf8', at + 8, at + 8 + nameLength);
        if (name !== '.' && name !== '..') entries.push({ name, node });
        if (entries.length > MAX_ENTRIES) throw new UnreadableError(`a directory has more than ${MAX_ENTRIES} entries`);
      }
      at += length;
    }
  }
  return entries;
}
