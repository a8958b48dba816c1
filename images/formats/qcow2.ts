/** QCOW2 versions 2 and 3 (QEMU, docs/interop/qcow2.txt): header, snapshots, tables, compressed clusters. */
import { inflateRawSync } from 'node:zlib';
import { type ByteSource, bufferSource, mappedSource, printable, UnreadableError, u64be } from '../bytes.js';
import { decompressZstd } from '../compression/zstd.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { CONVERT_TO_QCOW2, COPY_AGAIN, type Container, type OpenContainer } from './container.js';
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
      `ECS does not import QCOW version ${version}`,
      `header: version ${version}`,
      CONVERT_TO_QCOW2,
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
  const selfContained = checkHeader(header, findings);
  checkSnapshots(header, findings);
  const disk = unlessUnreadable(
    () => {
      checkTables(file, header, findings);
      return selfContained ? qcow2Disk(file, header) : null;
    },
    (reason) => {
      findings.add(
        'blocking',
        'ECSIMPORT.Truncated',
        'The QCOW2 image is truncated or its tables are damaged',
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
    throw new UnreadableError(`header: cluster_bits is ${clusterBits}, must be 9 to 21`);
  const size = u64be(bytes, 24);
  const l1Size = bytes.readUInt32BE(36);
  if (l1Size > MAX_L1_ENTRIES)
    throw new UnreadableError(`header: l1_size is ${l1Size}, must be at most ${MAX_L1_ENTRIES}`);
  const features = version === 3 ? bytes.readBigUInt64BE(72) : 0n;
  const refcountOrder = version === 3 ? bytes.readUInt32BE(96) : 4;
  if (refcountOrder > 6) throw new UnreadableError(`header: refcount_order is ${refcountOrder}, must be at most 6`);
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
    throw new UnreadableError('header: the offset of a table is not a multiple of the cluster size');
  }
  if (header.refcountTableClusters * clusterSize > 8 * 1024 * 1024 * 4) {
    throw new UnreadableError(`header: refcount_table_clusters is ${header.refcountTableClusters}, more than 32 MiB`);
  }
  return header;
}

/** Reports findings from the header; returns false if the disk cannot be read from this file alone. */
function checkHeader(header: Qcow2Header, findings: FindingList): boolean {
  let readable = true;
  const has = (feature: bigint) => (header.features & feature) !== 0n;
  if (header.backingFile !== null) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.BackingFile',
      'The image has only the differences from a backing file, which the import does not upload',
      `header: backing file ${header.backingFile}`,
      CONVERT_TO_QCOW2,
    );
  }
  if (has(INCOMPATIBLE.externalData)) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.ExternalData',
      'The image stores its data in another file, which the import does not upload',
      'header: incompatible feature bit 2 (external data file)',
      CONVERT_TO_QCOW2,
    );
  }
  if (header.encryption !== 0) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.Encrypted',
      'The image is encrypted: ECS cannot read it',
      `header: crypt_method ${header.encryption} (${header.encryption === 1 ? 'AES' : header.encryption === 2 ? 'LUKS' : 'unknown'})`,
      'Create a decrypted copy: qemu-img convert with --object secret and --image-opts.',
    );
  }
  if (has(INCOMPATIBLE.corrupt)) {
    findings.add(
      'blocking',
      'ECSIMPORT.Damaged',
      'QEMU has marked this image as corrupt',
      'header: incompatible feature bit 1 (corrupt)',
      'Run qemu-img check -r all IMAGE on a copy, then check the guest’s file systems.',
    );
  }
  if (has(INCOMPATIBLE.dirty)) {
    findings.add(
      'warning',
      'ECSIMPORT.NotClosed',
      'The image was not closed cleanly: a program has it open or crashed',
      'header: incompatible feature bit 0 (dirty)',
      'Stop the virtual machine, and run qemu-img check -r leaks IMAGE.',
    );
  }
  if (header.compression === 1) {
    findings.add(
      'warning',
      'ECSIMPORT.ZstdClusters',
      'The image has zstd-compressed clusters; Alibaba Cloud does not document support for them',
      'header: compression_type 1 (zstd)',
      'Convert the image: qemu-img convert -O qcow2 -c -o compression_type=zlib SOURCE TARGET.qcow2',
    );
  } else if (header.compression > 1) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The image uses an unknown compression type',
      `header: compression_type ${header.compression}`,
      CONVERT_TO_QCOW2,
    );
  }
  if (has(INCOMPATIBLE.extendedL2)) {
    findings.add(
      'warning',
      'ECSIMPORT.ExtendedL2',
      'The image has subclusters (QEMU 5.2 and later); Alibaba Cloud does not document support for them',
      'header: incompatible feature bit 4 (extended L2)',
      'Convert the image: qemu-img convert -O qcow2 -c -o extended_l2=off SOURCE TARGET.qcow2',
    );
  }
  const unknown = header.features & ~KNOWN_INCOMPATIBLE;
  if (unknown !== 0n) {
    readable = false;
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The image requires unknown QCOW2 features',
      `header: incompatible features 0x${unknown.toString(16)}`,
      CONVERT_TO_QCOW2,
    );
  }
  return readable;
}

