/** btrfs trees: maps logical addresses through the chunk tree, and iterates over a tree's items. */
import { type ByteSource, mappedSource, UnreadableError, u64le } from '../bytes.js';

const HEADER = 101;
const KEY = 17;
const ITEM = 25;
const POINTER = 33;
const CHUNK = 228;
const SYSTEM_CHUNKS = 811;
/** RAID0, RAID10, RAID5, RAID6: the data is striped over several devices. */
const STRIPED = 0x8n | 0x40n | 0x80n | 0x100n;
const MAX_CHUNKS = 200_000;
const MAX_LEVEL = 8;

export interface TreeRoot {
  readonly address: number;
  readonly level: number;
}
export interface TreeReader {
  readonly logical: ByteSource;
  readonly nodeSize: number;
}
export interface Item {
  readonly offset: number;
  readonly data: Buffer;
}

interface Chunk {
  readonly start: number;
  readonly length: number;
  /** Null: on another device, or striped. */
  readonly at: number | null;
}

export function treeReader(source: ByteSource, superblock: Buffer): TreeReader {
  const nodeSize = superblock.readUInt32LE(148);
  if (nodeSize < 4096 || nodeSize > 65_536) throw new UnreadableError(`btrfs superblock: node size ${nodeSize}`);
  const device = u64le(superblock, 201);
  const chunks: Chunk[] = [];
  const end = SYSTEM_CHUNKS + Math.min(2048, superblock.readUInt32LE(160));
  for (let at = SYSTEM_CHUNKS; at + KEY + 80 <= end; ) {
    const data = superblock.subarray(at + KEY);
    chunks.push(chunkOf(u64le(superblock, at + 9), data, device));
    at += KEY + 48 + data.readUInt16LE(44) * 32;
  }
  const logical = mappedSource(Number.MAX_SAFE_INTEGER, 'btrfs', (offset) => {
    const chunk = chunks.find(({ start, length }) => offset >= start && offset < start + length);
    if (chunk === undefined) throw new UnreadableError(`btrfs has no chunk for address ${offset}`);
    if (chunk.at === null) throw new UnreadableError('the btrfs data is on several devices');
    return { at: { source, offset: chunk.at + offset - chunk.start }, length: chunk.start + chunk.length - offset };
  });
  const reader = { logical, nodeSize };
  const chunkTree = { address: u64le(superblock, 88), level: superblock.readUInt8(199) };
  for (const item of leafItems(reader, chunkTree, { objectId: 256, type: CHUNK })) {
    chunks.push(chunkOf(item.offset, item.data, device));
    if (chunks.length > MAX_CHUNKS) throw new UnreadableError(`btrfs has more than ${MAX_CHUNKS} chunks`);
  }
  return reader;
}

function chunkOf(start: number, data: Buffer, device: number): Chunk {
  const striped = (data.readBigUInt64LE(24) & STRIPED) !== 0n;
  const stripes = data.readUInt16LE(44);
  let at: number | null = null;
  // All copies (DUP, RAID1) are equal: use the first one on this device.
  for (let index = 0; index < stripes && at === null && !striped; index += 1) {
    if (u64le(data, 48 + index * 32) === device) at = u64le(data, 56 + index * 32);
  }
  return { start, length: u64le(data, 0), at };
}

/** The items of one object and type, ordered by the offset of their key. */
export function* leafItems(
  reader: TreeReader,
  root: TreeRoot,
  key: { readonly objectId: number; readonly type: number },
): Generator<Item> {
  if (root.level > MAX_LEVEL) throw new UnreadableError(`a btrfs tree has more than ${MAX_LEVEL} levels`);
  const node = reader.logical.read(root.address, reader.nodeSize);
  const level = node.readUInt8(100);
  if (level !== root.level || u64le(node, 48) !== root.address)
    throw new UnreadableError('a btrfs node has another address in its header');
  const count = node.readUInt32LE(96);
  const entry = level === 0 ? ITEM : POINTER;
  if (HEADER + count * entry > node.length) throw new UnreadableError('a btrfs node has too many items');
  for (let index = 0; index < count; index += 1) {
    const at = HEADER + index * entry;
    if (level === 0) {
      const order = compare(node, at, key);
      if (order > 0) return;
      if (order < 0) continue;
      const start = HEADER + node.readUInt32LE(at + KEY);
      yield { offset: u64le(node, at + 9), data: node.subarray(start, start + node.readUInt32LE(at + KEY + 4)) };
      continue;
    }
    // A child has the keys from its own key up to the next child's.
    if (compare(node, at, key) > 0) return;
    if (index + 1 < count && compare(node, at + POINTER, key) < 0) continue;
    yield* leafItems(reader, { address: u64le(node, at + KEY), level: level - 1 }, key);
  }
}

function compare(node: Buffer, at: number, key: { readonly objectId: number; readonly type: number }): number {
  const objectId = node.readBigUInt64LE(at);
  const wanted = BigInt(key.objectId);
  if (objectId !== wanted) return objectId < wanted ? -1 : 1;
  return node.readUInt8(at + 8) - key.type;
}
