/**
 * Reads the records of an XFS log from its tail to its head (XFS Algorithms & Data Structures, 3rd edition, chapter
 * "Journaling Log"; xfs_log_recover.c of Linux).
 */
import { type ByteSource, UnreadableError } from '../bytes.js';
import { ALL_BITS, crc32c } from './checksums.js';
import { DamagedLogError } from './filesystem.js';

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
export const MAX_LOG = 2 ** 31;
/** `XLOG_MAX_RECORD_BSIZE`, without the headers. */
const MAX_RECORD = (256 * 1024) / SECTOR;
/** One for every 32 KiB; the size that a record has room for may be larger than the record. */
const MAX_HEADERS = MAX_RECORD / CYCLES_IN_HEADER;
/** Buffers that may be written at the same time. */
const BUFFERS = 8;
const WRITTEN_TOGETHER = BUFFERS * MAX_RECORD;
/** From the oldest change to the newest: more takes too long to read over a network. */
const MAX_CHANGES = (128 * 1024 * 1024) / SECTOR;
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

interface LogSector {
  readonly cycle: number;
  readonly sector: number;
}

/** The fields of the first sector of a record, as they are there. */
export interface RecordHeader {
  readonly cycle: number;
  /** Where the record was written. */
  readonly place: LogSector;
  /** The oldest record whose changes may be missing in their places. */
  readonly tail: LogSector;
  readonly uuid: Buffer;
  readonly bytes: number;
  /** The size of a buffer. */
  readonly bufferBytes: number;
  readonly headerSectors: number;
  readonly dataSectors: number;
  readonly operations: number;
}

/** Null: no record begins with this sector. */
export function recordHeader(sector: Buffer): RecordHeader | null {
  if (sector.readUInt32BE(0) !== MAGIC) return null;
  const bytes = sector.readUInt32BE(12);
  const isLong = (sector.readUInt32BE(8) & VERSION_2) !== 0;
  const bufferBytes = isLong ? sector.readUInt32BE(320) : HEADER_COVERS;
  return {
    cycle: sector.readUInt32BE(4),
    place: { cycle: sector.readUInt32BE(16), sector: sector.readUInt32BE(20) },
    tail: { cycle: sector.readUInt32BE(24), sector: sector.readUInt32BE(28) },
    uuid: sector.subarray(304, 320),
    ...{ bytes, bufferBytes },
    headerSectors: Math.max(1, Math.ceil(bufferBytes / HEADER_COVERS)),
    dataSectors: Math.ceil(bytes / SECTOR),
    operations: sector.readUInt32BE(40),
  };
}

/** @param data of the record, from its first operation on */
export function isUnmountRecord({ operations }: Pick<RecordHeader, 'operations'>, data: Buffer): boolean {
  return operations === 1 && ((data[9] ?? 0) & UNMOUNT) !== 0;
}

/** Every sector begins with the cycle in which it was written, or with the magic of a record, followed by the cycle. */
export const cycleOf = (sector: Buffer) => sector.readUInt32BE(sector.readUInt32BE(0) === MAGIC ? 4 : 0);

interface LogRecord extends Pick<RecordHeader, 'cycle' | 'tail' | 'headerSectors' | 'dataSectors' | 'operations'> {
  /** False: it was not written completely, or changed later. */
  readonly isComplete: boolean;
  readonly bufferSectors: number;
  readonly sector: number;
  readonly data: () => Buffer;
}

