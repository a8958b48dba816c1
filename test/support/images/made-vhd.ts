/** VHDs as their creators write them: sizes, geometries, creators and stored blocks of choice. */
import { crc32 } from 'node:zlib';
import type { FileSource } from '../../../images/bytes.js';
import { MIB } from './made-images.js';

const SECTOR = 512;
const BLOCK = 2 * MIB;

export type Geometry = readonly [cylinders: number, heads: number, sectors: number];

export interface VhdParts {
  readonly type?: number;
  readonly size?: number;
  readonly entries?: number;
  readonly creator?: string;
  readonly geometry?: Geometry;
}

export function vhdFooter({
  type = 3,
  size = 4 * MIB,
  creator = 'win ',
  geometry: [cylinders, heads, sectors] = [0, 0, 0],
}: VhdParts = {}): Buffer {
  const footer = Buffer.alloc(512);
  footer.write('conectix', 0);
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x10000, 12);
  footer.writeBigUInt64BE(type === 2 ? 0xffff_ffff_ffff_ffffn : 512n, 16);
  footer.write(creator, 28, 'latin1');
  footer.writeBigUInt64BE(BigInt(size), 40);
  footer.writeBigUInt64BE(BigInt(size), 48);
  footer.writeUInt16BE(cylinders, 56);
  footer.writeUInt8(heads, 58);
  footer.writeUInt8(sectors, 59);
  footer.writeUInt32BE(type, 60);
  return withChecksum(footer, 64);
}

function withChecksum(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt32BE(0, at);
  bytes.writeUInt32BE(~bytes.reduce((sum, byte) => sum + byte, 0) >>> 0, at);
  return bytes;
}

/** A dynamic VHD with these blocks of 2 MiB. `copy`: the footer at byte 0, where it differs from the one at the end. */
export function dynamicVhd(
  parts: VhdParts & { readonly blocks?: ReadonlyMap<number, Buffer>; readonly copy?: VhdParts } = {},
): Buffer {
  const footer = vhdFooter(parts);
  const blocks = [...(parts.blocks ?? new Map<number, Buffer>())];
  const entries = parts.entries ?? (parts.size === undefined ? 2 : Math.ceil(parts.size / BLOCK));
  const header = Buffer.alloc(1024);
  header.write('cxsparse', 0);
  header.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  header.writeBigUInt64BE(1536n, 16);
  header.writeUInt32BE(0x10000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(BLOCK, 32);
  withChecksum(header, 36);
  const table = Buffer.alloc(Math.ceil((entries * 4) / SECTOR) * SECTOR, 0xff);
  const firstBlock = 1536 + table.length;
  for (const [order, [index]] of blocks.entries()) {
    table.writeUInt32BE((firstBlock + order * (SECTOR + BLOCK)) / SECTOR, index * 4);
  }
  const stored = blocks.flatMap(([, data]) => [Buffer.alloc(SECTOR, 0xff), data, Buffer.alloc(BLOCK - data.length)]);
  const copy = parts.copy === undefined ? footer : vhdFooter({ ...parts, ...parts.copy });
  return Buffer.concat([copy, header, table, ...stored, footer]);
}

/** A fixed VHD whose data are `start`, then zeros. Not held in memory: `dataSize` may be many GiB. */
export function fixedVhd(start: Buffer, dataSize: number, parts: VhdParts): FileSource {
  const footer = vhdFooter({ ...parts, type: 2 });
  return {
    size: dataSize + SECTOR,
    allocatedSize: start.length + SECTOR,
    close: () => undefined,
    read(offset, length) {
      const bytes = Buffer.alloc(length);
      if (offset < start.length) start.copy(bytes, 0, offset);
      if (offset + length > dataSize)
        footer.copy(bytes, Math.max(0, dataSize - offset), Math.max(0, offset - dataSize));
      return bytes;
    },
  };
}

/** The first 17 KiB of a GPT disk of `size` bytes whose one partition ends at the last usable byte. */
export function gptStart(size: number): Buffer {
  const disk = Buffer.alloc(34 * SECTOR);
  const sectors = size / SECTOR;
  const lastUsable = BigInt(sectors - 34);
  disk.writeUInt8(0xee, 450);
  disk.writeUInt32LE(1, 454);
  disk.writeUInt32LE(Math.min(sectors - 1, 0xffff_ffff), 458);
  disk.writeUInt16LE(0xaa55, 510);
  const entries = disk.subarray(2 * SECTOR);
  Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(entries, 0);
  entries.fill(1, 16, 32);
  entries.writeBigUInt64LE(2048n, 32);
  entries.writeBigUInt64LE(lastUsable, 40);
  const header = disk.subarray(SECTOR, SECTOR + 92);
  header.write('EFI PART', 0);
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(sectors - 1), 32);
  header.writeBigUInt64LE(34n, 40);
  header.writeBigUInt64LE(lastUsable, 48);
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header), 16);
  return disk;
}
