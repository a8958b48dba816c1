/**
 * The layout of a compressed QCOW2 whose parts are made and sent in any order. Part 1 has the header, then each range of the
 * disk that holds data is a part, and the last parts have the tables, whose content follows from what the other parts hold.
 * All clusters of a part come before those of the next one, and every part starts at a cluster of the file, so that a
 * part's bytes do not depend on the sizes of other parts.
 */

export const CLUSTER_BYTES = 64 * 1024;
/** What a thread compresses in one task: its plain clusters, then its compressed ones, padded to a cluster. */
export const SEGMENT_BYTES = 16 * 1024 ** 2;
export const CLUSTERS_PER_SEGMENT = SEGMENT_BYTES / CLUSTER_BYTES;
/** OSS requires 100 KiB of every part but the last; a part has whole clusters. */
export const MIN_PART_BYTES = 2 * CLUSTER_BYTES;

/** OSS accepts 10,000 parts: the header, the ranges, and the tables. */
const MAX_RANGES = 9_800;
export const MAX_TABLE_PARTS = 199;

/** How disks are cut into parts, and how the parts are sent. */
export interface PartLimits {
  /** Of a disk of known size: its ranges grow so that there are not more. */
  readonly ranges: number;
  /** A part with more segments is sent while it is compressed, without a known length, so that it need not be in memory. */
  readonly bufferedSegments: number;
}

export const PART_LIMITS: PartLimits = { ranges: MAX_RANGES, bufferedSegments: 4 };
export const HEADER_PART = 1;
const FIRST_RANGE_PART = 2;
export const FIRST_TABLE_PART = FIRST_RANGE_PART + MAX_RANGES;
/** Of a disk of unknown size: after so many ranges, they become twice as long. */
const RANGES_PER_LENGTH = 1_225;

/** A part of the disk that becomes a part of the upload, or none if it has no data. */
export interface Range {
  /** From 0. */
  readonly index: number;
  readonly part: number;
  readonly offset: number;
  /** A multiple of a segment, except at the end of a disk of known size. */
  readonly length: number;
}

/** How a disk is cut into ranges. The same for every run of an upload: a part that was sent keeps its place. */
export interface Layout {
  /** Stored with the upload: a run with another layout starts the upload again. */
  readonly name: string;
  /** Bytes of the disk; null: known when the last range has been read. */
  readonly size: number | null;
  /** The range with this index; null: after the end of the disk, or more than the layout can hold. */
  range(index: number): Range | null;
}

/** The largest disk of unknown size: 4 TiB. */
export const MAX_UNKNOWN_BYTES = offsetOfGrowing(MAX_RANGES);

/**
 * @param size bytes of the disk; null: unknown, so that the ranges grow with the offset
 * @param ranges of a disk of known size, at most
 */
export function layoutOf(size: number | null, ranges: number = PART_LIMITS.ranges): Layout {
  if (size === null) {
    return {
      name: 'qcow2/1 growing',
      size,
      range(index) {
        if (index >= MAX_RANGES) return null;
        const length = SEGMENT_BYTES * 2 ** Math.floor(index / RANGES_PER_LENGTH);
        return { index, part: FIRST_RANGE_PART + index, offset: offsetOfGrowing(index), length };
      },
    };
  }
  const segments = Math.ceil(size / SEGMENT_BYTES);
  const rangeBytes = Math.max(1, Math.ceil(segments / Math.min(ranges, MAX_RANGES))) * SEGMENT_BYTES;
  return {
    name: `qcow2/1 ${size}/${rangeBytes}`,
    size,
    range(index) {
      const offset = index * rangeBytes;
      if (offset >= size) return null;
      return { index, part: FIRST_RANGE_PART + index, offset, length: Math.min(rangeBytes, size - offset) };
    },
  };
}

function offsetOfGrowing(index: number): number {
  const doublings = Math.floor(index / RANGES_PER_LENGTH);
  const before = RANGES_PER_LENGTH * (2 ** doublings - 1);
  return SEGMENT_BYTES * (before + (index - doublings * RANGES_PER_LENGTH) * 2 ** doublings);
}

/** What a range is read and compressed in. */
export function segmentsOf({ offset, length }: Pick<Range, 'offset' | 'length'>): readonly {
  readonly offset: number;
  readonly length: number;
}[] {
  return Array.from({ length: Math.ceil(length / SEGMENT_BYTES) }, (_, index) => ({
    offset: offset + index * SEGMENT_BYTES,
    length: Math.min(SEGMENT_BYTES, length - index * SEGMENT_BYTES),
  }));
}

/** The index of the range whose part has this number. */
export function rangeIndexOf(part: number): number {
  return part - FIRST_RANGE_PART;
}

/** A part that has been sent: its length, and the size of each of its clusters in the file. */
export interface RangeNote {
  readonly index: number;
  /** Of the disk, in bytes. */
  readonly offset: number;
  /** Bytes of the part; 0: the range has no data, and there is no such part. */
  readonly length: number;
  readonly clusters: ClusterSizes;
}

/** One number for each cluster: 0 for zeros, `PLAIN`, or the bytes of the compressed cluster. */
export type ClusterSizes = Uint16Array;
/** A cluster that is stored as it is. */
export const PLAIN = 0xffff;
