/** Sorted ranges of free bytes, of which there are at most so many that they fit into memory. */
import type { Extent } from '../disk/volumes.js';

export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** 3 MiB as numbers. A disk of 2 TiB with more ranges is fragmented so much that the smallest ones save little. */
export const MAX_RANGES = 200_000;

/** Sorts and joins ranges. If there are too many, the smallest are left out. */
export class RangeCollector {
  private ranges: Range[] = [];
  private least = 1;

  add(range: Range): void {
    if (range.length < this.least) return;
    const last = this.ranges.at(-1);
    if (last !== undefined && last.offset + last.length === range.offset) {
      this.ranges[this.ranges.length - 1] = { offset: last.offset, length: last.length + range.length };
      return;
    }
    this.ranges.push(range);
    while (this.ranges.length > 2 * MAX_RANGES) this.shorten();
  }

  /** At most MAX_RANGES, in order, without overlaps. */
  sorted(): readonly Range[] {
    const joined: Range[] = [];
    for (const range of this.ranges.sort((left, right) => left.offset - right.offset)) {
      const last = joined.at(-1);
      const end = last === undefined ? -1 : last.offset + last.length;
      if (last === undefined || range.offset > end) joined.push(range);
      else {
        const length = Math.max(end, range.offset + range.length) - last.offset;
        joined[joined.length - 1] = { offset: last.offset, length };
      }
    }
    this.ranges = joined;
    while (this.ranges.length > MAX_RANGES) this.shorten();
    return this.ranges;
  }

  private shorten(): void {
    this.least *= 2;
    this.ranges = this.ranges.filter(({ length }) => length >= this.least);
  }
}

const SECTOR = 512;

/** The whole sectors of each range: the gap before it, then its length. */
export function packSectors(ranges: readonly Range[]): number[] {
  const sectors: number[] = [];
  let end = 0;
  for (const { offset, length } of ranges) {
    const first = Math.ceil(offset / SECTOR);
    const count = Math.floor((offset + length) / SECTOR) - first;
    if (count <= 0) continue;
    sectors.push(first - end, count);
    end = first + count;
  }
  return sectors;
}

/** Null: not what `packSectors` returns for a disk of this size. */
export function unpackSectors(sectors: readonly number[], diskBytes: number): readonly Range[] | null {
  const ranges: Range[] = [];
  let end = 0;
  for (let index = 0; index + 1 < sectors.length; index += 2) {
    const [gap = -1, count = -1] = sectors.slice(index, index + 2);
    const first = end + gap;
    end = first + count;
    if (!(gap >= 0 && count > 0 && end * SECTOR <= diskBytes && Number.isSafeInteger(end))) return null;
    ranges.push({ offset: first * SECTOR, length: count * SECTOR });
  }
  return sectors.length % 2 === 0 ? ranges : null;
}

/** The parts of the disk that hold a range of a volume. */
export function* onDisk(extents: readonly Extent[], range: Range): Generator<Range> {
  for (const { at, offset, length } of extents) {
    const from = Math.max(at, range.offset);
    const end = Math.min(at + length, range.offset + range.length);
    if (end > from) yield { offset: offset + from - at, length: end - from };
  }
}

/** Runs of bits that are 0, the first bit of each byte being its lowest: `from` and `count` in bits. */
export function* zeroBits(
  bitmap: Uint8Array,
  bits: number,
): Generator<{ readonly from: number; readonly count: number }> {
  let from = -1;
  for (let bit = 0; bit < bits; ) {
    const byte = bitmap[bit >> 3] ?? 0xff;
    const isStart = (bit & 7) === 0 && bit + 8 <= bits;
    if (isStart && (byte === 0xff || byte === 0)) {
      if (byte === 0 && from < 0) from = bit;
      if (byte === 0xff && from >= 0) {
        yield { from, count: bit - from };
        from = -1;
      }
      bit += 8;
      continue;
    }
    const isFree = ((byte >> (bit & 7)) & 1) === 0;
    if (isFree && from < 0) from = bit;
    if (!isFree && from >= 0) {
      yield { from, count: bit - from };
      from = -1;
    }
    bit += 1;
  }
  if (from >= 0) yield { from, count: bits - from };
}
