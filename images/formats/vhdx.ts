/** VHDX (MS-VHDX): header, regions, metadata and block allocation table. ECS does not import it; the import can convert it. */
import { type ByteSource, isPowerOfTwo, mappedSource, UnreadableError, u64le } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { CONVERT_TO_QCOW2, COPY_AGAIN, type Container, type OpenContainer } from './container.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const REGION_BAT = '6677c22d23f600429d64115e9bfd4a08';
const REGION_METADATA = '06a27c8b90479a4bb8fe575f050f886e';
const FILE_PARAMETERS = '3767a1ca36fa434db3b633f0aa44e76b';
const VIRTUAL_SIZE = '2442a52f1bcd7648b2115dbed83bf4b8';
const LOGICAL_SECTOR = '1dbf41816fa90947ba47f233a8faab5f';
const PRESENT = 6;
/** States of a block that is not stored: not present, undefined, zero, unmapped, and unmapped in version 0.95. */
const NOT_STORED: ReadonlySet<number> = new Set([0, 1, 2, 3, 5]);
const MAX_BLOCKS = 8 * 1024 * 1024;

export const openVhdx: OpenContainer = (file, findings) => {
  if (file.size < 8 || file.read(0, 8).toString('latin1') !== 'vhdxfile') return null;
  findings.add(
    'warning',
    'ECSIMPORT.Format',
    'ECS does not import VHDX: the image must be converted',
    'magic "vhdxfile"',
    CONVERT_TO_QCOW2,
  );
  return unlessUnreadable<Container>(
    () => openRegions(file, findings),
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Damaged', 'The VHDX is truncated or damaged', reason, COPY_AGAIN);
      return { format: 'VHDX', subformat: null, virtualSize: null, disk: null };
    },
  );
};

function openRegions(file: ByteSource, findings: FindingList): Container {
  const header = currentHeader(file);
  if (!header.subarray(48, 64).every((byte) => byte === 0)) {
    findings.add(
      'warning',
      'ECSIMPORT.NotClosed',
      'The VHDX was not closed cleanly: its log has changes that are not applied to the disk',
      'header: LogGuid is not zero',
      'Start and shut down the virtual machine, or run Convert-VHD, then export the disk again.',
    );
  }
  const regions = regionTable(file);
  const metadata = readMetadata(file, regions.metadata);
  if (metadata.hasParent) {
    findings.add(
      'blocking',
      'ECSIMPORT.BackingFile',
      'The image has only the differences from a parent VHDX, which the import does not upload',
      'metadata: HasParent',
      CONVERT_TO_QCOW2,
    );
  }
  const subformat = metadata.hasParent ? 'differencing' : metadata.fixed ? 'fixed' : 'dynamic';
  const disk = metadata.hasParent ? null : blockDisk(file, regions, metadata, findings);
  return { format: 'VHDX', subformat, virtualSize: metadata.size, disk };
}

/** Writers update the two headers alternately; the one with the higher sequence number is current. */
function currentHeader(file: ByteSource): Buffer {
  const headers = [file.read(64 * KIB, 4 * KIB), file.read(128 * KIB, 4 * KIB)].filter(
    (bytes) => bytes.toString('latin1', 0, 4) === 'head',
  );
  headers.sort((left, right) => Number(right.readBigUInt64LE(8) - left.readBigUInt64LE(8)));
  const newest = headers[0];
  if (newest === undefined) throw new UnreadableError('both headers are missing');
  return newest;
}

interface Region {
  readonly offset: number;
  readonly length: number;
}

function regionTable(file: ByteSource): { bat: Region; metadata: Region } {
  for (const at of [192 * KIB, 256 * KIB]) {
    const bytes = file.read(at, 64 * KIB);
    if (bytes.toString('latin1', 0, 4) !== 'regi') continue;
    const count = Math.min(bytes.readUInt32LE(8), 2047);
    const found = new Map<string, Region>();
    for (let index = 0; index < count; index += 1) {
      const entry = 16 + index * 32;
      found.set(bytes.toString('hex', entry, entry + 16), {
        offset: u64le(bytes, entry + 16),
        length: bytes.readUInt32LE(entry + 24),
      });
    }
    const bat = found.get(REGION_BAT);
    const metadata = found.get(REGION_METADATA);
    if (bat !== undefined && metadata !== undefined) return { bat, metadata };
  }
  throw new UnreadableError('no region table has both the block allocation table and the metadata');
}

