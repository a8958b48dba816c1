/** VHD (Virtual Hard Disk Image Format Specification 1.0): fixed and dynamic, with the checks that ImportImage makes. */
import { type ByteSource, mappedSource, printable, slice, UnreadableError, u64be } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { CONVERT_TO_QCOW2, COPY_AGAIN, type OpenContainer } from './container.js';

const SECTOR = 512;
const TYPES: Readonly<Record<number, string>> = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' };
/** Creators that use the footer's current size as the disk's size; others use the geometry (QEMU, block/vpc.c). */
const CURRENT_SIZE_CREATORS = ['win ', 'qem2', 'd2v ', 'CTXS', 'tap\0', 'wa\0\0', 'vs  '];
const MAX_GEOMETRY_SECTORS = 65_535 * 16 * 255;
const MAX_TABLE_ENTRIES = 2 * 1024 * 1024;

interface Footer {
  readonly type: number;
  readonly dataOffset: bigint;
  readonly currentSize: number;
  readonly geometrySize: number;
  readonly creator: string;
  readonly checksumValid: boolean;
}

export const openVhd: OpenContainer = (file, findings) => {
  if (file.size < SECTOR) return null;
  const atEnd = footerAt(file, file.size - SECTOR);
  const atStart = footerAt(file, 0);
  const footer = atEnd ?? atStart;
  if (footer === null) return null;
  const subformat = TYPES[footer.type] ?? `type ${footer.type}`;
  if (!footer.checksumValid) {
    findings.add('blocking', 'ECSIMPORT.Damaged', 'The VHD footer’s checksum is wrong', 'footer: checksum', COPY_AGAIN);
  }
  if (atEnd === null) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      'The VHD has no footer at its end: it is truncated or incomplete',
      `no "conectix" at byte ${file.size - SECTOR}; the copy at byte 0 exists`,
      COPY_AGAIN,
    );
  }
  const virtualSize = sizeOf(footer, findings);
  const disk = unlessUnreadable(
    () =>
      footer.type === 2 ? fixedDisk(file, virtualSize, findings) : sparseDisk(file, footer, virtualSize, findings),
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Damaged', 'The VHD’s header or block table is damaged', reason, COPY_AGAIN);
      return null;
    },
  );
  return { format: 'VHD', subformat, virtualSize, disk };
};

function footerAt(file: ByteSource, offset: number): Footer | null {
  const bytes = file.read(offset, SECTOR);
  if (bytes.toString('latin1', 0, 8) !== 'conectix') return null;
  return unlessUnreadable<Footer | null>(
    () => ({
      type: bytes.readUInt32BE(60),
      dataOffset: bytes.readBigUInt64BE(16),
      currentSize: u64be(bytes, 48),
      geometrySize: bytes.readUInt16BE(56) * bytes.readUInt8(58) * bytes.readUInt8(59) * SECTOR,
      creator: bytes.toString('latin1', 28, 32),
      checksumValid: checksum(bytes, 64) === bytes.readUInt32BE(64),
    }),
    () => null,
  );
}

/** One's complement of the sum of all bytes except the checksum. */
function checksum(bytes: Buffer, at: number): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    if (index < at || index >= at + 4) sum += bytes[index] ?? 0;
  }
  return ~sum >>> 0;
}

function sizeOf(footer: Footer, findings: FindingList): number {
  const usesCurrentSize =
    CURRENT_SIZE_CREATORS.includes(footer.creator) || footer.geometrySize === MAX_GEOMETRY_SECTORS * SECTOR;
  const size = usesCurrentSize || footer.geometrySize === 0 ? footer.currentSize : footer.geometrySize;
  if (!usesCurrentSize && footer.geometrySize > footer.currentSize) {
    findings.add(
      'warning',
      'ECSIMPORT.VhdGeometry',
      'The VHD footer’s geometry is larger than its current size: programs interpret the disk’s size differently',
      `footer: current size ${footer.currentSize}, geometry ${footer.geometrySize}, creator "${printable(footer.creator)}"`,
      'Convert the image: qemu-img convert -f vpc -O vpc -o subformat=dynamic,force_size=on SOURCE TARGET.vhd',
    );
  }
  if (footer.currentSize % SECTOR !== 0) {
    const evidence = `footer: current size ${footer.currentSize}`;
    findings.add(
      'blocking',
      'ECSIMPORT.Damaged',
      'The VHD’s size is not a multiple of 512 bytes',
      evidence,
      COPY_AGAIN,
    );
  }
  return size;
}

