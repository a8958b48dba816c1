/** Reads the rows of one table of an SQLite database (sqlite.org/fileformat2.html), with what is committed in its write-ahead log. */
import { UnreadableError } from '../../bytes.js';

const HEADER = 100;
const INTERIOR_TABLE = 0x05;
const LEAF_TABLE = 0x0d;
const MAX_DEPTH = 20;
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const WAL_MAGIC = 0x377f0682;

export type Column = number | string | Buffer | null;

/** Columns of each row, in the order of the rows' numbers. Throws UnreadableError if there is no such table. */
export function* sqliteRows(file: Buffer, log: Buffer | null, table: string): Generator<readonly Column[]> {
  const pages = pagesOf(file, log);
  for (const [type, name, , root] of tableRows(pages, 1)) {
    if (type !== 'table' || name !== table || typeof root !== 'number') continue;
    yield* tableRows(pages, root);
    return;
  }
  throw new UnreadableError(`the SQLite database has no table ${table}`);
}

interface Pages {
  readonly usable: number;
  page(number: number): Buffer;
}

function pagesOf(file: Buffer, log: Buffer | null): Pages {
  if (file.length < HEADER || file.toString('latin1', 0, 15) !== 'SQLite format 3')
    throw new UnreadableError('it is not an SQLite database');
  const size = file.readUInt16BE(16) === 1 ? 65_536 : file.readUInt16BE(16);
  if (size < 512 || (size & (size - 1)) !== 0) throw new UnreadableError(`SQLite pages of ${size} bytes are not valid`);
  const logged = log === null ? new Map<number, number>() : loggedPages(log, size);
  return {
    usable: size - file.readUInt8(20),
    page(number) {
      const inLog = logged.get(number);
      const source = inLog === undefined || log === null ? file : log;
      const at = inLog ?? (number - 1) * size;
      if (number < 1 || at + size > source.length) throw new UnreadableError(`SQLite page ${number} does not exist`);
      return source.subarray(at, at + size);
    },
  };
}

/** Where the log has the latest committed version of each page. */
function loggedPages(log: Buffer, size: number): ReadonlyMap<number, number> {
  const committed = new Map<number, number>();
  if (log.length < WAL_HEADER) return committed;
  const isBig = log.readUInt32BE(0) === WAL_MAGIC + 1;
  if ((!isBig && log.readUInt32BE(0) !== WAL_MAGIC) || log.readUInt32BE(8) !== size) return committed;
  let sums = checksum(log.subarray(0, WAL_HEADER - 8), isBig, [0, 0]);
  const pending = new Map<number, number>();
  for (let at = WAL_HEADER; at + FRAME_HEADER + size <= log.length; at += FRAME_HEADER + size) {
    // The salts and the checksums differ in frames that an earlier log left behind.
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break;
    sums = checksum(log.subarray(at, at + 8), isBig, sums);
    sums = checksum(log.subarray(at + FRAME_HEADER, at + FRAME_HEADER + size), isBig, sums);
    if (log.readUInt32BE(at + 16) !== sums[0] || log.readUInt32BE(at + 20) !== sums[1]) break;
    pending.set(log.readUInt32BE(at), at + FRAME_HEADER);
    if (log.readUInt32BE(at + 4) === 0) continue;
    for (const [page, offset] of pending) committed.set(page, offset);
    pending.clear();
  }
  return committed;
}

function checksum(bytes: Buffer, isBig: boolean, sums: readonly [number, number]): [number, number] {
  let [first, second] = sums;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    first = (first + (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + second) >>> 0;
    second = (second + (isBig ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + first) >>> 0;
  }
  return [first, second];
}

function* tableRows(pages: Pages, root: number): Generator<readonly Column[]> {
  const seen = new Set<number>();
  const walk = function* (number: number, depth: number): Generator<readonly Column[]> {
    if (depth > MAX_DEPTH || seen.has(number)) throw new UnreadableError('an SQLite table refers to itself');
    seen.add(number);
    const page = pages.page(number);
    const header = number === 1 ? HEADER : 0;
    const kind = page.readUInt8(header);
    if (kind !== LEAF_TABLE && kind !== INTERIOR_TABLE)
      throw new UnreadableError(`SQLite page ${number} is not a part of a table`);
    const cells = page.readUInt16BE(header + 3);
    const pointers = header + (kind === LEAF_TABLE ? 8 : 12);
    for (let cell = 0; cell < cells; cell += 1) {
      const at = page.readUInt16BE(pointers + 2 * cell);
      if (kind === LEAF_TABLE) yield columns(payload(pages, page, at));
      else yield* walk(page.readUInt32BE(at), depth + 1);
    }
    if (kind === INTERIOR_TABLE) yield* walk(page.readUInt32BE(header + 8), depth + 1);
  };
  yield* walk(root, 0);
}

const MAX_PAYLOAD = 64 * 1024 * 1024;

/** A cell's content: its beginning in the page, the rest in a chain of overflow pages. */
function payload({ usable, page }: Pages, leaf: Buffer, start: number): Buffer {
  const length = varint(leaf, start);
  const rowId = varint(leaf, length.end);
  const most = usable - 35;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const rest = least + ((length.value - least) % (usable - 4));
  const local = length.value <= most ? length.value : rest <= most ? rest : least;
  const at = rowId.end;
  if (length.value <= most) return leaf.subarray(at, at + local);
  if (length.value > MAX_PAYLOAD) throw new UnreadableError(`an SQLite row has ${length.value} bytes`);
  const parts = [leaf.subarray(at, at + local)];
  let next = leaf.readUInt32BE(at + local);
  for (let done = local; done < length.value; ) {
    const overflow = page(next);
    const part = overflow.subarray(4, 4 + Math.min(usable - 4, length.value - done));
    parts.push(part);
    done += part.length;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

function columns(record: Buffer): Column[] {
  const header = varint(record, 0);
  const found: Column[] = [];
  let at = header.value;
  for (let place = header.end; place < header.value; ) {
    const type = varint(record, place);
    place = type.end;
    const { value, length } = column(record, at, type.value);
    if (at + length > record.length) throw new UnreadableError('an SQLite row is cut off');
    found.push(value);
    at += length;
  }
  return found;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function column(record: Buffer, at: number, type: number): { readonly value: Column; readonly length: number } {
  if (type === 8 || type === 9) return { value: type - 8, length: 0 };
  if (type >= 12) {
    const length = Math.floor((type - 12) / 2);
    const bytes = record.subarray(at, at + length);
    return { value: type % 2 === 0 ? bytes : bytes.toString('utf8'), length };
  }
  const length = type === 7 ? 8 : (INTEGER_BYTES[type] ?? 0);
  // Floating-point numbers and integers of 8 bytes are in no table that is read here.
  const isInteger = length > 0 && length <= 6 && at + length <= record.length;
  return { value: isInteger ? record.readIntBE(at, length) : null, length };
}

function varint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) throw new UnreadableError('an SQLite integer is cut off');
    if (index === 8) return { value: value * 256 + byte, end: start + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return { value, end: start + 9 };
}
