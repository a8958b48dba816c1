/**
 * Whether an XFS log is empty: its newest record is the one of an unmount, and no block after it belongs to a newer write.
 * A log that is not empty may allocate blocks that the trees show as free.
 */
import { type ByteSource, u64be } from '../bytes.js';
import type { Range } from './ranges.js';

const SECTOR = 512;
const MAGIC = 0xfeedbabe;
const UNMOUNT = 0x20;
const HEADER_COVERS = 32_768;
const VERSION_2 = 2;
const PIECE = 1024 * 1024;
/** The largest log of XFS. */
const MAX_LOG = 2 ** 31;

interface NewestRecord {
  readonly cycle: number;
  readonly sector: number;
}

export function xfsLogIsClean(source: ByteSource, log: Range): boolean {
  if (log.length === 0 || log.length > MAX_LOG) return false;
  const sectors = log.length / SECTOR;
  const cycles = new Uint32Array(sectors);
  let newest: NewestRecord | null = null;
  for (let done = 0; done < log.length; done += PIECE) {
    const piece = source.read(log.offset + done, Math.min(PIECE, log.length - done));
    for (let at = 0; at < piece.length; at += SECTOR) {
      const sector = (done + at) / SECTOR;
      const isHeader = piece.readUInt32BE(at) === MAGIC;
      // Every other sector starts with the cycle in which it was written.
      const cycle = piece.readUInt32BE(at + (isHeader ? 4 : 0));
      cycles[sector] = cycle;
      if (isHeader && (newest === null || cycle >= newest.cycle)) newest = { cycle, sector };
    }
  }
  if (newest === null) return false;
  const header = source.read(log.offset + newest.sector * SECTOR, SECTOR);
  const isHere = u64be(header, 16) === newest.cycle * 2 ** 32 + newest.sector;
  const isLong = (header.readUInt32BE(8) & VERSION_2) !== 0;
  const headerSectors = isLong ? Math.max(1, Math.ceil(header.readUInt32BE(320) / HEADER_COVERS)) : 1;
  const data = newest.sector + headerSectors;
  const end = data + Math.ceil(header.readUInt32BE(12) / SECTOR);
  if (!isHere || header.readUInt32BE(40) !== 1 || end > sectors || data >= sectors) return false;
  const operation = source.read(log.offset + data * SECTOR, SECTOR);
  if ((operation.readUInt8(9) & UNMOUNT) === 0) return false;
  const { cycle } = newest;
  return cycles.every((written, sector) => (sector < end ? written <= cycle : written < cycle));
}
