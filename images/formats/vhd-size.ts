/**
 * The size of a VHD's disk. A footer records it twice: as bytes (Current Size) and as a geometry of cylinders, heads and
 * sectors. The specification says that Current Size is the disk's size. Microsoft Virtual PC shows the guest the size by
 * the geometry; VirtualBox caps the geometry at 8 GiB; Hyper-V rounds it down. The data decide which one is right.
 */
import { type ByteSource, UnreadableError } from '../bytes.js';
import { endOfPartitions } from '../disk/partitions.js';

export interface FooterSizes {
  readonly currentSize: number;
  readonly geometrySize: number;
  readonly creator: string;
}

export interface SizeEvidence {
  readonly capacity: number;
  readonly storedEnd: number;
  readonly disk: (size: number) => ByteSource;
}

export interface ChosenSize {
  readonly size: number;
  /** For a finding, e.g. `by its current size`. */
  readonly reason: string;
  /** QEMU without options, or a program that reads only one of the fields, would see another disk. */
  readonly isAmbiguous: boolean;
}

/** Creators whose images QEMU reads by Current Size (block/vpc.c). It reads all others by their geometry. */
const CURRENT_SIZE_CREATORS = ['win ', 'qem2', 'd2v ', 'CTXS', 'tap\0', 'wa\0\0', 'vs  '];
const MAX_GEOMETRY = 65_535 * 16 * 255 * 512;

/** The first size that the file has room for and that covers all partitions and stored blocks; else Current Size. */
export function chooseSize(footer: FooterSizes, copy: FooterSizes | null, evidence: SizeEvidence): ChosenSize {
  const candidates = [
    { size: footer.currentSize, reason: 'by its current size' },
    { size: copy?.currentSize ?? 0, reason: 'by the current size in the copy of its footer' },
    { size: footer.geometrySize, reason: 'by its geometry' },
    { size: copy?.geometrySize ?? 0, reason: 'by the geometry in the copy of its footer' },
  ];
  const possible = candidates.filter(({ size }) => size > 0 && size <= evidence.capacity);
  const usedEnd = Math.max(
    evidence.storedEnd,
    partitionsEnd(evidence, Math.max(0, ...possible.map(({ size }) => size))),
  );
  const [first] = candidates;
  const chosen = possible.find(({ size }) => size >= usedEnd) ?? first ?? { size: 0, reason: '' };
  const isAmbiguous =
    chosen.size !== footer.currentSize ||
    (copy !== null && copy.currentSize !== footer.currentSize) ||
    chosen.size !== readByQemu(copy ?? footer);
  return { ...chosen, isAmbiguous };
}

function readByQemu({ currentSize, geometrySize, creator }: FooterSizes): number {
  const byCurrentSize = CURRENT_SIZE_CREATORS.includes(creator) || geometrySize === MAX_GEOMETRY || geometrySize === 0;
  return byCurrentSize ? currentSize : geometrySize;
}

function partitionsEnd({ disk }: SizeEvidence, largest: number): number {
  try {
    return endOfPartitions(disk(largest));
  } catch (error) {
    // A damaged table is no evidence. The inspection of the disk reports it.
    if (error instanceof UnreadableError || error instanceof RangeError) return 0;
    throw error;
  }
}
