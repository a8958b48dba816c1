/** Generates small valid and invalid disk images of every format in memory. */

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

/** An MBR with boot code and one partition, which a BIOS can boot. */
export function bootSector(partitionType = 0x83): Buffer {
  const sector = Buffer.alloc(512);
  sector.fill(0x90, 0, 16);
  sector[446 + 4] = partitionType;
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Boot code of a BIOS that writes a login prompt to the first serial port and halts: a guest that boots within a second. */
export function promptingBootSector(): Buffer {
  const sector = bootSector();
  const prompt = '\r\nmade login: \0';
  const code = Buffer.from([
    ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax, ax; mov ds, ax
    ...[0xbe, 0x40, 0x7c], // mov si, 0x7c40
    ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8
    ...[0xac, 0x84, 0xc0, 0x74, 0x03], // next: lodsb; test al, al; jz halt
    ...[0xee, 0xeb, 0xf8], // out dx, al; jmp next
    ...[0xf4, 0xeb, 0xfd], // halt: hlt; jmp halt
  ]);
  code.copy(sector);
  sector.write(prompt, 0x40, 'latin1');
  return sector;
}

export function raw(size = MIB, first: Buffer = bootSector()): Buffer {
  return Buffer.concat([first], size);
}

export function fixedVhd(size = MIB): Buffer {
  return Buffer.concat([raw(size), vhdFooter(2, BigInt(size), 0xffffffffffffffffn)]);
}

/** `tableEntries` and `blockSize` are the values in the dynamic disk header; `first` is the content of the first block. */
export function dynamicVhd(
  options: {
    readonly virtualSize?: number;
    readonly blockSize?: number;
    readonly tableEntries?: number;
    readonly first?: Buffer;
  } = {},
): Buffer {
  const { virtualSize = 4 * MIB, blockSize = 2 * MIB, first = bootSector() } = options;
  const tableEntries = options.tableEntries ?? Math.ceil(virtualSize / blockSize);
  const footer = vhdFooter(3, BigInt(virtualSize), 512n);
  const header = Buffer.alloc(1024);
  header.write('cxsparse', 0);
  header.writeBigUInt64BE(0xffffffffffffffffn, 8);
  header.writeBigUInt64BE(1536n, 16);
  header.writeUInt32BE(0x00010000, 24);
  header.writeUInt32BE(tableEntries, 28);
  header.writeUInt32BE(blockSize, 32);
  header.writeUInt32BE(checksum(header), 36);
  const table = Buffer.alloc(Math.ceil((tableEntries * 4) / 512) * 512, 0xff);
  const blockAt = 1536 + table.length;
  table.writeUInt32BE(blockAt / 512, 0);
  const bitmap = Buffer.alloc(512, 0xff);
  const block = Buffer.concat([first], Math.min(blockSize, 2 * MIB));
  return Buffer.concat([footer, header, table, bitmap, block, footer]);
}

function vhdFooter(type: number, virtualSize: bigint, dataOffset: bigint): Buffer {
  const footer = Buffer.alloc(512);
  footer.write('conectix', 0);
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x00010000, 12);
  footer.writeBigUInt64BE(dataOffset, 16);
  footer.writeBigUInt64BE(virtualSize, 40);
  footer.writeBigUInt64BE(virtualSize, 48);
  footer.writeUInt32BE(type, 60);
  footer.writeUInt32BE(checksum(footer), 64);
  return footer;
}

function checksum(block: Buffer): number {
  return ~block.reduce((sum, byte) => sum + byte, 0) >>> 0;
}

/** A QCOW2 with one data cluster, at the start of the disk. */
export function qcow2(
  options: { readonly virtualSize?: number; readonly version?: number; readonly first?: Buffer } = {},
): Buffer {
  const { virtualSize = 4 * MIB, version = 3, first = bootSector() } = options;
  const cluster = 65_536;
  const header = Buffer.alloc(cluster);
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(version, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(BigInt(virtualSize), 24);
  header.writeUInt32BE(Math.max(1, Math.ceil(virtualSize / (cluster * 8192))), 36);
  header.writeBigUInt64BE(BigInt(cluster), 40);
  if (version === 3) header.writeUInt32BE(104, 100);
  const level1 = Buffer.alloc(cluster);
  level1.writeBigUInt64BE((1n << 63n) | BigInt(2 * cluster), 0);
  const level2 = Buffer.alloc(cluster);
  level2.writeBigUInt64BE((1n << 63n) | BigInt(3 * cluster), 0);
  return Buffer.concat([header, level1, level2, Buffer.concat([first], cluster)]);
}

export function vmdk(virtualSize = 4 * MIB): Buffer {
  const header = Buffer.alloc(65_536);
  header.write('KDMV', 0);
  header.writeUInt32LE(1, 4);
  header.writeBigUInt64LE(BigInt(virtualSize / 512), 12);
  return header;
}
