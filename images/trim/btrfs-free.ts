/**
 * Free bytes of btrfs on one device: parts of chunks without an extent, and the device outside of all chunks. The extent
 * tree is used rather than a free space tree or cache, which are optional and may be outdated.
 */
import { type ByteSource, u64le } from '../bytes.js';
import { isBtrfsChecksumRight } from '../filesystems/btrfs.js';
import { treeReader } from '../filesystems/btrfs-tree.js';
import { LeftWhole, leaveWholeIf } from './left-whole.js';
import type { Range } from './ranges.js';

const SUPERBLOCK = 65_536;
const KIB = 1024;
/** The kernel allocates nothing in the first MiB, nor in the 64 KiB of each copy of the superblock. */
const KEPT: readonly Range[] = [
  { offset: 0, length: 1024 * KIB },
  { offset: 64 * KIB * KIB, length: 64 * KIB },
  { offset: 256 * KIB ** 3, length: 64 * KIB },
];
const DEVICE_ITEM = 201;
const TYPE = { extent: 168, metadata: 169, root: 132, chunk: 228 } as const;
const EXTENT_TREE = 2;
/** RAID0, RAID1, RAID10, RAID5, RAID6, RAID1C3, RAID1C4. */
const SEVERAL_DEVICES = 0x8n | 0x10n | 0x40n | 0x80n | 0x100n | 0x200n | 0x400n;
/** Up to and including metadata_uuid, and simple_quota. Zoned, extent tree v2 and stripe tree are different. */
const KNOWN_INCOMPATIBLE = 0x7ffn | 0x1_0000n;
/** Free space tree and whether it is valid, verity, block group tree. */
const KNOWN_READ_ONLY = 0xfn;
/** Written, and with back references. Others: errors, seed devices, and changes that did not finish. */
const KNOWN_FLAGS = 0x3n;
const HEADER = 101;
const ITEM = 25;
const POINTER = 33;
const MAX_LEVEL = 8;

interface Chunk {
  readonly start: number;
  readonly length: number;
  readonly places: readonly number[];
}

export function* btrfsFree(source: ByteSource): Generator<Range> {
  const superblock = source.read(SUPERBLOCK, 4096);
  checkSuperblock(superblock);
  const tree = treeWalker(source, superblock);
  const deviceSize = Math.min(source.size, u64le(superblock, DEVICE_ITEM + 8));
  const chunks: Chunk[] = [];
  for (const item of tree({ address: u64le(superblock, 88), level: superblock.readUInt8(199) })) {
    if (item.type === TYPE.chunk) chunks.push(chunkOf(item, u64le(superblock, DEVICE_ITEM)));
  }
  chunks.sort((left, right) => left.start - right.start);
  yield* withoutKept(unallocated(chunks, deviceSize));
  yield* withoutKept(freeInChunks(chunks, extents(tree, superblock)));
}

function checkSuperblock(superblock: Buffer): void {
  leaveWholeIf(!hasRightChecksum(superblock, superblock.readUInt16LE(196)), 'the checksum of its superblock is wrong');
  leaveWholeIf(u64le(superblock, 96) !== 0, 'its log tree is not empty');
  leaveWholeIf(u64le(superblock, 136) !== 1, 'it has several devices');
  const incompatible = superblock.readBigUInt64LE(188);
  const readOnly = superblock.readBigUInt64LE(180);
  const isKnown = (incompatible & ~KNOWN_INCOMPATIBLE) === 0n && (readOnly & ~KNOWN_READ_ONLY) === 0n;
  leaveWholeIf(
    !isKnown,
    `it uses features that are not supported (0x${incompatible.toString(16)}, 0x${readOnly.toString(16)})`,
  );
  const flags = superblock.readBigUInt64LE(56);
  leaveWholeIf(
    (flags & ~KNOWN_FLAGS) !== 0n,
    `it has errors, is a seed, or a change of it did not finish (0x${flags.toString(16)})`,
  );
}

/** CRC-32C and SHA-256. */
const TRUSTED_KINDS = [0, 2];

function hasRightChecksum(block: Buffer, kind: number): boolean {
  const isRight = TRUSTED_KINDS.includes(kind) ? isBtrfsChecksumRight(block, kind) : null;
  if (isRight === null) throw new LeftWhole(`its checksums are of kind ${kind}, which is not supported`);
  return isRight;
}

interface TreeItem {
  readonly objectId: number;
  readonly type: number;
  readonly offset: number;
  readonly data: Buffer;
}
type Walk = (root: { readonly address: number; readonly level: number }) => Generator<TreeItem>;

