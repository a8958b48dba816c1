/** Reads XFS versions 4 and 5 (XFS Algorithms & Data Structures, 3rd edition). */
import { type ByteSource, isPowerOfTwo, text, UnreadableError, u64be } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import { crc32cWithout } from './checksums.js';
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
import { readXfsLog } from './xfs-log.js';
import { replayXfsLog } from './xfs-replay.js';

const LOCAL = 1;
const EXTENTS = 2;
const BTREE = 3;
const FTYPE_V4 = 0x200;
const FTYPE_V5 = 0x1;
const MANY_EXTENTS = 0x10;
const FREE_TAG = 0xffff;
const DIRECTORY_DATA_END = 32 * 1024 ** 3;
const MAX_RUNS = 1_000_000;
const SYMLINK_HEADER = 56;
const CHECKSUM_AT = 224;
/** With its terminating zero, as Linux reads it at most. */
const MAX_LINK = 4096;

interface Super {
  readonly version: 4 | 5;
  readonly blockSize: number;
  readonly agBlocks: number;
  readonly agCount: number;
  readonly agBlockBits: number;
  readonly inodeSize: number;
  readonly inodesPerBlockBits: number;
  readonly directoryBlock: number;
  readonly hasFileType: boolean;
}

interface Inode {
  readonly mode: number;
  readonly format: number;
  readonly size: number;
  readonly extents: number;
  readonly fork: Buffer;
}

export const identifyXfs: IdentifyFileSystem = (source) => {
  const bytes = source.read(0, 512);
  return bytes.toString('latin1', 0, 4) === 'XFSB' ? identityOf(bytes) : null;
};

function identityOf(bytes: Buffer) {
  return { kind: 'xfs', uuid: uuidOrNull(bytes, 32), label: text(bytes.subarray(108, 120)) } as const;
}

export const openXfs: OpenFileSystem = (source) => {
  if (source.size < 512 || identifyXfs(source) === null) return null;
  const bytes = source.read(0, 512);
  const superblock = readSuper(bytes);
  if (superblock.version === 5 || bytes.readUInt32LE(CHECKSUM_AT) !== 0) checkSum(source, bytes.readUInt16BE(102));
  // The disk was exported from a running machine: the latest changes are only in the log.
  const { source: recovered, ...state } = unlessUnreadable<Recovered>(
    () => recover(source, superblock, bytes),
    (reason) => ({ source, stale: `its log cannot be read: ${reason}`, isUnmountUnknown: true, isOlder: true }),
  );
  const beforeReplay = recovered === source ? {} : { beforeReplay: { ...opened(source), stale: state.stale } };
  return { ...opened(recovered), ...state, ...beforeReplay };
};

type Recovered = Pick<FileSystem, 'stale' | 'isUnmountUnknown' | 'refused' | 'isOlder'> & {
  readonly source: ByteSource;
};

function recover(source: ByteSource, superblock: Super, bytes: Buffer): Recovered {
  const logStart = u64be(bytes, 48);
  if (logStart === 0) throw new UnreadableError('it is on another device');
  const place = { offset: blockOffset(superblock, logStart), length: bytes.readUInt32BE(96) * superblock.blockSize };
  const log = readXfsLog(source, place, { uuid: bytes.subarray(32, 48), version: superblock.version });
  if (log.isClean) return { source, stale: null };
  const layout = { ...superblock, isVersion5: superblock.version === 5 };
  try {
    const replayed = replayXfsLog(source, layout, log);
    return {
      source: replayed.source,
      stale: `it was not unmounted; ${replayed.changes} changes were read from its log`,
    };
  } catch (error) {
    if (!(error instanceof UnreadableError || error instanceof RangeError)) throw error;
    const stale = `it was not unmounted, and its log cannot be read: ${error.message}`;
    return { source, stale, isOlder: true, ...(error instanceof DamagedLogError ? { refused: error.message } : {}) };
  }
}

function readSuper(bytes: Buffer): Super {
  const version = (bytes.readUInt16BE(100) & 0xf) === 5 ? 5 : 4;
  const superblock: Super = {
    version,
    blockSize: bytes.readUInt32BE(4),
    agBlocks: bytes.readUInt32BE(84),
    agCount: bytes.readUInt32BE(88),
    agBlockBits: bytes.readUInt8(124),
    inodeSize: bytes.readUInt16BE(104),
    inodesPerBlockBits: bytes.readUInt8(123),
    directoryBlock: bytes.readUInt32BE(4) * 2 ** bytes.readUInt8(192),
    hasFileType:
      version === 5 ? (bytes.readUInt32BE(216) & FTYPE_V5) !== 0 : (bytes.readUInt32BE(200) & FTYPE_V4) !== 0,
  };
  const { blockSize, inodeSize, directoryBlock } = superblock;
  if (blockSize < 512 || blockSize > 65_536 || inodeSize < 256 || inodeSize > 2048 || directoryBlock > 65_536) {
    throw new UnreadableError(
      `XFS superblock: block ${blockSize}, inode ${inodeSize}, directory block ${directoryBlock}`,
    );
  }
  return superblock;
}

