/** VHD (Virtual Hard Disk Image Format Specification 1.0): fixed and dynamic, with the checks that ImportImage makes. */
import { type ByteSource, mappedSource, printable, slice, UnreadableError, u64be } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { CONVERT_TO_QCOW2, COPY_AGAIN, type OpenContainer } from './container.js';
import { chooseSize, type FooterSizes } from './vhd-size.js';

const SECTOR = 512;
const TYPES: Readonly<Record<number, string>> = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' };
const MAX_TABLE_ENTRIES = 2 * 1024 * 1024;
const UNALLOCATED = 0xffff_ffff;

interface Footer extends FooterSizes {
  readonly type: number;
  readonly dataOffset: bigint;
  readonly checksumValid: boolean;
}

/** A VHD's data, before its disk's size is known. */
interface Blocks {
  /** The largest disk that the table, or the data of a fixed VHD, has room for. */
  readonly capacity: number;
  /** The end of the last block that is stored; 0 for a fixed VHD, which stores all of them. */
  readonly storedEnd: number;
  readonly disk: (size: number) => ByteSource;
}

/** Bytes at the end of the file in which the footer is searched; more where the start shows that it is a VHD. */
const SEARCHED = 64 * 1024;
const SEARCHED_IN_DYNAMIC = 1024 * 1024 + SECTOR;
/** Virtual PC before 2004 wrote a footer without its last byte, which is reserved. */
const OLD_FOOTER = SECTOR - 1;

export const openVhd: OpenContainer = (file, findings) => {
  if (file.size < SECTOR) return null;
  if (footerAt(file, file.size - SECTOR) !== null) return openWhole(file, findings);
  if (file.read(file.size - OLD_FOOTER, 8).toString('latin1') === 'conectix') return openOld(file, findings);
  const end = endBeforeTrailing(file);
  if (end === null) return openWhole(file, findings);
  const container = openWhole(slice(file, 0, end, 'the VHD'), findings);
  if (container === null) return null;
  findings.add(
    'warning',
    'ECSIMPORT.TrailingBytes',
    `The file has ${file.size - end} bytes after the VHD’s footer, which are not part of the disk`,
    `footer at byte ${end - SECTOR} of ${file.size}`,
    `If the file is complete, nothing to do: the import converts it without them. To keep the format, cut them off: truncate -s ${end} FILE`,
  );
  return { ...container, contains: { name: 'the VHD', format: 'VHD', offset: 0, size: end, sparse: false } };
};

/** The cloud looks for the footer in the last 512 bytes, so the disk is sent as another format. */
const openOld: OpenContainer = (file, findings) => {
  const container = openWhole(withZero(file), findings);
  if (container === null) return null;
  findings.add(
    'warning',
    'ECSIMPORT.VhdFooter',
    'The VHD’s footer has 511 bytes, as Virtual PC before 2004 wrote it, which ECS does not read',
    `footer at byte ${file.size - OLD_FOOTER} of ${file.size}`,
    `Nothing to do: the import converts it. To keep the format, add the missing byte: truncate -s +1 FILE`,
  );
  const [format, size] =
    container.subformat === 'fixed' ? (['RAW', file.size - OLD_FOOTER] as const) : (['VHD', file.size] as const);
  return { ...container, contains: { name: 'the VHD', format, offset: 0, size, sparse: false } };
};

function withZero(file: ByteSource): ByteSource {
  return mappedSource(file.size + 1, 'the VHD', (offset) =>
    offset < file.size ? { at: { source: file, offset }, length: file.size - offset } : { at: null, length: 1 },
  );
}

/** Null: no footer near the end. Of a fixed VHD, the footer must be where the disk ends. */
function endBeforeTrailing(file: ByteSource): number | null {
  const isDynamic = footerAt(file, 0)?.checksumValid === true;
  const start = Math.max(0, file.size - (isDynamic ? SEARCHED_IN_DYNAMIC : SEARCHED));
  const bytes = file.read(start, file.size - start);
  for (let at = bytes.lastIndexOf('conectix'); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf('conectix', at - 1)) {
    const offset = start + at;
    if (offset === 0 || offset % SECTOR !== 0 || offset + SECTOR > file.size) continue;
    const footer = footerAt(file, offset);
    if (footer?.checksumValid !== true) continue;
    const isFixedEnd = footer.type === 2 && footer.currentSize === offset;
    if (isFixedEnd || (isDynamic && footer.type !== 2)) return offset + SECTOR;
  }
  return null;
}

