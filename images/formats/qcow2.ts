/** QCOW2 version 2 and 3 (docs/interop/qcow2.txt of QEMU): header, snapshots, tables, compressed clusters. */
import { inflateRawSync } from 'node:zlib';
import { type ByteSource, bufferSource, mappedSource, printable, UnreadableError, u64be } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { unzstd } from '../packing/zstd.js';
import { COPY_AGAIN, type Container, type OpenContainer, REPACK } from './container.js';
import { checkRefcounts } from './qcow2-refcounts.js';
import {
  type Cluster,
  clusterAt,
  INCOMPATIBLE,
  l2Coverage,
  l2EntrySize,
  l2Tables,
  OFFSET_MASK,
  type Qcow2Header,
} from './qcow2-tables.js';

const MAGIC = 0x514649fb;
const KNOWN_INCOMPATIBLE = 31n;
/** QEMU's own limits: 32 MiB of L1 table, 64 KiB of snapshots. */
const MAX_L1_ENTRIES = (32 * 1024 * 1024) / 8;
const MAX_SNAPSHOTS = 65_536;

export const openQcow2: OpenContainer = (file, findings) => {
  if (file.size < 8 || file.read(0, 4).readUInt32BE(0) !== MAGIC) return null;
  const version = file.read(4, 4).readUInt32BE(0);
  if (version !== 2 && version !== 3) {
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      `QCOW version ${version} is not imported by ECS`,
      `header: version ${version}`,
      REPACK,
    );
    return { format: version === 1 ? 'UNKNOWN' : 'QCOW2', subformat: `v${version}`, virtualSize: null, disk: null };
  }
  const subformat = version === 2 ? 'v2 (compat 0.10)' : 'v3 (compat 1.1)';
  const header = unlessUnreadable<Qcow2Header | null>(
    () => readHeader(file, version),
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Damaged', 'The QCOW2 header is damaged', reason, COPY_AGAIN);
      return null;
    },
  );
  if (header === null) return { format: 'QCOW2', subformat, virtualSize: null, disk: null };
  const selfContained = tellHeader(header, findings);
  tellSnapshots(header, findings);
  const disk = unlessUnreadable(
    () => {
      checkTables(file, header, findings);
      return selfContained ? qcow2Disk(file, header) : null;
    },
    (reason) => {
      findings.add(
        'blocking',
        'ECSIMPORT.Truncated',
        'The image is cut off or its tables are damaged',
        reason,
        COPY_AGAIN,
      );
      return null;
    },
  );
  return { format: 'QCOW2', subformat, virtualSize: header.size, disk } satisfies Container;
};

function readHeader(file: ByteSource, version: number): Qcow2Header {
  const bytes = file.read(0, Math.min(file.size, 4096));
  const clusterBits = bytes.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21)
    throw new UnreadableError(`header: cluster_bits is ${clusterBits}, not 9 to 21`);
  const size = u64be(bytes, 24);
  const l1Size = bytes.readUInt32BE(36);
  if (l1Size > MAX_L1_ENTRIES) throw new UnreadableError(`header: l1_size is ${l1Size}, at most ${MAX_L1_ENTRIES}`);
  const features = version === 3 ? bytes.readBigUInt64BE(72) : 0n;
  const refcountOrder = version === 3 ? bytes.readUInt32BE(96) : 4;
  if (refcountOrder > 6) throw new UnreadableError(`header: refcount_order is ${refcountOrder}, at most 6`);
  const headerLength = version === 3 ? bytes.readUInt32BE(100) : 72;
  const backingOffset = u64be(bytes, 8);
  const backingLength = bytes.readUInt32BE(16);
  let backingFile: string | null = null;
  if (backingOffset !== 0) {
    if (backingLength > 1023)
      throw new UnreadableError(`header: the backing file's name is ${backingLength} bytes long`);
    backingFile = printable(file.read(backingOffset, backingLength).toString('utf8'));
  }
  const clusterSize = 2 ** clusterBits;
  const header = {
    version,
    clusterBits,
    clusterSize,
    size,
    l1Size,
    l1Offset: u64be(bytes, 40),
    refcountTableOffset: u64be(bytes, 48),
    refcountTableClusters: bytes.readUInt32BE(56),
    refcountOrder,
    snapshotCount: bytes.readUInt32BE(60),
    snapshotsOffset: u64be(bytes, 64),
    features,
    compression: version === 3 && headerLength >= 105 ? bytes.readUInt8(104) : 0,
    encryption: bytes.readUInt32BE(32),
    backingFile,
  };
  const needed = Math.ceil(size / l2Coverage(header));
  if (l1Size < needed) throw new UnreadableError(`header: l1_size is ${l1Size}, the disk needs ${needed}`);
  if (header.l1Offset % clusterSize !== 0 || header.refcountTableOffset % clusterSize !== 0) {
    throw new UnreadableError('header: a table does not start at a cluster');
  }
  if (header.refcountTableClusters * clusterSize > 8 * 1024 * 1024 * 4) {
    throw new UnreadableError(`header: refcount_table_clusters is ${header.refcountTableClusters}`);
  }
  return header;
}

