/** The three formats of RPM's database: SQLite, ndb (SUSE), and Berkeley DB's hash (before 2020). Each yields the packages' headers. */
import { UnreadableError } from '../../bytes.js';
import type { GuestTree } from '../tree.js';
import type { InstalledPackage } from './package-list.js';
import { rpmPackage } from './rpm-header.js';
import { sqliteRows } from './sqlite.js';

const MAX_DATABASE = 384 * 1024 * 1024;

/** Null: the folder has no database. */
export function rpmPackages(tree: GuestTree, folder: string): Iterable<InstalledPackage | null> | null {
  const read = (name: string) => tree.bytes(`${folder}/${name}`, MAX_DATABASE);
  const sqlite = read('rpmdb.sqlite');
  if (sqlite !== null) return packagesIn(sqliteHeaders(sqlite, read('rpmdb.sqlite-wal')));
  const ndb = read('Packages.db');
  if (ndb !== null) return packagesIn(ndbHeaders(ndb));
  const hash = read('Packages');
  return hash === null ? null : packagesIn(hashHeaders(hash));
}

function* packagesIn(headers: Iterable<Buffer>): Generator<InstalledPackage | null> {
  for (const header of headers) yield rpmPackage(header);
}

function* sqliteHeaders(file: Buffer, log: Buffer | null): Generator<Buffer> {
  for (const [, blob] of sqliteRows(file, log, 'Packages')) {
    if (Buffer.isBuffer(blob)) yield blob;
  }
}

const NDB = { magic: 'RpmP', slotMagic: 'Slot', blobMagic: 'BlbS', slot: 16, page: 4096, block: 16 } as const;

/** Slots of 16 bytes after a header of two: package number, first block, number of blocks. */
export function* ndbHeaders(file: Buffer): Generator<Buffer> {
  if (file.length < NDB.page || file.toString('latin1', 0, 4) !== NDB.magic)
    throw new UnreadableError('it is not an RPM database (ndb)');
  const end = Math.min(file.length, file.readUInt32LE(12) * NDB.page);
  for (let at = 2 * NDB.slot; at + NDB.slot <= end; at += NDB.slot) {
    if (file.toString('latin1', at, at + 4) !== NDB.slotMagic) throw new UnreadableError('a slot of ndb is damaged');
    if (file.readUInt32LE(at + 4) === 0) continue;
    const blob = file.readUInt32LE(at + 8) * NDB.block;
    if (blob + 16 > file.length || file.toString('latin1', blob, blob + 4) !== NDB.blobMagic)
      throw new UnreadableError('a package in ndb is damaged');
    const length = file.readUInt32LE(blob + 12);
    if (blob + 16 + length > file.length) throw new UnreadableError('a package in ndb is cut off');
    yield file.subarray(blob + 16, blob + 16 + length);
  }
}

const HASH_MAGIC = 0x061561;
const PAGE_HEADER = 26;
const PAGE_TYPE = { unsortedHash: 2, overflow: 7, hash: 13 } as const;
/** An item on the page, and one in a chain of overflow pages. */
const ITEM = { here: 1, overflow: 3 } as const;
/** Smaller values are counters. */
const MIN_HEADER = 16;

/** Pages with pairs of keys and values. The values that are headers are in overflow pages. */
export function* hashHeaders(file: Buffer): Generator<Buffer> {
  if (file.length < 512 || file.readUInt32LE(12) !== HASH_MAGIC)
    throw new UnreadableError('it is not an RPM database (Berkeley DB hash)');
  const size = file.readUInt32LE(20);
  if (size < 512 || size > 65_536 || (size & (size - 1)) !== 0)
    throw new UnreadableError(`Berkeley DB pages of ${size} bytes are not valid`);
  for (let at = size; at + size <= file.length; at += size) {
    const page = file.subarray(at, at + size);
    const type = page.readUInt8(25);
    if (type !== PAGE_TYPE.hash && type !== PAGE_TYPE.unsortedHash) continue;
    const items = Math.min(page.readUInt16LE(20), Math.floor((size - PAGE_HEADER) / 2));
    const place = (item: number) => page.readUInt16LE(PAGE_HEADER + 2 * item);
    for (let item = 1; item < items; item += 2) {
      const start = place(item);
      if (start + 12 > size) continue;
      if (page.readUInt8(start) === ITEM.overflow) {
        yield chain(file, size, page.readUInt32LE(start + 4), page.readUInt32LE(start + 8));
      } else if (page.readUInt8(start) === ITEM.here && place(item - 1) - start > MIN_HEADER) {
        yield page.subarray(start + 1, place(item - 1));
      }
    }
  }
  if ((file.readUInt32LE(32) + 1) * size > file.length) throw new UnreadableError('the Berkeley DB is cut off');
}

function chain(file: Buffer, size: number, first: number, length: number): Buffer {
  if (length > file.length) throw new UnreadableError(`a value in Berkeley DB has ${length} bytes`);
  const value = Buffer.alloc(length);
  let number = first;
  for (let done = 0; done < length; ) {
    const at = number * size;
    if (number === 0 || at + size > file.length || file.readUInt8(at + 25) !== PAGE_TYPE.overflow)
      throw new UnreadableError('a value in Berkeley DB is cut off');
    const part = Math.min(file.readUInt16LE(at + 22), size - PAGE_HEADER);
    if (part === 0) throw new UnreadableError('a value in Berkeley DB is cut off');
    done += file.copy(value, done, at + PAGE_HEADER, at + PAGE_HEADER + part);
    number = file.readUInt32LE(at + 16);
  }
  return value;
}