const openWhole: OpenContainer = (file, findings) => {
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
  const blocks = unlessUnreadable<Blocks | null>(
    () => (footer.type === 2 ? fixedBlocks(file) : sparseBlocks(file, footer, findings)),
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Damaged', 'The VHD’s header or block table is damaged', reason, COPY_AGAIN);
      return null;
    },
  );
  // Only a dynamic disk has a copy of its footer; at the start of a fixed disk there is data of the guest.
  const copy = footer.type !== 2 && atStart?.checksumValid === true ? atStart : null;
  const virtualSize = blocks === null ? footer.currentSize : diskSize(footer, copy, blocks, findings);
  if (footer.type === 2) reportMissingData(file.size - SECTOR, virtualSize, findings);
  const readable = blocks !== null && footer.type !== 4;
  return { format: 'VHD', subformat, virtualSize, disk: readable ? blocks.disk(virtualSize) : null };
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

function diskSize(footer: Footer, copy: Footer | null, blocks: Blocks, findings: FindingList): number {
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
  const { size, reason, isAmbiguous } = chooseSize(footer, copy, blocks);
  if (isAmbiguous) {
    const copied =
      copy === null || copy.currentSize === footer.currentSize ? '' : `, in the copy at byte 0 ${copy.currentSize}`;
    findings.add(
      'warning',
      'ECSIMPORT.VhdGeometry',
      `Programs read different sizes of this VHD: the disk has ${size} bytes, ${reason}`,
      `footer: current size ${footer.currentSize}${copied}, geometry ${footer.geometrySize}, creator "${printable(footer.creator)}"`,
      'Convert the image: qemu-img convert -O qcow2 -c --image-opts driver=vpc,force_size_calc=current_size,file.filename=SOURCE TARGET.qcow2',
    );
  }
  return size;
}

function fixedBlocks(file: ByteSource): Blocks {
  const dataSize = file.size - SECTOR;
  return {
    capacity: dataSize,
    storedEnd: 0,
    disk: (size) => slice(file, 0, Math.min(dataSize, size), 'the disk'),
  };
}

function reportMissingData(dataSize: number, virtualSize: number, findings: FindingList): void {
  if (dataSize >= virtualSize) return;
  findings.add(
    'blocking',
    'ECSIMPORT.Truncated',
    'The file is truncated: it is smaller than the disk',
    `footer: a disk of ${virtualSize} bytes; the file has ${dataSize} bytes of data`,
    COPY_AGAIN,
  );
}

function sparseBlocks(file: ByteSource, footer: Footer, findings: FindingList): Blocks {
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
  }
  const table = file.read(u64be(header, 16), entries * 4);
  const bitmapSize = Math.ceil(blockSize / SECTOR / 8 / SECTOR) * SECTOR;
  const { missing, last } = allocation(table, entries, bitmapSize + blockSize, file.size);
  if (missing > 0) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      `The file is truncated: ${missing} blocks of the disk are after its end`,
      `block allocation table compared with a file of ${file.size} bytes`,
      COPY_AGAIN,
    );
  }
  const disk = (size: number) =>
    mappedSource(size, 'the disk', (offset) => {
      const block = Math.floor(offset / blockSize);
      const inside = offset - block * blockSize;
      const sector = block < entries ? table.readUInt32BE(block * 4) : UNALLOCATED;
      if (sector === UNALLOCATED) return { at: null, length: blockSize - inside };
      return { at: { source: file, offset: sector * SECTOR + bitmapSize + inside }, length: blockSize - inside };
    });
  // The last block may extend past the end of the disk, so only its start has to be on the disk.
  return { capacity: entries * blockSize, storedEnd: last < 0 ? 0 : last * blockSize + SECTOR, disk };
}

function allocation(
  table: Buffer,
  entries: number,
  length: number,
  fileSize: number,
): { readonly missing: number; readonly last: number } {
  let missing = 0;
  let last = -1;
  for (let entry = 0; entry < entries; entry += 1) {
    const sector = table.readUInt32BE(entry * 4);
    if (sector === UNALLOCATED) continue;
    last = entry;
    if (sector * SECTOR + length > fileSize) missing += 1;
  }
  return { missing, last };
}

function parentName(header: Buffer): string {
  const swapped = Buffer.from(header.subarray(64, 576)).swap16();
  const name = swapped.toString('utf16le');
  const end = name.indexOf('\0');
  return printable(end < 0 ? name : name.slice(0, end));
}
