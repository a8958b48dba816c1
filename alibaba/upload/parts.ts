/** Divides a file into parts. OSS accepts at most 10,000 parts of 100 KiB to 5 GiB each, 48.8 TB in total. */
import { sourceFailure } from '../../sources/source.js';

const MIB = 1024 * 1024;
export const MAX_PARTS = 10_000;
export const MIN_PART_BYTES = 100 * 1024;
export const MAX_PART_BYTES = 5 * 1024 * MIB;
export const DEFAULT_PART_BYTES = 8 * MIB;
export const MAX_OBJECT_BYTES = 48.8 * 1000 ** 4;

export interface Part {
  /** From 1. */
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

/** A part as the cloud lists it. */
export interface ListedPart {
  readonly number: number;
  readonly size: number;
  /** Upper-case hex without quotes: the MD5 of the part's bytes. */
  readonly etag: string;
  /** Null if the cloud does not list it. */
  readonly crc64: bigint | null;
}

/** The same for every run with the same size, so that a later run's parts match those of an earlier one. */
export function partSizeFor(size: number, wanted: number): number {
  if (size > MAX_OBJECT_BYTES) {
    const message = `the source has ${size} bytes, more than the ${MAX_OBJECT_BYTES} bytes that OSS allows for an object`;
    throw sourceFailure('TooLarge', message);
  }
  const least = Math.ceil(size / MAX_PARTS / MIB) * MIB;
  return Math.min(MAX_PART_BYTES, Math.max(MIN_PART_BYTES, wanted, size > MAX_PARTS * wanted ? least : 0));
}

export function cutIntoParts(size: number, partSize: number): Part[] {
  return Array.from({ length: Math.ceil(size / partSize) }, (_, index) => ({
    number: index + 1,
    offset: index * partSize,
    length: Math.min(partSize, size - index * partSize),
  }));
}

/**
 * The part size to continue with: that of the settings where the parts in the cloud match it, else the size that these
 * parts have, else that of a new upload. A single part may match two sizes; its checksum decides whether it is kept.
 */
export function partSizeToContinue(listed: readonly ListedPart[], size: number, wanted: number): number {
  const asNew = partSizeFor(size, wanted);
  const shown = Math.max(0, ...listed.map((part) => part.size));
  return [asNew, shown].find((partSize) => fits(listed, size, partSize)) ?? asNew;
}

function fits(listed: readonly ListedPart[], size: number, partSize: number): boolean {
  if (partSize < Math.min(size, MIN_PART_BYTES)) return false;
  const last = Math.ceil(size / partSize);
  const lastSize = size - (last - 1) * partSize;
  return (
    last <= MAX_PARTS &&
    listed.every(({ number, size: has }) => has === (number < last ? partSize : lastSize) && number <= last)
  );
}