/** Says what the header alone tells; false where this file does not hold the whole disk in the clear. */
function tellHeader(header: Qcow2Header, findings: FindingList): boolean {
  let readable = true;
  const has = (feature: bigint) => (header.features & feature) !== 0n;
  if (header.backingFile !== null) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.BackingFile',
      'The image holds only the differences to another file, which the cloud does not get',
      `header: backing file ${header.backingFile}`,
      REPACK,
    );
  }
  if (has(INCOMPATIBLE.externalData)) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.ExternalData',
      'The image keeps its data in another file, which the cloud does not get',
      'header: incompatible feature bit 2 (external data file)',
      REPACK,
    );
  }
  if (header.encryption !== 0) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.Encrypted',
      'The image is encrypted; ECS cannot read it',
      `header: crypt_method ${header.encryption} (${header.encryption === 1 ? 'AES' : header.encryption === 2 ? 'LUKS' : 'unknown'})`,
      'Make a decrypted copy with qemu-img convert and --image-opts naming the secret.',
    );
  }
  if (has(INCOMPATIBLE.corrupt)) {
    findings.add(
      'blocking',
      'ECSIMPORT.Damaged',
      'QEMU has marked this image as corrupt',
      'header: incompatible feature bit 1 (corrupt)',
      'qemu-img check -r all IMAGE on a copy, then check the guest’s file systems.',
    );
  }
  if (has(INCOMPATIBLE.dirty)) {
    findings.add(
      'warning',
      'ECSIMPORT.NotClosed',
      'The image was not closed cleanly: a program has it open, or crashed',
      'header: incompatible feature bit 0 (dirty)',
      'Stop the virtual machine, then qemu-img check -r leaks IMAGE.',
    );
  }
  if (header.compression === 1) {
    findings.add(
      'warning',
      'ECSIMPORT.ZstdClusters',
      'The image has zstd clusters; the vendor does not document that it reads them',
      'header: compression_type 1 (zstd)',
      'qemu-img convert -O qcow2 -c -o compression_type=zlib SOURCE TARGET.qcow2',
    );
  } else if (header.compression > 1) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The image is compressed in an unknown way',
      `header: compression_type ${header.compression}`,
      REPACK,
    );
  }
  if (has(INCOMPATIBLE.extendedL2)) {
    findings.add(
      'warning',
      'ECSIMPORT.ExtendedL2',
      'The image has subclusters (QEMU 5.2 and later); the vendor does not document that it reads them',
      'header: incompatible feature bit 4 (extended L2)',
      'qemu-img convert -O qcow2 -c -o extended_l2=off SOURCE TARGET.qcow2',
    );
  }
  const unknown = header.features & ~KNOWN_INCOMPATIBLE;
  if (unknown !== 0n) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The image needs QCOW2 features that are not known',
      `header: incompatible features 0x${unknown.toString(16)}`,
      REPACK,
    );
  }
  return readable;
}

function tellSnapshots(header: Qcow2Header, findings: FindingList): void {
  if (header.snapshotCount === 0) return;
  if (header.snapshotCount > MAX_SNAPSHOTS) {
    const evidence = `header: nb_snapshots ${header.snapshotCount}, at most ${MAX_SNAPSHOTS}`;
    findings.add('blocking', 'ECSIMPORT.Damaged', 'The QCOW2 header is damaged', evidence, COPY_AGAIN);
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.Snapshots',
    'The image holds internal snapshots: only the active state is imported, and the snapshots cost upload time',
    `header: nb_snapshots ${header.snapshotCount}`,
    'qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2 keeps the active state alone.',
  );
}

