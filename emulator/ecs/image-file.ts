/** Detects format, virtual size and defects of an uploaded image from its header and footer. */

export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

export interface ImageFile {
  readonly format: 'RAW' | 'VHD' | 'QCOW2' | 'VMDK';
  readonly virtualSize: number;
}

export type ImageProblem =
  | { readonly problem: 'format'; readonly detail: string }
  | { readonly problem: 'vhd-size' }
  | { readonly problem: 'block-size'; readonly detail: string };

/** `size` is the size of the object. */
export async function readImageFile(read: ReadAt, size: number): Promise<ImageFile | ImageProblem> {
  const head = await read(0, 1024);
  const foreign = foreignFormats.find(({ magic, at }) => head.subarray(at, at + magic.length).equals(magic));
  if (foreign !== undefined) return malformed(`The image is in the format ${foreign.name}, which is not supported.`);
  if (startsWith(head, QCOW_MAGIC)) return readQcow2(head, size);
  if (startsWith(head, Buffer.from('KDMV'))) return readVmdk(head);
  if (startsWith(head, Buffer.from('# Disk DescriptorFile'))) {
    return malformed('The VMDK is only a descriptor; the extent that holds the data is missing.');
  }
  const footer = size >= 512 ? await read(size - 512, 512) : Buffer.alloc(0);
  if (startsWith(footer, VHD_COOKIE)) return readVhd(read, footer, size);
  if (startsWith(head, VHD_COOKIE)) return malformed('The footer of the VHD is missing: the file is truncated.');
  if (size % 512 !== 0) return malformed(`A RAW image is made of 512-byte sectors; the object has ${size} bytes.`);
  return { format: 'RAW', virtualSize: size };
}

const QCOW_MAGIC = Buffer.from('QFI\xfb', 'latin1');
const VHD_COOKIE = Buffer.from('conectix');
const VHD_HEADER_COOKIE = Buffer.from('cxsparse');

const foreignFormats: readonly { readonly name: string; readonly magic: Buffer; readonly at: number }[] = [
  { name: 'VHDX', magic: Buffer.from('vhdxfile'), at: 0 },
  { name: 'VDI', magic: Buffer.from([0x7f, 0x10, 0xda, 0xbe]), at: 64 },
  { name: 'VMDK of ESX (COWD)', magic: Buffer.from('COWD'), at: 0 },
  { name: 'QED', magic: Buffer.from('QED\0'), at: 0 },
  { name: 'Parallels', magic: Buffer.from('WithoutFreeSpace'), at: 0 },
  { name: 'gzip', magic: Buffer.from([0x1f, 0x8b]), at: 0 },
  { name: 'xz', magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), at: 0 },
  { name: 'zstd', magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), at: 0 },
  { name: 'bzip2', magic: Buffer.from('BZh'), at: 0 },
  { name: 'zip', magic: Buffer.from([0x50, 0x4b, 0x03, 0x04]), at: 0 },
  { name: '7z', magic: Buffer.from([0x37, 0x7a, 0xbc, 0xaf]), at: 0 },
  { name: 'tar (OVA)', magic: Buffer.from('ustar'), at: 257 },
];

function readQcow2(head: Buffer, size: number): ImageFile | ImageProblem {
  if (head.length < 72 || size < 72) return malformed('The QCOW2 header is truncated.');
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) return malformed(`The QCOW version ${version} is not supported.`);
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) return malformed(`The QCOW2 cluster size 2^${clusterBits} is not valid.`);
  if (head.readBigUInt64BE(8) !== 0n) return malformed('The QCOW2 needs a backing file.');
  if (head.readUInt32BE(32) !== 0) return malformed('The QCOW2 is encrypted.');
  const virtualSize = Number(head.readBigUInt64BE(24));
  const tableEnd = Number(head.readBigUInt64BE(40)) + head.readUInt32BE(36) * 8;
  if (virtualSize === 0 || tableEnd > size) return malformed('The QCOW2 is truncated.');
  // Incompatible features of the QCOW2 specification. Bit 1: corrupt; bit 2: external data file.
  const features = version === 3 && head.length >= 80 ? head.readBigUInt64BE(72) : 0n;
  if ((features & 2n) !== 0n) return malformed('The QCOW2 is marked as corrupt.');
  if ((features & 4n) !== 0n) return malformed('The QCOW2 needs an external data file.');
  return { format: 'QCOW2', virtualSize };
}

function readVmdk(head: Buffer): ImageFile | ImageProblem {
  return { format: 'VMDK', virtualSize: Number(head.readBigUInt64LE(12)) * 512 };
}

async function readVhd(read: ReadAt, footer: Buffer, size: number): Promise<ImageFile | ImageProblem> {
  if (!isChecksumValid(footer, 64)) return malformed("The VHD footer's checksum is wrong.");
  const virtualSize = Number(footer.readBigUInt64BE(48));
  const type = footer.readUInt32BE(60);
  if (type === 4) return malformed('The VHD is a differencing disk and needs its parent.');
  if (type === 2) {
    if (virtualSize + 512 !== size) return malformed('The size of the fixed VHD does not match its footer.');
    return { format: 'VHD', virtualSize };
  }
  if (type !== 3) return malformed(`The VHD disk type ${type} is not supported.`);
  const header = await read(Number(footer.readBigUInt64BE(16)), 1024);
  if (header.length < 1024 || !startsWith(header, VHD_HEADER_COOKIE) || !isChecksumValid(header, 36)) {
    return malformed('The dynamic disk header of the VHD is not valid.');
  }
  const entries = header.readUInt32BE(28);
  const blockSize = header.readUInt32BE(32);
  if (blockSize !== 2 * 1024 * 1024) {
    const detail = `The block size ${blockSize} of the VHD image is not supported, only 2097152 is.`;
    return { problem: 'block-size', detail };
  }
  if (entries * blockSize < virtualSize) return { problem: 'vhd-size' };
  return { format: 'VHD', virtualSize };
}

/** The VHD checksum: the one's complement of the sum of all bytes except the four bytes of the checksum. */
function isChecksumValid(block: Buffer, at: number): boolean {
  let sum = 0;
  for (const [index, byte] of block.entries()) if (index < at || index >= at + 4) sum += byte;
  return ~sum >>> 0 === block.readUInt32BE(at);
}

function startsWith(data: Buffer, magic: Buffer): boolean {
  return data.subarray(0, magic.length).equals(magic);
}

function malformed(detail: string): ImageProblem {
  return { problem: 'format', detail };
}
