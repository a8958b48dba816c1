/** Where a sparse file has data: the rest reads as zeros and is not read at all. */
import type { FileHandle } from 'node:fs/promises';

export interface Extent {
  readonly start: number;
  readonly length: number;
}

export interface SparseMap {
  /** Bytes that the file really stores. */
  readonly dataBytes: number;
  /** True where the whole range is zeros, so that it need not be read. */
  isHole(offset: number, length: number): boolean;
}

/** Lists the extents of an open raw file that hold data, in order. Null: unknown, or too many to list. */
export type MapExtents = (
  file: { readonly fd: number; readonly size: number },
  signal: AbortSignal,
) => Promise<readonly Extent[] | null>;

/** A file that stores more than this share of its size has hardly any holes: mapping them saves nothing. */
const DENSE = 0.95;

/** @param data the extents that hold data, in order of their start */
export function sparseMap(data: readonly Extent[]): SparseMap {
  return {
    dataBytes: data.reduce((sum, extent) => sum + extent.length, 0),
    isHole(offset, length) {
      const next = data[firstEndingAfter(data, offset)];
      return next === undefined || next.start >= offset + length;
    },
  };
}

/** Null: the file has hardly any holes, or they are unknown. Node.js cannot query them itself (SEEK_HOLE). */
export async function dataExtents(
  file: FileHandle,
  map: MapExtents,
  signal: AbortSignal,
): Promise<readonly Extent[] | null> {
  const { size, blocks } = await file.stat();
  return blocks * 512 >= size * DENSE ? null : await map({ fd: file.fd, size }, signal);
}

function firstEndingAfter(data: readonly Extent[], offset: number): number {
  let low = 0;
  let high = data.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const extent = data[middle];
    if (extent !== undefined && extent.start + extent.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