function checkTables(file: ByteSource, header: Qcow2Header, findings: FindingList): void {
  file.read(header.refcountTableOffset, Math.min(header.refcountTableClusters * header.clusterSize, 4096));
  const external = (header.features & INCOMPATIBLE.externalData) !== 0n;
  let missing = 0;
  let firstMissing = '';
  if (!external) {
    for (const { index, table } of l2Tables(file, header)) {
      const entries = table.length / l2EntrySize(header);
      for (let entry = 0; entry < entries; entry += 1) {
        const cluster = clusterAt(table, entry, header);
        if (cluster.offset === 0 || cluster.kind === 'absent') continue;
        // QEMU doesn't pad the file after the last compressed cluster, so only the start must be inside.
        const needed = cluster.kind === 'compressed' ? cluster.offset + 1 : cluster.offset + cluster.length;
        if (needed <= file.size) continue;
        missing += 1;
        if (firstMissing === '') {
          const guest = index * l2Coverage(header) + entry * header.clusterSize;
          firstMissing = `guest offset ${guest} lies at ${cluster.offset} in a file of ${file.size} bytes`;
        }
      }
    }
  }
  if (missing > 0) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      `The file is cut off: ${missing} clusters of the disk lie after its end`,
      firstMissing,
      COPY_AGAIN,
    );
    return;
  }
  if (!external) checkRefcounts(file, header, findings);
}

function qcow2Disk(file: ByteSource, header: Qcow2Header): ByteSource {
  const l1 = file.read(header.l1Offset, header.l1Size * 8);
  const tables = new Map<number, Buffer>();
  const unpacked = new Map<number, ByteSource>();
  const entrySize = l2EntrySize(header);
  const perTable = header.clusterSize / entrySize;

  const tableFor = (index: number): Buffer | null => {
    const known = tables.get(index);
    if (known !== undefined) return known;
    const offset = Number(l1.readBigUInt64BE(index * 8) & OFFSET_MASK);
    if (offset === 0) return null;
    const table = file.read(offset, header.clusterSize);
    if (tables.size >= 64) tables.clear();
    tables.set(index, table);
    return table;
  };
  const unpack = (cluster: Cluster): ByteSource => {
    const known = unpacked.get(cluster.offset);
    if (known !== undefined) return known;
    const packed = file.read(cluster.offset, Math.min(cluster.length, file.size - cluster.offset));
    const source = bufferSource(decompress(packed, header));
    if (unpacked.size >= 64) unpacked.clear();
    unpacked.set(cluster.offset, source);
    return source;
  };

  return mappedSource(header.size, 'the disk', (offset) => {
    const number = Math.floor(offset / header.clusterSize);
    const inside = offset - number * header.clusterSize;
    const left = header.clusterSize - inside;
    const table = tableFor(Math.floor(number / perTable));
    if (table === null) return { at: null, length: left };
    const cluster = clusterAt(table, number % perTable, header);
    if (cluster.kind === 'compressed') return { at: { source: unpack(cluster), offset: inside }, length: left };
    if (cluster.kind !== 'data') return { at: null, length: left };
    if (cluster.bitmap === null) return { at: { source: file, offset: cluster.offset + inside }, length: left };
    const part = header.clusterSize / 32;
    const subcluster = Math.floor(inside / part);
    const holdsData = ((cluster.bitmap >> BigInt(subcluster)) & 1n) === 1n;
    const length = part - (inside % part);
    return { at: holdsData ? { source: file, offset: cluster.offset + inside } : null, length };
  });
}

function decompress(packed: Buffer, header: Qcow2Header): Buffer {
  const size = header.clusterSize;
  if (header.compression === 1) return unzstd(packed, size);
  try {
    // The stream ends somewhere in its last sector; what follows belongs to the next cluster.
    const plain = inflateRawSync(packed, { maxOutputLength: size });
    if (plain.length === size) return plain;
    throw new UnreadableError(`a compressed cluster holds ${plain.length} bytes, not ${size}`);
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(
      `a compressed cluster cannot be unpacked: ${error instanceof Error ? error.message : error}`,
    );
  }
}