/** @param superblock `uuid`: 16 bytes, as it has them */
export function readXfsLog(
  source: ByteSource,
  place: LogPlace,
  { uuid, version }: { readonly uuid: Buffer; readonly version: 4 | 5 },
): XfsLog {
  if (place.length < SECTOR || place.length > MAX_LOG) throw new UnreadableError(`its log has ${place.length} bytes`);
  const log = { sectors: place.length / SECTOR, uuid, read: circular(source, place) };
  const newest = newestRecord(log);
  if (newest === null) throw new UnreadableError('its log has no complete record');
  const head = newest.sector + newest.headerSectors + newest.dataSectors;
  const demandComplete = ({ sector, isComplete, bufferSectors }: LogRecord) => {
    // Version 4 has no checksums that must be right.
    if (isComplete || version === 4) return;
    // Where the log is full, the newest records may have been written over the oldest ones.
    const isOverwritten = (sector - head + log.sectors) % log.sectors <= BUFFERS * bufferSectors;
    if (isOverwritten) throw new UnreadableError('the oldest records of its log were written over');
    throw new DamagedLogError('the checksum of a record of its log is wrong');
  };
  return {
    isClean: isUnmount(newest),
    *operations() {
      let at = newest.tail;
      const changed = (newest.sector - at.sector + log.sectors) % log.sectors;
      if (changed > MAX_CHANGES) throw new UnreadableError(`it has ${changed * SECTOR} bytes of changes`);
      for (let seen = 0; seen < log.sectors; seen += 1) {
        const record = recordAt(log, at.sector);
        if (record === null || record.cycle !== at.cycle) throw new UnreadableError('a record of its log is missing');
        demandComplete(record);
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
  const newest = recordsBefore(log, end).find(({ isComplete }) => isComplete);
  if (newest === undefined || isUnmount(newest)) return newest ?? null;
  // Of the buffers that were written at the same time, those before the first incomplete one count (xlog_verify_head).
  const records = recordsBefore(log, firstUnwritten(log, end));
  let good: LogRecord | null = null;
  for (const record of records.slice(0, BUFFERS)) {
    if (!record.isComplete) good = null;
    else good ??= record;
  }
  return good ?? records[BUFFERS] ?? null;
}

const isUnmount = (record: LogRecord) => isUnmountRecord(record, record.data());

/** The records that end before a sector, complete or not, the last one first: as many as may be written at the same time, and one. */
function recordsBefore(log: Log, end: number): LogRecord[] {
  const found: LogRecord[] = [];
  // Twice, so that a whole record is among them.
  const most = Math.min(2 * WRITTEN_TOGETHER, log.sectors);
  for (let far = 0; far < most; far += READ_TOGETHER) {
    const count = Math.min(READ_TOGETHER, most - far);
    const start = (end - far - count + 2 * log.sectors) % log.sectors;
    const bytes = log.read(start, count);
    for (let index = count - 1; index >= 0; index -= 1) {
      if (bytes.readUInt32BE(index * SECTOR) !== MAGIC) continue;
      const record = recordAt(log, (start + index) % log.sectors, far + count - index);
      if (record === null) continue;
      found.push(record);
      if (found.length > BUFFERS || record.sector === found[0]?.tail.sector) return found;
    }
  }
  return found;
}
const READ_TOGETHER = 128;

/**
 * Records that are written at the same time may reach the disk in any order: the kernel reads those before the first sector
 * that was not written (xlog_find_head).
 */
function firstUnwritten(log: Log, end: number): number {
  const count = Math.min(WRITTEN_TOGETHER, log.sectors);
  const start = (end - count + log.sectors) % log.sectors;
  const bytes = log.read(start, count);
  const newest = cycleOf(log.read(0, 1));
  for (let index = 0; index < count; index += 1) {
    // The sectors at the end of the log were written in the cycle before.
    const expected = start + index < log.sectors && start >= end ? newest - 1 : newest;
    if (cycleOf(bytes.subarray(index * SECTOR, (index + 1) * SECTOR)) === expected - 1)
      return (start + index) % log.sectors;
  }
  return end;
}

/** The first sector that was not written in the newest cycle: all sectors before it were. */
function headOf(log: Log): number {
  const cycleAt = (sector: number) => cycleOf(log.read(sector, 1));
  const newest = cycleAt(0);
  let [least, most] = [1, log.sectors];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (cycleAt(middle) === newest) least = middle + 1;
    else most = middle;
  }
  return least;
}

/** Null: no record of at most so many sectors begins there. */
function recordAt(log: Log, sector: number, most = log.sectors): LogRecord | null {
  const header = recordHeader(log.read(sector, 1));
  if (header === null) return null;
  const { cycle, place, tail, headerSectors, dataSectors, operations } = header;
  if (
    place.cycle !== cycle ||
    place.sector !== sector ||
    !header.uuid.equals(log.uuid) ||
    headerSectors > MAX_HEADERS ||
    headerSectors + dataSectors > most ||
    dataSectors > Math.min(headerSectors * CYCLES_IN_HEADER, MAX_RECORD) ||
    tail.sector >= log.sectors
  )
    return null;
  const bytes = log.read(sector, headerSectors + dataSectors);
  const [headers, written] = [bytes.subarray(0, headerSectors * SECTOR), bytes.subarray(headerSectors * SECTOR)];
  return {
    isComplete: isComplete(headers, written, header.bytes),
    bufferSectors: header.bufferBytes / SECTOR,
    ...{ sector, cycle, headerSectors, dataSectors, tail, operations },
    data: () => unpacked(headers, written),
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
