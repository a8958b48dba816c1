/**
 * Whether an XFS log is empty: its newest record is the one of an unmount, and no block after it belongs to a newer write.
 * A log that is not empty may allocate blocks that the trees show as free. In contrast to the reader of file systems, this reads
 * every sector: what the log does not prove is a reason to send all blocks.
 */
import type { ByteSource } from '../bytes.js';
import { cycleOf, isUnmountRecord, MAX_LOG, recordHeader } from '../filesystems/xfs-log.js';
import type { Range } from './ranges.js';

const SECTOR = 512;
const PIECE = 1024 * 1024;

export function xfsLogIsClean(source: ByteSource, log: Range): boolean {
  if (log.length === 0 || log.length > MAX_LOG) return false;
  const sectors = log.length / SECTOR;
  const cycles = new Uint32Array(sectors);
  let newest = -1;
  for (let done = 0; done < log.length; done += PIECE) {
    const piece = source.read(log.offset + done, Math.min(PIECE, log.length - done));
    for (let at = 0; at < piece.length; at += SECTOR) {
      const index = (done + at) / SECTOR;
      const sector = piece.subarray(at, at + SECTOR);
      const cycle = cycleOf(sector);
      cycles[index] = cycle;
      if (recordHeader(sector) !== null && cycle >= (cycles[newest] ?? 0)) newest = index;
    }
  }
  if (newest < 0) return false;
  const read = (sector: number) => source.read(log.offset + sector * SECTOR, SECTOR);
  const header = recordHeader(read(newest));
  if (header === null || header.place.cycle !== header.cycle || header.place.sector !== newest) return false;
  const data = newest + header.headerSectors;
  const end = data + header.dataSectors;
  if (end > sectors || data >= sectors || !isUnmountRecord(header, read(data))) return false;
  return cycles.every((written, sector) => (sector < end ? written <= header.cycle : written < header.cycle));
}
