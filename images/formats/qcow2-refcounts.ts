/** Detects QCOW2 clusters whose reference count is lower than the number of references from the active state. */
import { type ByteSource, u64be } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { clusterAt, l2EntrySize, l2Tables, type Qcow2Header } from './qcow2-tables.js';

/** One counter per cluster: 32 Mi clusters are 2 TiB at the default cluster size, and take 64 MiB of memory. */
const MAX_CLUSTERS = 32 * 1024 * 1024;

export function checkRefcounts(file: ByteSource, header: Qcow2Header, findings: FindingList): void {
  const clusters = Math.ceil(file.size / header.clusterSize);
  if (clusters > MAX_CLUSTERS) return;
  const used = new Uint16Array(clusters);
  const use = (offset: number, length: number): void => {
    const last = Math.min(clusters - 1, Math.floor((offset + length - 1) / header.clusterSize));
    for (let cluster = Math.floor(offset / header.clusterSize); cluster <= last; cluster += 1) {
      if ((used[cluster] ?? 0) < 65_535) used[cluster] = (used[cluster] ?? 0) + 1;
    }
  };
  use(0, header.clusterSize);
  if (header.l1Size > 0) use(header.l1Offset, header.l1Size * 8);
  use(header.refcountTableOffset, Math.max(1, header.refcountTableClusters * header.clusterSize));
  for (const { offset, table } of l2Tables(file, header)) {
    use(offset, header.clusterSize);
    for (let entry = 0; entry < table.length / l2EntrySize(header); entry += 1) {
      const cluster = clusterAt(table, entry, header);
      if (cluster.offset !== 0 && cluster.length > 0) use(cluster.offset, cluster.length);
    }
  }
  const { tooLow, first } = countTooLow(file, header, used);
  if (tooLow === 0) return;
  findings.add(
    'blocking',
    'ECSIMPORT.Damaged',
    `The QCOW2 reference counts are wrong: ${tooLow} clusters have more references than counted`,
    `cluster ${first} at file offset ${first * header.clusterSize}`,
    'Run qemu-img check -r all IMAGE on a copy, then check the guest’s file systems.',
  );
}

/** A count that is too high is valid: snapshots, which are not read here, add references. */
function countTooLow(file: ByteSource, header: Qcow2Header, used: Uint16Array): { tooLow: number; first: number } {
  const tableLength = header.refcountTableClusters * header.clusterSize;
  const table = file.read(header.refcountTableOffset, tableLength);
  const bits = 2 ** header.refcountOrder;
  const perBlock = (header.clusterSize * 8) / bits;
  let tooLow = 0;
  let first = -1;
  const blockFor = (cluster: number): number => {
    const entry = Math.floor(cluster / perBlock) * 8;
    return entry + 8 <= tableLength ? u64be(table, entry) : 0;
  };
  for (let cluster = 0; cluster < used.length; cluster += perBlock) {
    const offset = blockFor(cluster);
    if (offset !== 0) increment(used, offset / header.clusterSize);
  }
  let block: Buffer | null = null;
  for (let cluster = 0; cluster < used.length; cluster += 1) {
    if (cluster % perBlock === 0) {
      const offset = blockFor(cluster);
      block = offset === 0 ? null : file.read(offset, header.clusterSize);
    }
    const wanted = used[cluster] ?? 0;
    if (wanted === 0) continue;
    const counted = block === null ? 0 : refcount(block, cluster % perBlock, header.refcountOrder);
    if (counted >= Math.min(wanted, 2 ** Math.min(bits, 16) - 1)) continue;
    tooLow += 1;
    if (first < 0) first = cluster;
  }
  return { tooLow, first };
}

function increment(used: Uint16Array, cluster: number): void {
  const index = Math.floor(cluster);
  if (index < used.length) used[index] = (used[index] ?? 0) + 1;
}

function refcount(block: Buffer, index: number, order: number): number {
  if (order >= 3) {
    const bytes = 2 ** (order - 3);
    if (bytes === 8) return Number(block.readBigUInt64BE(index * 8));
    return block.readUIntBE(index * bytes, bytes);
  }
  const bits = 2 ** order;
  const byte = block[Math.floor((index * bits) / 8)] ?? 0;
  return (byte >> ((index * bits) % 8)) & (2 ** bits - 1);
}
