/**
 * Reads the records of an XFS log from its tail to its head (XFS Algorithms & Data Structures, 3rd edition, chapter
 * "Journaling Log"; xfs_log_recover.c of Linux).
 */
import { type ByteSource, UnreadableError } from '../bytes.js';
import { ALL_BITS, crc32c } from './checksums.js';

const SECTOR = 512;
const MAGIC = 0xfeedbabe;
const VERSION_2 = 2;
/** Bytes of data whose sectors one header describes. */
const HEADER_COVERS = 32_768;
const CYCLES_IN_HEADER = 64;
const EXTENDED_HEADER_BYTES = 260;
/** `sizeof(struct xlog_rec_header)`, which the checksum covers: 64-bit and 32-bit kernels. */
const HEADER_BYTES = [328, 324] as const;
const CRC = 32;
/** The largest log of XFS. */
const MAX_LOG = 2 ** 31;
/** Eight buffers of 256 KiB may be written at the same time; twice that, so that a whole record is among them. */
const WRITTEN_TOGETHER = (2 * 8 * 256 * 1024) / SECTOR;
const OPERATION_HEADER = 12;
const UNMOUNT = 0x20;

export interface LogPlace {
  /** Bytes from the start of the file system. */
  readonly offset: number;
  readonly length: number;
}

/** A part of a transaction, as the kernel wrote it. */
export interface LogOperation {
  readonly transaction: number;
  readonly flags: number;
  readonly bytes: Buffer;
}

export interface XfsLog {
  /** The newest record is the one of an unmount: there is nothing to replay. */
  readonly isClean: boolean;
  /** From the oldest change that may be missing in its place to the newest. Can be called repeatedly. */
  operations(): Generator<LogOperation>;
}

interface LogRecord {
  readonly sector: number;
  readonly cycle: number;
  readonly headerSectors: number;
  readonly dataSectors: number;
  readonly operations: number;
  readonly tail: { readonly cycle: number; readonly sector: number };
  readonly data: () => Buffer;
}

/** @param uuid 16 bytes, as the superblock has them */
export function readXfsLog(source: ByteSource, place: LogPlace, uuid: Buffer): XfsLog {
  if (place.length < SECTOR || place.length > MAX_LOG) throw new UnreadableError(`its log has ${place.length} bytes`);
  const log = { sectors: place.length / SECTOR, uuid, read: circular(source, place) };
  const newest = newestRecord(log);
  if (newest === null) throw new UnreadableError('its log has no complete record');
  const isClean = newest.operations === 1 && ((newest.data()[9] ?? 0) & UNMOUNT) !== 0;
  return {
    isClean,
    *operations() {
      let at = newest.tail;
      for (let seen = 0; seen < log.sectors; seen += 1) {
        const record = recordAt(log, at.sector);
        if (record === null || record.cycle !== at.cycle) throw new UnreadableError('a record of its log is missing');
        yield* operationsOf(record);
        if (record.sector === newest.sector) return;
        const next = record.sector + record.headerSectors + record.dataSectors;
        const isWrapped = next >= log.sectors;
        at = { sector: next % log.sectors, cycle: nextCycle(record.cycle, isWrapped) };
      }
    },
  };
}

interface Log {
  readonly sectors: number;
  readonly uuid: Buffer;
  /** Continues at the start of the log after its end. */
  readonly read: (sector: number, count: number) => Buffer;
}

function circular(source: ByteSource, { offset, length }: LogPlace): Log['read'] {
  const sectors = length / SECTOR;
  return (sector, count) => {
    const first = Math.min(count, sectors - sector);
    const start = source.read(offset + sector * SECTOR, first * SECTOR);
    return first === count ? start : Buffer.concat([start, source.read(offset, (count - first) * SECTOR)]);
  };
}

/** The magic is never a cycle. */
const nextCycle = (cycle: number, isWrapped: boolean) => {
  if (!isWrapped) return cycle;
  return cycle + 1 === MAGIC ? MAGIC + 1 : cycle + 1;
};

function newestRecord(log: Log): LogRecord | null {
  const end = headOf(log);
  for (let back = 1; back <= Math.min(WRITTEN_TOGETHER, log.sectors); back += 1) {
    const record = recordAt(log, (end - back + log.sectors) % log.sectors);
    if (record !== null && record.headerSectors + record.dataSectors <= back) return record;
  }
  return null;
}

