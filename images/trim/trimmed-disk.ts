/** A disk whose free bytes read as zeros. */
import { type ByteSource, mappedSource } from '../bytes.js';
import type { Range } from './ranges.js';

/** Ranges as pairs of offset and length, in order: they can be shared between threads. */
export type PackedRanges = Float64Array<ArrayBufferLike>;

export function packRanges(ranges: readonly Range[]): PackedRanges {
  const packed = new Float64Array(new SharedArrayBuffer(ranges.length * 2 * Float64Array.BYTES_PER_ELEMENT));
  for (const [index, { offset, length }] of ranges.entries()) packed.set([offset, length], index * 2);
  return packed;
}

export function trimmedDisk(disk: ByteSource, free: PackedRanges): ByteSource {
  if (free.length === 0) return disk;
  return mappedSource(disk.size, 'the disk', (offset) => {
    const index = firstEndingAfter(free, offset);
    const start = free[index * 2] ?? disk.size;
    if (start > offset) return { at: { source: disk, offset }, length: Math.min(start, disk.size) - offset };
    return { at: null, length: Math.min(disk.size, start + (free[index * 2 + 1] ?? 0)) - offset };
  });
}

/** The index of the first range that ends after this byte; the number of ranges if there is none. */
function firstEndingAfter(free: PackedRanges, offset: number): number {
  let low = 0;
  let high = free.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const end = (free[middle * 2] ?? 0) + (free[middle * 2 + 1] ?? 0);
    if (end > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