function fixedDisk(file: ByteSource, virtualSize: number, findings: FindingList): ByteSource {
  const dataSize = file.size - SECTOR;
  if (dataSize < virtualSize) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      'The file is truncated: it is smaller than the disk',
      `footer: a disk of ${virtualSize} bytes; the file has ${dataSize} bytes of data`,
      COPY_AGAIN,
    );
  }
  return slice(file, 0, Math.min(dataSize, virtualSize), 'the disk');
}

function sparseDisk(file: ByteSource, footer: Footer, virtualSize: number, findings: FindingList): ByteSource | null {
  if (footer.type !== 3 && footer.type !== 4) throw new UnreadableError(`footer: disk type ${footer.type}`);
  const header = file.read(Number(footer.dataOffset & 0xffff_ffff_ffffn), 1024);
  if (header.toString('latin1', 0, 8) !== 'cxsparse')
    throw new UnreadableError('no "cxsparse" where the footer points');
  if (checksum(header, 36) !== header.readUInt32BE(36)) {
    findings.add(
      'blocking',
      'ECSIMPORT.Damaged',
      'The checksum of the VHD’s dynamic header is wrong',
      'header: checksum',
      COPY_AGAIN,
    );
  }
  const entries = header.readUInt32BE(28);
  const blockSize = header.readUInt32BE(32);
  if (blockSize < SECTOR || blockSize % SECTOR !== 0) throw new UnreadableError(`header: block size ${blockSize}`);
  if (entries > MAX_TABLE_ENTRIES) throw new UnreadableError(`header: MaxTableEntries ${entries}`);
  const tableSize = `header: MaxTableEntries ${entries} × BlockSize ${blockSize} = ${entries * blockSize}; footer: ${footer.currentSize}`;
  if (footer.currentSize > entries * blockSize) {
    findings.add(
      'blocking',
      'InvalidVHDImage.IncorrectSize',
      'The VHD’s size exceeds its block allocation table: ImportImage rejects it with this code',
      tableSize,
      CONVERT_TO_QCOW2,
    );
  }
  if (footer.type === 4) {
    findings.add(
      'blocking',
      'ECSIMPORT.BackingFile',
      'The image has only the differences from a parent VHD, which the import does not upload',
      `footer: disk type 4; header: parent "${parentName(header)}"`,
      CONVERT_TO_QCOW2,
    );
    return null;
  }
  const table = file.read(u64be(header, 16), entries * 4);
  const bitmapSize = Math.ceil(blockSize / SECTOR / 8 / SECTOR) * SECTOR;
  const missing = blocksAfterEnd(table, entries, bitmapSize + blockSize, file.size);
  if (missing > 0) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      `The file is truncated: ${missing} blocks of the disk are after its end`,
      `block allocation table compared with a file of ${file.size} bytes`,
      COPY_AGAIN,
    );
  }
  return mappedSource(virtualSize, 'the disk', (offset) => {
    const block = Math.floor(offset / blockSize);
    const inside = offset - block * blockSize;
    const sector = block < entries ? table.readUInt32BE(block * 4) : 0xffff_ffff;
    if (sector === 0xffff_ffff) return { at: null, length: blockSize - inside };
    return { at: { source: file, offset: sector * SECTOR + bitmapSize + inside }, length: blockSize - inside };
  });
}

function blocksAfterEnd(table: Buffer, entries: number, length: number, fileSize: number): number {
  let missing = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const sector = table.readUInt32BE(entry * 4);
    if (sector !== 0xffff_ffff && sector * SECTOR + length > fileSize) missing += 1;
  }
  return missing;
}

function parentName(header: Buffer): string {
  const swapped = Buffer.from(header.subarray(64, 576)).swap16();
  const name = swapped.toString('utf16le');
  const end = name.indexOf('\0');
  return printable(end < 0 ? name : name.slice(0, end));
}
