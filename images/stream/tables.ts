/** The header and the tables of a QCOW2 file, from what its data parts hold (QEMU, docs/interop/qcow2.txt). */
import {
  CLUSTER_BYTES,
  CLUSTERS_PER_SEGMENT,
  type ClusterSizes,
  MAX_TABLE_PARTS,
  MIN_PART_BYTES,
  PLAIN,
  type RangeNote,
} from './layout.js';

const SECTOR = 512;
const ENTRIES_PER_L2 = CLUSTER_BYTES / 8;
const REFCOUNTS_PER_BLOCK = CLUSTER_BYTES / 2;
const HEADER_BYTES = 104;
const COPIED_HIGH = 0x8000_0000;
const COMPRESSED_HIGH = 0x4000_0000;
/** The number of additional sectors starts at bit 54 of a compressed cluster's entry, bit 22 of its upper half. */
const SECTORS_SHIFT = 22;
const HIGH = 2 ** 32;
/** Small, because several of them are in memory together. Those of a disk above 5 TiB are larger. */
const TABLE_PART_BYTES = 4 * 1024 ** 2;

export interface Tables {
  /** The whole of part 1. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** The last parts, in order. Each is made when it is requested, so that they are not in memory together. */
  parts(): AsyncGenerator<TablePart>;
  /** Of the whole file. */
  readonly fileBytes: number;
}

export interface TablePart {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Called when the bytes are no longer needed: they become those of another part. */
  release(): void;
}

/** The notes of all ranges with data, in order of their offsets; read once for each kind of table, and never all in memory. */
export type ReadNotes = () => AsyncIterable<RangeNote> | Iterable<RangeNote>;

/** @param size bytes of the disk */
export async function tablesOf(size: number, notes: ReadNotes): Promise<Tables> {
  const { dataEnd, usedTables } = await extentOf(notes);
  const diskClusters = Math.ceil(size / CLUSTER_BYTES);
  const l1Entries = Math.ceil(diskClusters / ENTRIES_PER_L2);
  const l1Clusters = Math.ceil((l1Entries * 8) / CLUSTER_BYTES);
  const before = dataEnd / CLUSTER_BYTES + l1Clusters + usedTables.length;
  const { blocks, tableClusters } = refcountSizes(before);
  const l1Offset = dataEnd;
  const l2Offset = l1Offset + l1Clusters * CLUSTER_BYTES;
  const refcountTableOffset = l2Offset + usedTables.length * CLUSTER_BYTES;
  const refcountBlocksOffset = refcountTableOffset + tableClusters * CLUSTER_BYTES;
  const fileBytes = refcountBlocksOffset + blocks * CLUSTER_BYTES;

  async function* clusters(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield* split(offsetTable(l1Entries, l1Clusters, usedTables, l2Offset, COPIED_HIGH));
    yield* l2Tables(notes);
    const allBlocks = Array.from({ length: blocks }, (_, index) => index);
    yield* split(offsetTable(blocks, tableClusters, allBlocks, refcountBlocksOffset, 0));
    yield* refcountBlocks(notes, dataEnd / CLUSTER_BYTES, fileBytes / CLUSTER_BYTES);
  }

  return {
    header: headerOf({ size, l1Entries, l1Offset, refcountTableOffset, tableClusters }),
    fileBytes,
    parts: () => joined(clusters(), fileBytes - dataEnd),
  };
}