function opened(source: ByteSource): Omit<FileSystem, 'stale'> {
  const bytes = source.read(0, 512);
  const superblock = readSuper(bytes);
  return {
    ...identityOf(bytes),
    totalBytes: u64be(bytes, 8) * superblock.blockSize,
    freeBytes: u64be(bytes, 144) * superblock.blockSize,
    ignoresCase: false,
    root: u64be(bytes, 56),
    ...nodes(source, superblock),
  };
}

/** Of a superblock of version 5, with its whole sector. The checksum counts as zero in itself. */
export function isXfsChecksumRight(sector: Buffer): boolean {
  return crc32cWithout(sector, CHECKSUM_AT) === sector.readUInt32LE(CHECKSUM_AT);
}

/** The kernel does not mount a file system with another checksum. In version 4, the field is zero, or must be right. */
function checkSum(source: ByteSource, sectorSize: number): void {
  if (!isPowerOfTwo(sectorSize) || sectorSize < 512 || sectorSize > 32_768)
    throw new UnreadableError(`XFS superblock: sectors of ${sectorSize} bytes`);
  if (!isXfsChecksumRight(source.read(0, sectorSize)))
    throw new UnreadableError('the checksum of its superblock is wrong');
}

function nodes(source: ByteSource, superblock: Super): Pick<FileSystem, 'info' | 'entries' | 'content' | 'link'> {
  const read = (node: number) => readInode(source, superblock, node);
  const content = (inode: Inode, length: number): Buffer => {
    const wanted = Math.min(inode.size, length);
    if (inode.format === LOCAL) return inode.fork.subarray(0, wanted);
    return readRuns(source, runsOf(source, superblock, inode), wanted);
  };
  return {
    info(node) {
      const { mode, size } = read(node);
      return { kind: kindOf(mode), size, mode: mode & 0o7777 };
    },
    entries(directory) {
      const inode = read(directory);
      if (kindOf(inode.mode) !== 'directory') throw new UnreadableError(`inode ${directory} is not a directory`);
      if (inode.format === LOCAL) return shortDirectory(inode.fork, superblock);
      return longDirectory(source, superblock, inode);
    },
    content(file, length) {
      return content(read(file), length);
    },
    link(node) {
      const inode = read(node);
      if (inode.size > MAX_LINK) throw new UnreadableError('a symbolic link is longer than 4096 bytes');
      if (inode.format === LOCAL || superblock.version === 4) return content(inode, MAX_LINK).toString('utf8');
      return remoteLink(source, superblock, inode);
    },
  };
}

function readInode(source: ByteSource, superblock: Super, number: number): Inode {
  const perBlock = 2 ** superblock.inodesPerBlockBits;
  const block = Math.floor(number / perBlock);
  const offset = blockOffset(superblock, block) + (number % perBlock) * superblock.inodeSize;
  const raw = source.read(offset, superblock.inodeSize);
  if (raw.toString('latin1', 0, 2) !== 'IN') throw new UnreadableError(`XFS inode ${number} has no magic`);
  const core = raw.readUInt8(4) >= 3 ? 176 : 100;
  const forkOffset = raw.readUInt8(82) * 8;
  const manyExtents = core === 176 && (raw.readUInt32BE(124) & MANY_EXTENTS) !== 0;
  return {
    mode: raw.readUInt16BE(2),
    format: raw.readUInt8(5),
    size: u64be(raw, 56),
    extents: manyExtents ? u64be(raw, 24) : raw.readUInt32BE(76),
    fork: raw.subarray(core, forkOffset > 0 ? Math.min(core + forkOffset, raw.length) : raw.length),
  };
}

/** A file system block number has its allocation group in the high bits. */
function blockOffset(superblock: Super, block: number): number {
  const group = Math.floor(block / 2 ** superblock.agBlockBits);
  const inside = block % 2 ** superblock.agBlockBits;
  if (group >= superblock.agCount || inside >= superblock.agBlocks)
    throw new UnreadableError(`XFS block ${block} does not exist`);
  return (group * superblock.agBlocks + inside) * superblock.blockSize;
}

function* runsOf(source: ByteSource, superblock: Super, inode: Inode): Generator<Run> {
  if (inode.format === EXTENTS) {
    yield* records(superblock, inode.fork, 0, inode.extents);
    return;
  }
  if (inode.format !== BTREE) throw new UnreadableError(`an XFS inode has format ${inode.format}`);
  const budget = { left: MAX_RUNS };
  const { fork } = inode;
  const slots = Math.floor((fork.length - 4) / 16);
  const count = Math.min(fork.readUInt16BE(2), slots);
  for (let index = 0; index < count; index += 1) {
    yield* treeBlock(source, superblock, u64be(fork, 4 + slots * 8 + index * 8), fork.readUInt16BE(0) - 1, budget);
  }
}

