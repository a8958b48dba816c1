/** Reads btrfs on one device (on-disk format: btrfs.readthedocs.io): subvolumes, zlib and zstd compression. */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { type ByteSource, text, UnreadableError, u64le } from '../bytes.js';
import { lzo1x } from '../compression/lzo.js';
import { zstdFrames } from '../compression/zstd.js';
import { blake2b } from './blake2.js';
import { leafItems, type TreeRoot, treeReader } from './btrfs-tree.js';
import { ALL_BITS, crc32c } from './checksums.js';
import {
  type Entry,
  type FileSystem,
  type IdentifyFileSystem,
  kindOf,
  MAX_ENTRIES,
  type OpenFileSystem,
  uuidOrNull,
} from './filesystem.js';
import { xxhash64 } from './xxhash.js';

const SUPERBLOCK = 65_536;
const ROOT_TREE_DIRECTORY = 6;
const TOP_LEVEL = 5;
const FIRST_INODE = 256;
const ITEM = { inode: 1, dirItem: 84, dirIndex: 96, extent: 108, root: 132, rootRef: 156 } as const;
const CHECKSUM_BYTES = 32;
const MAX_SUBVOLUMES = 500;
const MAX_COMPRESSED = 128 * 1024;

interface Node {
  readonly subvolume: number;
  readonly inode: number;
}

export const identifyBtrfs: IdentifyFileSystem = (source) => {
  const superblock = source.read(SUPERBLOCK, 4096);
  return superblock.toString('latin1', 64, 72) === '_BHRfS_M' ? identityOf(superblock) : null;
};

function identityOf(superblock: Buffer) {
  return { kind: 'btrfs', uuid: uuidOrNull(superblock, 32), label: text(superblock.subarray(299, 555)) } as const;
}

