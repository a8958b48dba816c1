/** Reads NTFS streams: maps runs, returns zeros for holes, decompresses compression units. */
import { type ByteSource, bufferSource, type Mapping, mappedSource, UnreadableError } from '../bytes.js';
import { lznt1 } from '../compression/lznt1.js';
import type { Attribute } from './ntfs-records.js';

const MAX_RUNS = 1_000_000;
const MAX_UNIT = 1024 * 1024;
const KEPT_UNITS = 16;

interface Extent {
  readonly at: number;
  /** Null: a hole. */
  readonly offset: number | null;
  readonly length: number;
}

/** `parts`: the attributes of one stream, in any order. Null if there are none. */
export function streamOf(
  source: ByteSource,
  clusterSize: number,
  parts: readonly Attribute[],
  what: string,
): ByteSource | null {
  const sorted = [...parts].sort((left, right) => left.firstCluster - right.firstCluster);
  const [first] = sorted;
  if (first === undefined) return null;
  if (first.encrypted) throw new UnreadableError(`${what} is encrypted (EFS)`);
  if (first.resident !== null) return bufferSource(first.resident);
  const extents = extentsOf(sorted, clusterSize, what);
  const plain = (offset: number) => extentAt(extents, offset, source, what);
  const map = first.compressed ? compressedMap(first, clusterSize, extents, source, what) : plain;
  return mappedSource(first.size, what, (offset) => {
    // Bytes after the initialized size read as zeros, whatever the clusters contain.
    if (offset >= first.initialized) return { at: null, length: first.size - offset };
    const { at, length } = map(offset);
    return { at, length: Math.min(length, first.initialized - offset) };
  });
}

function extentsOf(parts: readonly Attribute[], clusterSize: number, what: string): Extent[] {
  const extents: Extent[] = [];
  let cluster = 0;
  for (const part of parts) {
    if (part.resident !== null || part.firstCluster !== cluster) {
      throw new UnreadableError(`${what} is missing the part from cluster ${cluster} on`);
    }
    for (const { lcn, count } of runs(part.pairs, what)) {
      extents.push({
        at: cluster * clusterSize,
        offset: lcn === null ? null : lcn * clusterSize,
        length: count * clusterSize,
      });
      cluster += count;
      if (extents.length > MAX_RUNS || !Number.isSafeInteger(cluster * clusterSize)) {
        throw new UnreadableError(`${what} has too many runs`);
      }
    }
  }
  return extents;
}

/** Mapping pairs: a byte with the lengths of two fields, the cluster count, and the distance from the previous run. */
function* runs(pairs: Buffer, what: string): Generator<{ lcn: number | null; count: number }> {
  let lcn = 0;
  for (let at = 0; at < pairs.length && pairs[at] !== 0; ) {
    const header = pairs[at] ?? 0;
    const countBytes = header & 0xf;
    const distanceBytes = header >> 4;
    const next = at + 1 + countBytes + distanceBytes;
    if (countBytes === 0 || countBytes > 6 || distanceBytes > 6 || next > pairs.length) {
      throw new UnreadableError(`${what} has an invalid run`);
    }
    const count = pairs.readUIntLE(at + 1, countBytes);
    if (distanceBytes === 0) yield { lcn: null, count };
    else {
      lcn += pairs.readIntLE(at + 1 + countBytes, distanceBytes);
      if (lcn < 0) throw new UnreadableError(`${what} has a run before the start of the volume`);
      yield { lcn, count };
    }
    at = next;
  }
}

function extentAt(
  extents: readonly Extent[],
  offset: number,
  source: ByteSource,
  what: string,
): { at: Mapping; length: number } {
  const extent = extents[indexAt(extents, offset)];
  if (extent === undefined || offset >= extent.at + extent.length) {
    throw new UnreadableError(`${what} has no cluster for byte ${offset}`);
  }
  const inside = offset - extent.at;
  const at = extent.offset === null ? null : { source, offset: extent.offset + inside };
  return { at, length: extent.length - inside };
}

/** Index of the last element that starts at or before `offset`; -1 if there is none. */
function indexAt(extents: readonly Extent[], offset: number): number {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((extents[middle]?.at ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A compression unit with all its clusters is uncompressed, one without clusters is a hole, others are compressed. */
function compressedMap(
  { unitBits }: Attribute,
  clusterSize: number,
  extents: readonly Extent[],
  source: ByteSource,
  what: string,
): (offset: number) => { at: Mapping; length: number } {
  const unitSize = clusterSize * 2 ** unitBits;
  if (unitBits === 0 || unitSize > MAX_UNIT)
    throw new UnreadableError(`${what} has compression units of ${unitSize} bytes`);
  const kept = new Map<number, Buffer | null>();
  const unit = (number: number): Buffer | null => {
    const hit = kept.get(number);
    if (hit !== undefined) return hit;
    const bytes = unitBytes(extents, number * unitSize, unitSize, source);
    if (kept.size >= KEPT_UNITS) kept.clear();
    kept.set(number, bytes);
    return bytes;
  };
  return (offset) => {
    const number = Math.floor(offset / unitSize);
    const inside = offset - number * unitSize;
    const bytes = unit(number);
    return {
      at: bytes === null ? null : { source: bufferSource(bytes), offset: inside },
      length: unitSize - inside,
    };
  };
}

/** Null: a hole. */
function unitBytes(extents: readonly Extent[], start: number, size: number, source: ByteSource): Buffer | null {
  const found: Buffer[] = [];
  let allocated = 0;
  for (let index = Math.max(0, indexAt(extents, start)); index < extents.length; index += 1) {
    const extent = extents[index];
    if (extent === undefined || extent.at >= start + size) break;
    const from = Math.max(start, extent.at);
    const length = Math.min(start + size, extent.at + extent.length) - from;
    if (extent.offset === null || length <= 0) continue;
    found.push(source.read(extent.offset + from - extent.at, length));
    allocated += length;
  }
  if (allocated === 0) return null;
  const bytes = Buffer.concat(found);
  return allocated === size ? bytes : lznt1(bytes, size);
}