function* treeBlock(
  source: ByteSource,
  superblock: Super,
  block: number,
  level: number,
  budget: { left: number },
): Generator<Run> {
  budget.left -= 1;
  if (budget.left < 0 || level < 0 || level > 8)
    throw new UnreadableError('an XFS extent tree is too large or too deep');
  const bytes = source.read(blockOffset(superblock, block), superblock.blockSize);
  const magic = bytes.toString('latin1', 0, 4);
  if (magic !== 'BMAP' && magic !== 'BMA3') throw new UnreadableError('an XFS extent tree has no magic');
  if (bytes.readUInt16BE(4) !== level) throw new UnreadableError('an XFS extent tree has wrong levels');
  const header = magic === 'BMA3' ? 72 : 24;
  const slots = Math.floor((bytes.length - header) / 16);
  const count = Math.min(bytes.readUInt16BE(6), slots);
  if (level === 0) {
    yield* records(superblock, bytes, header, count);
    return;
  }
  for (let index = 0; index < count; index += 1) {
    yield* treeBlock(source, superblock, u64be(bytes, header + slots * 8 + index * 8), level - 1, budget);
  }
}

/** 1 bit unwritten flag, 54 bits file offset, 52 bits first block, 21 bits block count. */
function* records(superblock: Super, bytes: Buffer, start: number, count: number): Generator<Run> {
  for (let index = 0; index < count && start + (index + 1) * 16 <= bytes.length; index += 1) {
    const high = bytes.readBigUInt64BE(start + index * 16);
    const low = bytes.readBigUInt64BE(start + index * 16 + 8);
    if (high >> 63n === 1n) continue;
    const at = Number((high & 0x7fff_ffff_ffff_ffffn) >> 9n) * superblock.blockSize;
    const block = Number(((high & 0x1ffn) << 43n) | (low >> 21n));
    yield { at, offset: blockOffset(superblock, block), length: Number(low & 0x1f_ffffn) * superblock.blockSize };
  }
}

function shortDirectory(fork: Buffer, superblock: Super): Entry[] {
  const entries: Entry[] = [];
  const wide = fork.readUInt8(1) > 0;
  const numberSize = wide ? 8 : 4;
  let at = 2 + numberSize;
  const count = wide ? fork.readUInt8(1) : fork.readUInt8(0);
  for (let index = 0; index < count; index += 1) {
    const length = fork.readUInt8(at);
    const name = fork.toString('utf8', at + 3, at + 3 + length);
    const number = at + 3 + length + (superblock.hasFileType ? 1 : 0);
    entries.push({ name, node: wide ? u64be(fork, number) : fork.readUInt32BE(number) });
    at = number + numberSize;
  }
  return entries;
}

function longDirectory(source: ByteSource, superblock: Super, inode: Inode): Entry[] {
  const entries: Entry[] = [];
  let read = 0;
  for (const run of runsOf(source, superblock, inode)) {
    // The names are below this offset; hash blocks are above.
    if (run.at >= DIRECTORY_DATA_END) continue;
    read += run.length;
    if (read > MAX_DIRECTORY_BYTES) throw new UnreadableError(`a directory has more than ${MAX_DIRECTORY_BYTES} bytes`);
    for (let at = 0; at + superblock.directoryBlock <= run.length; at += superblock.directoryBlock) {
      directoryBlock(source.read(run.offset + at, superblock.directoryBlock), superblock, entries);
    }
    if (entries.length > MAX_ENTRIES) throw new UnreadableError(`a directory has more than ${MAX_ENTRIES} entries`);
  }
  return entries;
}

function directoryBlock(bytes: Buffer, superblock: Super, entries: Entry[]): void {
  const magic = bytes.toString('latin1', 0, 4);
  const header = { XD2B: 16, XD2D: 16, XDB3: 64, XDD3: 64 }[magic];
  if (header === undefined) throw new UnreadableError('an XFS directory block has no magic');
  const hasTail = magic === 'XD2B' || magic === 'XDB3';
  const end = hasTail ? bytes.length - 8 - bytes.readUInt32BE(bytes.length - 8) * 8 : bytes.length;
  for (let at = header; at + 12 <= end; ) {
    if (bytes.readUInt16BE(at) === FREE_TAG) {
      const free = bytes.readUInt16BE(at + 2);
      if (free < 8) break;
      at += free;
      continue;
    }
    const length = bytes.readUInt8(at + 8);
    const name = bytes.toString('utf8', at + 9, at + 9 + length);
    if (name !== '.' && name !== '..') entries.push({ name, node: u64be(bytes, at) });
    at += Math.ceil((8 + 1 + length + (superblock.hasFileType ? 1 : 0) + 2) / 8) * 8;
  }
}

/** In version 5, each extent has a header before the target's bytes. */
function remoteLink(source: ByteSource, superblock: Super, inode: Inode): string {
  const parts: Buffer[] = [];
  for (const run of runsOf(source, superblock, inode)) {
    const extent = source.read(run.offset, Math.min(run.length, MAX_LINK + SYMLINK_HEADER));
    if (extent.toString('latin1', 0, 4) !== 'XSLM') throw new UnreadableError('an XFS symbolic link has no magic');
    parts.push(extent.subarray(SYMLINK_HEADER, SYMLINK_HEADER + extent.readUInt32BE(8)));
    if (parts.length > 16) throw new UnreadableError('a symbolic link has more than 16 extents');
  }
  return Buffer.concat(parts).subarray(0, inode.size).toString('utf8');
}
