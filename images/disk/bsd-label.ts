/** The partitions in a BSD disk label, which FreeBSD, NetBSD and OpenBSD write into an MBR partition of their own. */
import type { ByteSource } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';

interface Range {
  readonly start: number;
  readonly size: number;
}

/** A partition of the MBR. */
interface Slice extends Range {
  readonly type: string;
}

const TYPES = ['0xa5', '0xa6', '0xa9'];
const MAGIC = 0x8256_4557;
const SECTOR = 512;
const UNUSED = 0;
const MAX_PARTITIONS = 16;
/** The partition `c` is the whole slice, or the whole disk. */
const WHOLE = 2;

/** As the kernel reads it: without the slice itself and without partitions outside of it. */
export function bsdPartitions(disk: ByteSource, slice: Slice): Range[] {
  if (!TYPES.includes(slice.type)) return [];
  return unlessUnreadable(
    () => readLabel(disk, slice),
    () => [],
  );
}

function readLabel(disk: ByteSource, slice: Slice): Range[] {
  const label = disk.read(slice.start + SECTOR, SECTOR);
  if (label.readUInt32LE(0) !== MAGIC || label.readUInt32LE(132) !== MAGIC) return [];
  const count = Math.min(MAX_PARTITIONS, label.readUInt16LE(138));
  const entries = Array.from({ length: count }, (_, index) => {
    const at = 148 + index * 16;
    return {
      size: label.readUInt32LE(at) * SECTOR,
      start: label.readUInt32LE(at + 4) * SECTOR,
      type: label.readUInt8(at + 12),
    };
  });
  // FreeBSD counts from the start of the slice, and then `c` starts at 0; the others count from the start of the disk.
  const isRelative = slice.type === '0xa5' && entries[WHOLE]?.start === 0;
  return entries
    .filter(({ type, size }) => type !== UNUSED && size > 0)
    .map(({ start, size }) => ({ start: isRelative ? slice.start + start : start, size }))
    .filter(({ start, size }) => start >= slice.start && start + size <= slice.start + slice.size)
    .filter(({ start, size }) => start !== slice.start || size !== slice.size);
}