/** The clusters of the tables as parts of the upload. The next cluster may be in the memory of the one before it. */
async function* joined(clusters: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<TablePart> {
  const smallest = Math.ceil(length / MAX_TABLE_PARTS / CLUSTER_BYTES) * CLUSTER_BYTES;
  const partBytes = Math.min(Math.max(TABLE_PART_BYTES, smallest), length);
  // Parts of their own would stay in memory until V8 collects old objects.
  const unused: Uint8Array<ArrayBuffer>[] = [];
  const next = () => unused.pop() ?? new Uint8Array(partBytes);
  let left = length;
  let part = next();
  let filled = 0;
  for await (const cluster of clusters) {
    part.set(cluster, filled);
    filled += cluster.length;
    if (filled < Math.min(partBytes, left)) continue;
    const made = part;
    yield { body: made.subarray(0, filled), release: () => void unused.push(made) };
    left -= filled;
    part = left > 0 ? next() : made;
    filled = 0;
  }
}

interface Places {
  readonly size: number;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly tableClusters: number;
}

function headerOf({ size, l1Entries, l1Offset, refcountTableOffset, tableClusters }: Places): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MIN_PART_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setUint32(20, Math.log2(CLUSTER_BYTES));
  view.setBigUint64(24, BigInt(Math.ceil(size / SECTOR) * SECTOR));
  view.setUint32(36, l1Entries);
  view.setBigUint64(40, BigInt(l1Offset));
  view.setBigUint64(48, BigInt(refcountTableOffset));
  view.setUint32(56, tableClusters);
  // Refcounts of 16 bits.
  view.setUint32(96, 4);
  view.setUint32(100, HEADER_BYTES);
  return bytes;
}

/** The refcount blocks count themselves and the table that lists them. */
function refcountSizes(clustersBefore: number): { readonly blocks: number; readonly tableClusters: number } {
  let blocks = 0;
  let tableClusters = 0;
  for (;;) {
    const needed = Math.ceil((clustersBefore + tableClusters + blocks) / REFCOUNTS_PER_BLOCK);
    const neededClusters = Math.ceil((needed * 8) / CLUSTER_BYTES);
    if (needed === blocks && neededClusters === tableClusters) return { blocks, tableClusters };
    blocks = needed;
    tableClusters = neededClusters;
  }
}

/** Where the data end in the file, and the indexes of the L2 tables that have an entry. */
async function extentOf(notes: ReadNotes): Promise<{ readonly dataEnd: number; readonly usedTables: number[] }> {
  const usedTables: number[] = [];
  let dataEnd = MIN_PART_BYTES;
  for await (const { offset, length, clusters } of notes()) {
    dataEnd += length;
    const first = offset / CLUSTER_BYTES;
    for (let at = 0; at < clusters.length; at += CLUSTERS_PER_SEGMENT) {
      const index = Math.floor((first + at) / ENTRIES_PER_L2);
      if (usedTables.at(-1) === index) continue;
      if (clusters.subarray(at, at + CLUSTERS_PER_SEGMENT).some((bytes) => bytes > 0)) usedTables.push(index);
    }
  }
  return { dataEnd, usedTables };
}

/** A table of offsets of consecutive clusters, at the given indexes. */
function offsetTable(
  entries: number,
  clusters: number,
  indexes: readonly number[],
  firstOffset: number,
  flag: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(clusters * CLUSTER_BYTES, entries * 8));
  const view = new DataView(bytes.buffer);
  indexes.forEach((index, place) => {
    setEntry(view, index, firstOffset + place * CLUSTER_BYTES, flag);
  });
  return bytes;
}

function setEntry(view: DataView, index: number, offset: number, high: number): void {
  view.setUint32(index * 8, (Math.floor(offset / HIGH) | high) >>> 0);
  view.setUint32(index * 8 + 4, offset % HIGH);
}

function* split(table: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < table.length; at += CLUSTER_BYTES) yield table.subarray(at, at + CLUSTER_BYTES);
}

/** Each cluster with data: its index on the disk, its offset in the file, and its size as in a note. */
type VisitCluster = (cluster: number, offset: number, bytes: number) => void;

/** Visits the clusters of one segment in the order of the disk; returns the bytes that the segment takes in the file. */
function visitSegment(clusters: ClusterSizes, first: number, offset: number, visit: VisitCluster): number {
  let plain = offset;
  let compressed = offset;
  for (const bytes of clusters) if (bytes === PLAIN) compressed += CLUSTER_BYTES;
  for (let index = 0; index < clusters.length; index += 1) {
    const bytes = clusters[index] ?? 0;
    if (bytes === 0) continue;
    if (bytes === PLAIN) {
      visit(first + index, plain, bytes);
      plain += CLUSTER_BYTES;
    } else {
      visit(first + index, compressed, bytes);
      compressed += bytes;
    }
  }
  return Math.ceil((compressed - offset) / CLUSTER_BYTES) * CLUSTER_BYTES;
}