function treeWalker(source: ByteSource, superblock: Buffer): Walk {
  const { logical, nodeSize } = treeReader(source, superblock);
  const checksumKind = superblock.readUInt16LE(196);
  return function* walk({ address, level }): Generator<TreeItem> {
    const node = logical.read(address, nodeSize);
    leaveWholeIf(!hasRightChecksum(node, checksumKind), `the checksum of the node at ${address} is wrong`);
    const count = node.readUInt32LE(96);
    const entry = level === 0 ? ITEM : POINTER;
    const isNode = u64le(node, 48) === address && node.readUInt8(100) === level && level <= MAX_LEVEL;
    leaveWholeIf(!isNode || HEADER + count * entry > node.length, `the node at ${address} is inconsistent`);
    for (let index = 0; index < count; index += 1) {
      const at = HEADER + index * entry;
      if (level > 0) {
        yield* walk({ address: u64le(node, at + 17), level: level - 1 });
        continue;
      }
      const start = HEADER + node.readUInt32LE(at + 17);
      const data = node.subarray(start, start + node.readUInt32LE(at + 21));
      const type = node.readUInt8(at + 8);
      // The IDs of the kernel's own trees are negative, and so are fields of other kinds of items.
      const isOwn = node.readBigUInt64LE(at) > BigInt(Number.MAX_SAFE_INTEGER);
      if (isOwn || !Object.values<number>(TYPE).includes(type)) continue;
      yield { objectId: u64le(node, at), type, offset: u64le(node, at + 9), data };
    }
  };
}

function chunkOf({ offset, data }: TreeItem, device: number): Chunk {
  leaveWholeIf((data.readBigUInt64LE(24) & SEVERAL_DEVICES) !== 0n, 'it is made for several devices');
  const stripes = Array.from({ length: data.readUInt16LE(44) }, (_, index) => 48 + index * 32);
  leaveWholeIf(
    stripes.some((at) => u64le(data, at) !== device),
    'a part of it is on another device',
  );
  return { start: offset, length: u64le(data, 0), places: stripes.map((at) => u64le(data, at + 8)) };
}

function* unallocated(chunks: readonly Chunk[], deviceSize: number): Generator<Range> {
  const used = chunks
    .flatMap(({ length, places }) => places.map((offset) => ({ offset, length })))
    .sort((left, right) => left.offset - right.offset);
  yield* gaps(0, deviceSize, used);
}

function* gaps(start: number, end: number, used: Iterable<Range>): Generator<Range> {
  let from = start;
  for (const { offset, length } of used) {
    leaveWholeIf(offset < from || offset + length > end, 'its chunks or extents overlap or end after their place');
    if (offset > from) yield { offset: from, length: offset - from };
    from = offset + length;
  }
  if (end > from) yield { offset: from, length: end - from };
}

/** Extents in the order of their logical addresses. */
function* extents(tree: Walk, superblock: Buffer): Generator<Range> {
  const nodeSize = superblock.readUInt32LE(148);
  let root: { readonly address: number; readonly level: number } | null = null;
  for (const { objectId, type, data } of tree({ address: u64le(superblock, 80), level: superblock.readUInt8(198) })) {
    if (objectId === EXTENT_TREE && type === TYPE.root)
      root = { address: u64le(data, 176), level: data.readUInt8(238) };
  }
  if (root === null) throw new LeftWhole('it has no extent tree');
  for (const { objectId, type, offset } of tree(root)) {
    if (type === TYPE.extent) yield { offset: objectId, length: offset };
    if (type === TYPE.metadata) yield { offset: objectId, length: nodeSize };
  }
}

function* freeInChunks(chunks: readonly Chunk[], used: Generator<Range>): Generator<Range> {
  let next = used.next();
  for (const { start, length, places } of chunks) {
    const end = start + length;
    const inside: Iterable<Range> = {
      *[Symbol.iterator]() {
        for (; !next.done && next.value.offset < end; next = used.next()) yield next.value;
      },
    };
    for (const gap of gaps(start, end, inside)) {
      for (const place of places) yield { offset: place + gap.offset - start, length: gap.length };
    }
  }
  leaveWholeIf(next.done !== true, 'an extent is outside of all chunks');
}

function* withoutKept(ranges: Iterable<Range>): Generator<Range> {
  for (const { offset, length } of ranges) {
    let from = offset;
    const end = offset + length;
    for (const kept of KEPT) {
      if (kept.offset >= end || kept.offset + kept.length <= from) continue;
      if (kept.offset > from) yield { offset: from, length: kept.offset - from };
      from = Math.min(end, kept.offset + kept.length);
    }
    if (end > from) yield { offset: from, length: end - from };
  }
}
