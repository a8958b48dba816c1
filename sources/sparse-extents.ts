/** Where a sparse file has no bytes of its own. */

export interface Extent {
  readonly start: number;
  readonly length: number;
}

export interface HoleMap {
  /** Bytes that the file really has. */
  readonly dataBytes: number;
  /** True where nothing of the range has to be read: it is all zeros. */
  covers(offset: number, length: number): boolean;
}

/** @param data the extents with bytes of their own, in order of their start */
export function holeMap(data: readonly Extent[]): HoleMap {
  return {
    dataBytes: data.reduce((sum, extent) => sum + extent.length, 0),
    covers(offset, length) {
      const next = data[firstEndingAfter(data, offset)];
      return next === undefined || next.start >= offset + length;
    },
  };
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