function checkSnapshots(header: Qcow2Header, findings: FindingList): void {
  if (header.snapshotCount === 0) return;
  if (header.snapshotCount > MAX_SNAPSHOTS) {
    const evidence = `header: nb_snapshots is ${header.snapshotCount}, must be at most ${MAX_SNAPSHOTS}`;
    findings.add('blocking', 'ECSIMPORT.Damaged', 'The QCOW2 header is damaged', evidence, COPY_AGAIN);
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.Snapshots',
    'The image has internal snapshots: ECS imports only the active state, and the snapshots increase the upload time',
    `header: nb_snapshots ${header.snapshotCount}`,
    'Create a copy of only the active state: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2',
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
        if (cluster.kind === 'data' && cluster.offset % header.clusterSize !== 0)
          throw new UnreadableError(
            `L2 table ${index}: 0x${cluster.offset.toString(16)} is not a multiple of the cluster size`,
          );
        // QEMU does not pad the file after the last compressed cluster, so only its start must be in the file.
        const needed = cluster.kind === 'compressed' ? cluster.offset + 1 : cluster.offset + cluster.length;
        if (needed <= file.size) continue;
        missing += 1;
        if (firstMissing === '') {
          const guest = index * l2Coverage(header) + entry * header.clusterSize;
          firstMissing = `guest offset ${guest} is at byte ${cluster.offset} of a file of ${file.size} bytes`;
        }
      }
    }
  }
  if (missing > 0) {
    findings.add(
      'blocking',
      'ECSIMPORT.Truncated',
      `The file is truncated: ${missing} clusters of the disk are after its end`,
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
  const decompressed = new Map<number, ByteSource>();
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
  const decompressedCluster = (cluster: Cluster): ByteSource => {
    const known = decompressed.get(cluster.offset);
    if (known !== undefined) return known;
    const compressed = file.read(cluster.offset, Math.min(cluster.length, file.size - cluster.offset));
    const source = bufferSource(decompress(compressed, header));
    if (decompressed.size >= 64) decompressed.clear();
    decompressed.set(cluster.offset, source);
    return source;
  };

  return mappedSource(header.size, 'the disk', (offset) => {
    const number = Math.floor(offset / header.clusterSize);
    const inside = offset - number * header.clusterSize;
    const remaining = header.clusterSize - inside;
    const table = tableFor(Math.floor(number / perTable));
    if (table === null) return { at: null, length: remaining };
    const cluster = clusterAt(table, number % perTable, header);
    if (cluster.kind === 'compressed') {
      return { at: { source: decompressedCluster(cluster), offset: inside }, length: remaining };
    }
    if (cluster.kind !== 'data') return { at: null, length: remaining };
    if (cluster.bitmap === null) return { at: { source: file, offset: cluster.offset + inside }, length: remaining };
    const part = header.clusterSize / 32;
    const subcluster = Math.floor(inside / part);
    const hasData = ((cluster.bitmap >> BigInt(subcluster)) & 1n) === 1n;
    const length = part - (inside % part);
    return { at: hasData ? { source: file, offset: cluster.offset + inside } : null, length };
  });
}

function decompress(compressed: Buffer, header: Qcow2Header): Buffer {
  const size = header.clusterSize;
  if (header.compression === 1) return decompressZstd(compressed, size);
  try {
    // The stream ends within its last sector; inflate ignores the following bytes, which belong to the next cluster.
    const content = inflateRawSync(compressed, { maxOutputLength: size });
    if (content.length === size) return content;
    throw new UnreadableError(`a compressed cluster has ${content.length} bytes, must have ${size}`);
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(
      `a compressed cluster cannot be decompressed: ${error instanceof Error ? error.message : error}`,
    );
  }
}