interface Metadata {
  readonly size: number;
  readonly blockSize: number;
  readonly sectorSize: number;
  readonly fixed: boolean;
  readonly hasParent: boolean;
}

function readMetadata(file: ByteSource, region: Region): Metadata {
  const table = file.read(region.offset, 64 * KIB);
  if (table.toString('latin1', 0, 8) !== 'metadata')
    throw new UnreadableError('the metadata region has no metadata table');
  const count = Math.min(table.readUInt16LE(10), 2047);
  const items = new Map<string, Buffer>();
  for (let index = 0; index < count; index += 1) {
    const entry = 32 + index * 32;
    const length = Math.min(table.readUInt32LE(entry + 20), 64);
    items.set(
      table.toString('hex', entry, entry + 16),
      file.read(region.offset + table.readUInt32LE(entry + 16), length),
    );
  }
  const parameters = items.get(FILE_PARAMETERS);
  const size = items.get(VIRTUAL_SIZE);
  const sector = items.get(LOGICAL_SECTOR);
  if (parameters === undefined || size === undefined || sector === undefined) {
    throw new UnreadableError('the block size, disk size or sector size is missing in the metadata');
  }
  const metadata = {
    size: u64le(size, 0),
    blockSize: parameters.readUInt32LE(0),
    sectorSize: sector.readUInt32LE(0),
    fixed: (parameters.readUInt32LE(4) & 1) === 1,
    hasParent: (parameters.readUInt32LE(4) & 2) === 2,
  };
  if (metadata.blockSize < MIB || !isPowerOfTwo(metadata.blockSize)) {
    throw new UnreadableError(`metadata: block size ${metadata.blockSize}`);
  }
  if (metadata.sectorSize !== 512 && metadata.sectorSize !== 4096) {
    throw new UnreadableError(`metadata: sector size ${metadata.sectorSize}`);
  }
  return metadata;
}

function blockDisk(file: ByteSource, regions: { bat: Region }, metadata: Metadata, findings: FindingList): ByteSource {
  const blocks = Math.ceil(metadata.size / metadata.blockSize);
  if (blocks > MAX_BLOCKS) throw new UnreadableError(`metadata: ${blocks} blocks`);
  // After the entries of each chunk of data blocks, the table has one entry for the chunk's sector bitmap.
  const chunk = (2 ** 23 * metadata.sectorSize) / metadata.blockSize;
  const entries = blocks + Math.floor((blocks - 1) / chunk);
  const table = file.read(regions.bat.offset, entries * 8);
  const entryOf = (block: number) => table.readBigUInt64LE((block + Math.floor(block / chunk)) * 8);
  const isPresent = (entry: bigint) => Number(entry & 7n) === PRESENT;
  const offsetOf = (entry: bigint) => Number(entry >> 20n) * MIB;
  let missing = 0;
  for (let block = 0; block < blocks; block += 1) {
    const entry = entryOf(block);
    // 7: only some of its sectors are stored, and the others in a parent. 4: reserved.
    if (!isPresent(entry) && !NOT_STORED.has(Number(entry & 7n)))
      throw new UnreadableError(`block allocation table: block ${block} is in state ${entry & 7n}`);
    if (isPresent(entry) && offsetOf(entry) + metadata.blockSize > file.size) missing += 1;
  }
  if (missing > 0) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      `The file is truncated: ${missing} blocks of the disk are after its end`,
      `block allocation table compared with a file of ${file.size} bytes`,
      COPY_AGAIN,
    );
  }
  return mappedSource(metadata.size, 'the disk', (offset) => {
    const block = Math.floor(offset / metadata.blockSize);
    const inside = offset - block * metadata.blockSize;
    const entry = entryOf(block);
    const length = metadata.blockSize - inside;
    return { at: isPresent(entry) ? { source: file, offset: offsetOf(entry) + inside } : null, length };
  });
}