export const openBtrfs: OpenFileSystem = (source) => {
  if (source.size < SUPERBLOCK + 4096 || identifyBtrfs(source) === null) return null;
  const superblock = source.read(SUPERBLOCK, 4096);
  checkSum(superblock);
  const trees = treeReader(source, superblock);
  const sectorSize = superblock.readUInt32LE(144);
  const rootTree: TreeRoot = { address: u64le(superblock, 80), level: superblock.readUInt8(198) };
  const subvolumes = new Map<number, TreeRoot>();
  const subvolume = (id: number): TreeRoot => {
    const known = subvolumes.get(id);
    if (known !== undefined) return known;
    for (const item of leafItems(trees, rootTree, { objectId: id, type: ITEM.root })) {
      const found = { address: u64le(item.data, 176), level: item.data.readUInt8(238) };
      subvolumes.set(id, found);
      return found;
    }
    throw new UnreadableError(`btrfs subvolume ${id} does not exist`);
  };

  // Inode numbers repeat in every subvolume, so nodes are numbered in the order in which they are read.
  const nodes: Node[] = [];
  const numbers = new Map<string, number>();
  const number = (node: Node): number => {
    const key = `${node.subvolume}/${node.inode}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    nodes.push(node);
    numbers.set(key, nodes.length - 1);
    return nodes.length - 1;
  };
  const at = (index: number): Node => {
    const node = nodes[index];
    if (node === undefined) throw new UnreadableError(`btrfs node ${index} does not exist`);
    return node;
  };
  const inode = ({ subvolume: id, inode: objectId }: Node): { size: number; mode: number } => {
    for (const { data } of leafItems(trees, subvolume(id), { objectId, type: ITEM.inode })) {
      return { size: u64le(data, 16), mode: data.readUInt32LE(52) };
    }
    throw new UnreadableError(`btrfs inode ${objectId} does not exist`);
  };
  const content = (node: Node, length: number): Buffer => {
    const buffer = Buffer.alloc(Math.min(inode(node).size, length));
    for (const item of leafItems(trees, subvolume(node.subvolume), { objectId: node.inode, type: ITEM.extent })) {
      if (item.offset >= buffer.length) break;
      extentBytes(trees.logical, item.data, buffer.length - item.offset, sectorSize)?.copy(buffer, item.offset);
    }
    return buffer;
  };
  const children = (node: Node): { readonly name: string; readonly node: Node }[] => {
    const found: { name: string; node: Node }[] = [];
    const key = { objectId: node.inode, type: ITEM.dirIndex };
    for (const { data } of leafItems(trees, subvolume(node.subvolume), key)) {
      const target = u64le(data, 0);
      const isSubvolume = data.readUInt8(8) === ITEM.root;
      const child = isSubvolume
        ? { subvolume: target, inode: FIRST_INODE }
        : { subvolume: node.subvolume, inode: target };
      found.push({ name: data.toString('utf8', 30, 30 + data.readUInt16LE(27)), node: child });
      if (found.length > MAX_ENTRIES) throw new UnreadableError(`a directory has more than ${MAX_ENTRIES} entries`);
    }
    return found;
  };
  const defaultSubvolume = (): number => {
    for (const { data } of leafItems(trees, rootTree, { objectId: ROOT_TREE_DIRECTORY, type: ITEM.dirItem })) {
      if (data.toString('utf8', 30, 30 + data.readUInt16LE(27)) === 'default') return u64le(data, 0);
    }
    return TOP_LEVEL;
  };
  const named = (): { name: string; root: number }[] => {
    const found: { name: string; root: number }[] = [];
    for (const { data, offset } of leafItems(trees, rootTree, { objectId: TOP_LEVEL, type: ITEM.rootRef })) {
      const name = data.toString('utf8', 18, 18 + data.readUInt16LE(16));
      found.push({ name, root: number({ subvolume: offset, inode: FIRST_INODE }) });
      if (found.length >= MAX_SUBVOLUMES) break;
    }
    return found;
  };
  const totalBytes = u64le(superblock, 112);
  return {
    ...identityOf(superblock),
    totalBytes,
    freeBytes: Math.max(0, totalBytes - u64le(superblock, 120)),
    stale: u64le(superblock, 96) === 0 ? null : 'its log tree was not replayed',
    isOlder: u64le(superblock, 96) !== 0,
    ignoresCase: false,
    root: number({ subvolume: defaultSubvolume(), inode: FIRST_INODE }),
    subvolumes: named(),
    subvolumeAt(path) {
      let node: Node | null = { subvolume: TOP_LEVEL, inode: FIRST_INODE };
      for (const name of path) {
        if (node === null) return null;
        node = children(node).find((child) => child.name === name)?.node ?? null;
      }
      return node === null ? null : number(node);
    },
    info(index) {
      const { size, mode } = inode(at(index));
      return { kind: kindOf(mode), size, mode: mode & 0o7777 };
    },
    entries: (index) => children(at(index)).map(({ name, node }): Entry => ({ name, node: number(node) })),
    content: (index, length) => content(at(index), length),
    link: (index) => content(at(index), 4096).toString('utf8'),
  } satisfies FileSystem;
};

/** Whether the checksum at the start of a block is that of its rest; null: of an unknown type. */
export function isBtrfsChecksumRight(block: Buffer, type: number): boolean | null {
  return CHECKSUMS[type]?.(block, block.subarray(CHECKSUM_BYTES)) ?? null;
}

/** The kernel does not mount a file system with another checksum. */
function checkSum(superblock: Buffer): void {
  if (isBtrfsChecksumRight(superblock, superblock.readUInt16LE(196)) === false)
    throw new UnreadableError('the checksum of its superblock is wrong');
}

/** By the number of the type. */
const CHECKSUMS: Readonly<Record<number, (stored: Buffer, content: Buffer) => boolean>> = {
  0: (stored, content) => ~crc32c(ALL_BITS.crc32c, content) >>> 0 === stored.readUInt32LE(0),
  1: (stored, content) => xxhash64(content) === stored.readBigUInt64LE(0),
  2: (stored, content) => createHash('sha256').update(content).digest().equals(stored.subarray(0, CHECKSUM_BYTES)),
  3: (stored, content) => blake2b(content, CHECKSUM_BYTES).equals(stored.subarray(0, CHECKSUM_BYTES)),
};

/** Null: a hole or a preallocated extent. */
function extentBytes(logical: ByteSource, item: Buffer, wanted: number, sectorSize: number): Buffer | null {
  const decompressedSize = u64le(item, 8);
  const compression = item.readUInt8(16);
  const type = item.readUInt8(20);
  if (item.readUInt8(17) !== 0) throw new UnreadableError('a btrfs extent is encrypted');
  if (type === 0)
    return decompressExtent(item.subarray(21), compression, decompressedSize, sectorSize).subarray(0, wanted);
  const address = u64le(item, 21);
  if (type !== 1 || address === 0) return null;
  const compressedSize = u64le(item, 29);
  const offset = u64le(item, 37);
  const length = Math.min(u64le(item, 45), wanted);
  if (compression === 0) return logical.read(address + offset, length);
  if (compressedSize > MAX_COMPRESSED)
    throw new UnreadableError(`a compressed btrfs extent has ${compressedSize} bytes`);
  return decompressExtent(logical.read(address, compressedSize), compression, decompressedSize, sectorSize).subarray(
    offset,
    offset + length,
  );
}

/** The content of an extent: `size` bytes, of which the compressed data may have fewer. */
export function decompressExtent(bytes: Buffer, compression: number, size: number, sectorSize: number): Buffer {
  if (compression === 0) return bytes.subarray(0, size);
  if (size > MAX_COMPRESSED) throw new UnreadableError(`a compressed btrfs extent decompresses to ${size} bytes`);
  if (compression === 3) return padded(zstdContent(bytes, size), size);
  if (compression === 2) return padded(lzoContent(bytes, size, sectorSize), size);
  if (compression !== 1) throw new UnreadableError(`a btrfs extent is compressed with method ${compression}`);
  try {
    return padded(inflateSync(bytes, { maxOutputLength: size }), size);
  } catch (error) {
    throw new UnreadableError(
      `a btrfs extent cannot be decompressed: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function zstdContent(bytes: Buffer, size: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  for (const piece of zstdFrames(bytes, MAX_COMPRESSED)) {
    pieces.push(piece);
    length += piece.length;
    if (length >= size) break;
  }
  if (length === 0) throw new UnreadableError('a btrfs extent cannot be decompressed: it has no zstd frame');
  return Buffer.concat(pieces).subarray(0, size);
}

/** The length of all, then a segment for each sector of content, with its length, which never spans two sectors. */
function lzoContent(bytes: Buffer, size: number, sectorSize: number): Buffer {
  if (sectorSize < 512 || sectorSize > 65_536) throw new UnreadableError(`a btrfs has sectors of ${sectorSize} bytes`);
  const end = Math.min(bytes.length < 4 ? 0 : bytes.readUInt32LE(0), bytes.length);
  const pieces: Buffer[] = [];
  let length = 0;
  for (let at = 4; at + 4 <= end && length < size; ) {
    const left = sectorSize - (at % sectorSize);
    if (left < 4) at += left;
    if (at + 4 > end) break;
    const segment = bytes.readUInt32LE(at);
    if (at + 4 + segment > end) throw new UnreadableError('a btrfs extent with LZO data ends too early');
    const piece = lzo1x(bytes.subarray(at + 4, at + 4 + segment), sectorSize);
    pieces.push(piece);
    length += piece.length;
    at += 4 + segment;
  }
  return Buffer.concat(pieces).subarray(0, size);
}

/** Linux 6.18 and later compress only the part of the last extent that the file has; the rest reads as zeros. */
function padded(bytes: Buffer, size: number): Buffer {
  return bytes.length >= size ? bytes : Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}