/** The first sector that was not written in the newest cycle: all sectors before it were. */
function headOf(log: Log): number {
  // Every sector begins with the cycle in which it was written, or with the magic of a record, followed by the cycle.
  const cycleAt = (sector: number) => {
    const bytes = log.read(sector, 1);
    return bytes.readUInt32BE(bytes.readUInt32BE(0) === MAGIC ? 4 : 0);
  };
  const newest = cycleAt(0);
  let [least, most] = [1, log.sectors];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (cycleAt(middle) === newest) least = middle + 1;
    else most = middle;
  }
  return least;
}

/** Null: no record begins there, or it was not written completely. */
function recordAt(log: Log, sector: number): LogRecord | null {
  const header = log.read(sector, 1);
  const cycle = header.readUInt32BE(4);
  const dataSectors = Math.ceil(header.readUInt32BE(12) / SECTOR);
  const isLong = (header.readUInt32BE(8) & VERSION_2) !== 0;
  const headerSectors = isLong ? Math.max(1, Math.ceil(header.readUInt32BE(320) / HEADER_COVERS)) : 1;
  if (
    header.readUInt32BE(0) !== MAGIC ||
    header.readUInt32BE(16) !== cycle ||
    header.readUInt32BE(20) !== sector ||
    !header.subarray(304, 320).equals(log.uuid) ||
    headerSectors + dataSectors > log.sectors ||
    dataSectors > headerSectors * CYCLES_IN_HEADER
  )
    return null;
  const tail = { cycle: header.readUInt32BE(24), sector: header.readUInt32BE(28) };
  if (tail.sector >= log.sectors) return null;
  const read = () => {
    const bytes = log.read(sector, headerSectors + dataSectors);
    return { headers: bytes.subarray(0, headerSectors * SECTOR), written: bytes.subarray(headerSectors * SECTOR) };
  };
  const { headers, written } = read();
  if (!isComplete(headers, written, header.readUInt32BE(12))) return null;
  return {
    ...{ sector, cycle, headerSectors, dataSectors, tail, operations: header.readUInt32BE(40) },
    data() {
      const again = read();
      return unpacked(again.headers, again.written);
    },
  };
}

/** Version 4 has no checksum: each sector says in which cycle it was written. */
function isComplete(headers: Buffer, written: Buffer, length: number): boolean {
  const expected = headers.readUInt32LE(CRC);
  if (expected !== 0) return HEADER_BYTES.some((size) => checksum(headers, written, length, size) === expected);
  const cycle = headers.readUInt32BE(4);
  for (let at = 0; at < written.length; at += SECTOR) {
    const found = written.readUInt32BE(at);
    if (found !== cycle && found !== nextCycle(cycle, true)) return false;
  }
  return true;
}

function checksum(headers: Buffer, written: Buffer, length: number, headerBytes: number): number {
  let value = crc32c(ALL_BITS.crc32c, headers.subarray(0, CRC));
  value = crc32c(value, Buffer.alloc(4));
  value = crc32c(value, headers.subarray(CRC + 4, headerBytes));
  // Only those that the data needs, although a record has room for more.
  const needed = Math.min(Math.ceil(length / HEADER_COVERS) * SECTOR, headers.length);
  for (let at = SECTOR; at < needed; at += SECTOR)
    value = crc32c(value, headers.subarray(at, at + EXTENDED_HEADER_BYTES));
  return ~crc32c(value, written.subarray(0, length)) >>> 0;
}

/** The first four bytes of each sector were replaced by the cycle; the headers keep them. */
function unpacked(headers: Buffer, written: Buffer): Buffer {
  const data = Buffer.from(written);
  for (let index = 0; index * SECTOR < data.length; index += 1) {
    const header = Math.floor(index / CYCLES_IN_HEADER) * SECTOR;
    const kept = header + (header === 0 ? 44 : 4) + (index % CYCLES_IN_HEADER) * 4;
    headers.copy(data, index * SECTOR, kept, kept + 4);
  }
  return data;
}

function* operationsOf(record: LogRecord): Generator<LogOperation> {
  const data = record.data();
  let at = 0;
  for (let index = 0; index < record.operations; index += 1) {
    if (at + OPERATION_HEADER > data.length) throw new UnreadableError('a record of its log ends too early');
    const length = data.readUInt32BE(at + 4);
    const start = at + OPERATION_HEADER;
    if (start + length > data.length) throw new UnreadableError('a record of its log ends too early');
    yield {
      transaction: data.readUInt32BE(at),
      flags: data.readUInt8(at + 9),
      bytes: data.subarray(start, start + length),
    };
    at = start + length;
  }
}