/** The segments of all notes, with their first cluster on the disk and their place in the file. */
async function* segmentsOf(notes: ReadNotes) {
  let part = MIN_PART_BYTES;
  for await (const { offset, length, clusters } of notes()) {
    let place = part;
    for (let at = 0; at < clusters.length; at += CLUSTERS_PER_SEGMENT) {
      const segment = clusters.subarray(at, at + CLUSTERS_PER_SEGMENT);
      const first = offset / CLUSTER_BYTES + at;
      const from = place;
      yield {
        first,
        from,
        visit: (visit: VisitCluster) => {
          place = from + visitSegment(segment, first, from, visit);
        },
      };
    }
    part += length;
  }
}

async function* l2Tables(notes: ReadNotes): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let index = -1;
  let isUsed = false;
  const bytes = new Uint8Array(CLUSTER_BYTES);
  const view = new DataView(bytes.buffer);
  for await (const { first, visit } of segmentsOf(notes)) {
    const next = Math.floor(first / ENTRIES_PER_L2);
    if (next !== index) {
      if (isUsed) yield bytes;
      index = next;
      isUsed = false;
      bytes.fill(0);
    }
    visit((cluster, offset, size) => {
      isUsed = true;
      const sectors = Math.floor((offset + size - 1) / SECTOR) - Math.floor(offset / SECTOR);
      const flags = size === PLAIN ? COPIED_HIGH : COMPRESSED_HIGH | (sectors << SECTORS_SHIFT);
      setEntry(view, cluster % ENTRIES_PER_L2, offset, flags);
    });
  }
  if (isUsed) yield bytes;
}

/** A compressed cluster counts in every cluster of the file that it touches; padding counts nowhere. */
async function* refcountBlocks(
  notes: ReadNotes,
  dataClusters: number,
  fileClusters: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let firstCluster = 0;
  let counts = new Uint16Array(REFCOUNTS_PER_BLOCK);
  let next = new Uint16Array(REFCOUNTS_PER_BLOCK);
  const add = (cluster: number) => {
    const index = cluster - firstCluster;
    const block = index < REFCOUNTS_PER_BLOCK ? counts : next;
    const place = index % REFCOUNTS_PER_BLOCK;
    block[place] = (block[place] ?? 0) + 1;
  };
  const bytes = new Uint8Array(CLUSTER_BYTES);
  const view = new DataView(bytes.buffer);
  const finish = (): Uint8Array<ArrayBuffer> => {
    counts.forEach((count, index) => {
      view.setUint16(index * 2, count);
    });
    firstCluster += REFCOUNTS_PER_BLOCK;
    [counts, next] = [next, counts.fill(0)];
    return bytes;
  };
  // The header. The rest of part 1 is not used.
  add(0);
  for await (const { from, visit } of segmentsOf(notes)) {
    // A segment has fewer clusters than a block has counts, so that it needs at most two blocks.
    while (from / CLUSTER_BYTES >= firstCluster + REFCOUNTS_PER_BLOCK) yield finish();
    visit((_cluster, offset, size) => {
      const end = offset + (size === PLAIN ? CLUSTER_BYTES : size) - 1;
      for (let at = Math.floor(offset / CLUSTER_BYTES); at <= Math.floor(end / CLUSTER_BYTES); at += 1) add(at);
    });
  }
  for (let cluster = dataClusters; cluster < fileClusters; cluster += 1) {
    while (cluster >= firstCluster + REFCOUNTS_PER_BLOCK) yield finish();
    add(cluster);
  }
  while (firstCluster < fileClusters) yield finish();
}
