/** Free blocks of XFS from the tree by block number of each allocation group (XFS Algorithms & Data Structures). */
import { type ByteSource, u64be } from '../bytes.js';
import { crc32cWithout } from '../filesystems/checksums.js';
import { isXfsChecksumRight } from '../filesystems/xfs.js';
import { LeftWhole, leaveWholeIf } from './left-whole.js';
import type { Range } from './ranges.js';
import { xfsLogIsClean } from './xfs-log.js';

const AGF_CHECKSUM = 216;
const NODE_CHECKSUM = 52;
/** ftype, spinodes, meta_uuid, bigtime, nrext64, exchrange, parent. */
const KNOWN_INCOMPATIBLE = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80;
/** finobt, rmapbt, reflink, inobtcnt. */
const KNOWN_READ_ONLY = 0xf;
const NEEDS_REPAIR = 0x10;
const MAX_LEVELS = 8;
/** Records in a group: each has at least one block, and another block follows it. */
const MAX_NODES = 1_000_000;

interface Volume {
  readonly source: ByteSource;
  readonly isV5: boolean;
  readonly blockSize: number;
  readonly sectorSize: number;
  readonly groupBlocks: number;
  readonly groups: number;
  readonly blocks: number;
}

export function* xfsFree(source: ByteSource): Generator<Range> {
  const volume = openVolume(source);
  for (let group = 0; group < volume.groups; group += 1) yield* groupFree(volume, group);
}

function openVolume(source: ByteSource): Volume {
  const head = source.read(0, 512);
  const sectorSize = head.readUInt16BE(102);
  leaveWholeIf(![512, 1024, 2048, 4096, 8192, 16_384, 32_768].includes(sectorSize), 'its superblock is inconsistent');
  const bytes = source.read(0, sectorSize);
  const isV5 = (bytes.readUInt16BE(100) & 0xf) === 5;
  if (isV5) {
    leaveWholeIf(!isXfsChecksumRight(bytes), 'the checksum of its superblock is wrong');
    const incompatible = bytes.readUInt32BE(216);
    leaveWholeIf((incompatible & NEEDS_REPAIR) !== 0, 'it needs a repair (xfs_repair)');
    const readOnly = bytes.readUInt32BE(212);
    const isKnown = (incompatible & ~KNOWN_INCOMPATIBLE) === 0 && (readOnly & ~KNOWN_READ_ONLY) === 0;
    leaveWholeIf(
      !isKnown,
      `it uses features that are not supported (0x${incompatible.toString(16)}, 0x${readOnly.toString(16)})`,
    );
  }
  leaveWholeIf(bytes.readUInt8(126) !== 0, 'its creation did not finish');
  leaveWholeIf(u64be(bytes, 16) !== 0, 'it has a realtime section');
  const blockSize = bytes.readUInt32BE(4);
  const logStart = u64be(bytes, 48);
  leaveWholeIf(logStart === 0, 'its log is on another device');
  const groupBits = bytes.readUInt8(124);
  const groupBlocks = bytes.readUInt32BE(84);
  const logBlock = Math.floor(logStart / 2 ** groupBits) * groupBlocks + (logStart % 2 ** groupBits);
  const log = { offset: logBlock * blockSize, length: bytes.readUInt32BE(96) * blockSize };
  leaveWholeIf(!xfsLogIsClean(source, log), 'its log is not empty');
  return {
    source,
    isV5,
    blockSize,
    sectorSize,
    groupBlocks,
    groups: bytes.readUInt32BE(88),
    blocks: u64be(bytes, 8),
  };
}

function* groupFree(volume: Volume, group: number): Generator<Range> {
  const { source, blockSize, sectorSize, groupBlocks, groups, blocks, isV5 } = volume;
  const start = group * groupBlocks * blockSize;
  const header = source.read(start + sectorSize, sectorSize);
  const size = group === groups - 1 ? blocks - group * groupBlocks : groupBlocks;
  const isRight =
    header.toString('latin1', 0, 4) === 'XAGF' && header.readUInt32BE(8) === group && header.readUInt32BE(12) === size;
  leaveWholeIf(!isRight, `the header of allocation group ${group} is wrong`);
  const checksum = isV5 ? crc32cWithout(header, AGF_CHECKSUM) : 0;
  leaveWholeIf(isV5 && header.readUInt32LE(AGF_CHECKSUM) !== checksum, `the checksum of group ${group} is wrong`);
  let free = 0;
  let end = 0;
  const budget = { left: MAX_NODES };
  for (const { first, count } of records(volume, group, header.readUInt32BE(16), header.readUInt32BE(28) - 1, budget)) {
    leaveWholeIf(
      first < end || count === 0 || first + count > size,
      `the free space of group ${group} is inconsistent`,
    );
    end = first + count;
    free += count;
    yield { offset: start + first * blockSize, length: count * blockSize };
  }
  const expected = header.readUInt32BE(52);
  leaveWholeIf(free !== expected, `group ${group} has ${free} free blocks in its tree and ${expected} in its header`);
}

function* records(
  volume: Volume,
  group: number,
  block: number,
  level: number,
  budget: { left: number },
): Generator<{ readonly first: number; readonly count: number }> {
  const { source, blockSize, groupBlocks, isV5 } = volume;
  budget.left -= 1;
  if (level < 0 || level > MAX_LEVELS || budget.left < 0 || block >= groupBlocks) {
    throw new LeftWhole(`the free space tree of group ${group} is inconsistent`);
  }
  const bytes = source.read((group * groupBlocks + block) * blockSize, blockSize);
  const isNode = bytes.toString('latin1', 0, 4) === (isV5 ? 'AB3B' : 'ABTB') && bytes.readUInt16BE(4) === level;
  leaveWholeIf(!isNode, `block ${block} of group ${group} is no free space tree`);
  if (isV5) {
    const isRight = bytes.readUInt32LE(NODE_CHECKSUM) === crc32cWithout(bytes, NODE_CHECKSUM);
    leaveWholeIf(!isRight, `the checksum of block ${block} of group ${group} is wrong`);
  }
  const header = isV5 ? 56 : 16;
  const count = bytes.readUInt16BE(6);
  const slots = Math.floor((blockSize - header) / (level === 0 ? 8 : 12));
  leaveWholeIf(count > slots, `block ${block} of group ${group} has too many records`);
  for (let index = 0; index < count; index += 1) {
    const at = header + index * 8;
    if (level === 0) yield { first: bytes.readUInt32BE(at), count: bytes.readUInt32BE(at + 4) };
    else yield* records(volume, group, bytes.readUInt32BE(header + slots * 8 + index * 4), level - 1, budget);
  }
}
