/** Reads the virtual disk in an image file, for the subset of RAW, VHD and QCOW2 that detection requires. */
import { constants, inflateRawSync } from 'node:zlib';
import type { ImageFile, ReadAt } from './image-file.js';

/** Null for unsupported images: VMDK, and QCOW2 with zstd compression or extended L2 entries. */
export async function openVirtualDisk(read: ReadAt, size: number, file: ImageFile): Promise<ReadAt | null> {
  if (file.format === 'RAW') return read;
  if (file.format === 'VHD') return openVhd(read, size);
  if (file.format === 'QCOW2') return openQcow2(read);
  return null;
}

async function openVhd(read: ReadAt, size: number): Promise<ReadAt> {
  const footer = await read(size - 512, 512);
  if (footer.readUInt32BE(60) === 2) return read;
  const header = await read(Number(footer.readBigUInt64BE(16)), 1024);
  const tableAt = Number(header.readBigUInt64BE(16));
  const blockSize = header.readUInt32BE(32);
  const bitmapBytes = Math.ceil(blockSize / 512 / 8 / 512) * 512;
  return byBlocks(blockSize, async (index) => {
    const entry = await read(tableAt + 4 * index, 4);
    const sector = entry.length < 4 ? UNUSED : entry.readUInt32BE(0);
    return sector === UNUSED ? null : (at, length) => read(sector * 512 + bitmapBytes + at, length);
  });
}

const UNUSED = 0xffffffff;
/** Incompatible QCOW2 features that change the layout: bit 3, compression type; bit 4, extended L2 entries. */
const OTHER_LAYOUT = 0b11000n;
const OFFSET = 0x00fffffffffffe00n;
const COMPRESSED = 1n << 62n;

async function openQcow2(read: ReadAt): Promise<ReadAt | null> {
  const header = await read(0, 104);
  const clusterBits = header.readUInt32BE(20);
  const level1At = Number(header.readBigUInt64BE(40));
  if (header.readUInt32BE(4) === 3 && (header.readBigUInt64BE(72) & OTHER_LAYOUT) !== 0n) return null;
  const clusterSize = 2 ** clusterBits;
  const entriesPerTable = clusterSize / 8;
  const entryAt = async (offset: number) => {
    const bytes = await read(offset, 8);
    return bytes.length < 8 ? 0n : bytes.readBigUInt64BE(0);
  };
  return byBlocks(clusterSize, async (index) => {
    const level2At = Number((await entryAt(level1At + 8 * Math.floor(index / entriesPerTable))) & OFFSET);
    if (level2At === 0) return null;
    const entry = await entryAt(level2At + 8 * (index % entriesPerTable));
    if ((entry & COMPRESSED) !== 0n) {
      const cluster = await inflate(read, entry, clusterBits);
      return async (at, length) => cluster.subarray(at, at + length);
    }
    const dataAt = Number(entry & OFFSET);
    // Bit 0: the cluster reads as zeros.
    return dataAt === 0 || (entry & 1n) !== 0n ? null : (at, length) => read(dataAt + at, length);
  });
}

/** The entry of a compressed cluster contains its offset and, in the higher bits, the number of additional sectors. */
async function inflate(read: ReadAt, entry: bigint, clusterBits: number): Promise<Buffer> {
  const sizeShift = BigInt(62 - (clusterBits - 8));
  const start = Number(entry & ((1n << sizeShift) - 1n));
  const sectors = Number((entry & (COMPRESSED - 1n)) >> sizeShift) + 1;
  const data = await read(start, sectors * 512 - (start % 512));
  return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** clusterBits });
}

/** `find` returns the reader of one block, or null if the block reads as zeros. */
function byBlocks(blockSize: number, find: (index: number) => Promise<ReadAt | null>): ReadAt {
  return async (offset, length) => {
    const pieces: Buffer[] = [];
    for (let at = offset; at < offset + length; ) {
      const inBlock = at % blockSize;
      const count = Math.min(blockSize - inBlock, offset + length - at);
      const block = await find(Math.floor(at / blockSize));
      pieces.push(block === null ? Buffer.alloc(count) : await block(inBlock, count));
      at += count;
    }
    return Buffer.concat(pieces);
  };
}
