/** Tar archives: ustar, GNU and PAX headers, sparse files in all their forms. Lists the files; extracts nothing. */
import { type ByteSource, mappedSource, slice, UnreadableError } from '../bytes.js';

const BLOCK = 512;
const MAX_ENTRIES = 1_000;
const MAX_METADATA = 1024 * 1024;
const MAX_EXTENTS = 1_000_000;
const INVALID_SIZE = 'a tar header has an invalid size';

export interface TarFile {
  readonly name: string;
  /** Where its data start in the archive, and how many bytes they take there. */
  readonly offset: number;
  readonly storedSize: number;
  /** Of the extracted file. */
  readonly size: number;
  /** Where the stored bytes belong in the extracted file; null: it is stored whole. */
  readonly extents: readonly TarExtent[] | null;
}

export interface TarExtent {
  /** In the extracted file. */
  readonly start: number;
  readonly length: number;
  /** In the archive. */
  readonly offset: number;
}

/** Attributes that a PAX or GNU header sets for the next entry. */
interface Attributes {
  readonly pax: readonly (readonly [key: string, value: string])[];
  readonly longName: string | null;
}

const NO_ATTRIBUTES: Attributes = { pax: [], longName: null };

/** True for a block that starts a tar entry. Archives from before POSIX have no magic, only a checksum. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK || block[0] === 0) return false;
  return block.toString('latin1', 257, 262) === 'ustar' || hasChecksum(block);
}

/**
 * The regular files of an archive. Throws UnreadableError where it is damaged or ends within a file.
 * `isPrefix`: only the beginning of the archive is there, so the last file may extend past the end.
 */
export function tarFiles(archive: ByteSource, isPrefix = false): readonly TarFile[] {
  const files: TarFile[] = [];
  let attributes = NO_ATTRIBUTES;
  let entries = 0;
  for (let at = 0; at + BLOCK <= archive.size && entries < MAX_ENTRIES; entries += 1) {
    const header = archive.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (!isTarHeader(header)) throw new UnreadableError(`no tar header at byte ${at}`);
    const type = header.toString('latin1', 156, 157);
    const sizeText = lastOf(attributes.pax, 'size');
    const storedSize = sizeText === null ? sizeIn(header, 124) : decimal(sizeText);
    const sparse = type === 'S' ? oldSparseMap(archive, at, header) : null;
    const offset = sparse?.dataAt ?? at + BLOCK;
    const isCutOff = offset + storedSize > archive.size;
    if (isCutOff && !isPrefix) throw new UnreadableError(`the archive ends within the entry at byte ${at}`);
    if (type === 'x' || type === 'L' || type === 'K') {
      attributes = isCutOff ? NO_ATTRIBUTES : withMetadata(attributes, type, archive, offset, storedSize);
    } else {
      if (isRegular(type)) files.push(fileOf(archive, header, attributes, { offset, storedSize }, sparse));
      // Global attributes (g) stay without effect: no program sets sizes or sparse maps for all entries.
      if (type !== 'g') attributes = NO_ATTRIBUTES;
    }
    at = offset + Math.ceil(storedSize / BLOCK) * BLOCK;
  }
  return files;
}

/** The extracted file, read in place. */
export function tarFileBytes(archive: ByteSource, file: TarFile, what: string): ByteSource {
  const { extents, size } = file;
  if (extents === null) return slice(archive, file.offset, size, what);
  return mappedSource(size, what, (position) => {
    const next = extents[firstEndingAfter(extents, position)];
    if (next === undefined) return { at: null, length: size - position };
    if (next.start > position) return { at: null, length: next.start - position };
    const inside = position - next.start;
    return { at: { source: archive, offset: next.offset + inside }, length: next.length - inside };
  });
}

function firstEndingAfter(extents: readonly TarExtent[], position: number): number {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const extent = extents[middle];
    if (extent !== undefined && extent.start + extent.length <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `0`, NUL and `7` (contiguous) are whole files, `S` is GNU's sparse file. Folders, links and devices have no data. */
function isRegular(type: string): boolean {
  return type === '0' || type === '\0' || type === '7' || type === 'S';
}

interface SparseMap {
  readonly dataAt: number;
  readonly size: number;
  /** Pairs of start and length in the extracted file. */
  readonly numbers: readonly number[];
}

function fileOf(
  archive: ByteSource,
  header: Buffer,
  { pax, longName }: Attributes,
  stored: { readonly offset: number; readonly storedSize: number },
  oldSparse: SparseMap | null,
): TarFile {
  const sparse = oldSparse ?? paxSparseMap(archive, pax, stored.offset);
  const name = lastOf(pax, 'GNU.sparse.name') ?? lastOf(pax, 'path') ?? longName ?? nameIn(header);
  if (sparse === null) return { name, ...stored, size: stored.storedSize, extents: null };
  return { name, ...stored, size: sparse.size, extents: extentsOf(sparse, stored) };
}

function extentsOf(
  { dataAt, size, numbers }: SparseMap,
  stored: { readonly offset: number; readonly storedSize: number },
): readonly TarExtent[] {
  const extents: TarExtent[] = [];
  let offset = dataAt;
  let end = 0;
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const start = numbers[index] ?? 0;
    const length = numbers[index + 1] ?? 0;
    if (length === 0) continue;
    if (start < end || start + length > size)
      throw new UnreadableError('a sparse file in the archive has a damaged map');
    extents.push({ start, length, offset });
    offset += length;
    end = start + length;
  }
  if (offset > stored.offset + stored.storedSize) {
    throw new UnreadableError('a sparse file in the archive has less data than its map');
  }
  return extents;
}

/** GNU's sparse header: four pairs in the header, 21 in each block that extends it. */
function oldSparseMap(archive: ByteSource, at: number, header: Buffer): SparseMap {
  const numbers: number[] = [];
  const take = (block: Buffer, start: number, pairs: number) => {
    for (let field = 0; field < pairs * 2; field += 1) numbers.push(sizeIn(block, start + field * 12));
  };
  take(header, 386, 4);
  let dataAt = at + BLOCK;
  for (let isExtended = header[482] === 1; isExtended; ) {
    if (numbers.length > MAX_EXTENTS * 2) throw new UnreadableError('a sparse file in the archive has too many parts');
    const block = archive.read(dataAt, BLOCK);
    take(block, 0, 21);
    isExtended = block[504] === 1;
    dataAt += BLOCK;
  }
  return { dataAt, size: sizeIn(header, 483), numbers };
}

/** The PAX forms 0.0 (repeated keys), 0.1 (one key) and 1.0 (a map before the data). */
function paxSparseMap(archive: ByteSource, pax: Attributes['pax'], offset: number): SparseMap | null {
  const size = lastOf(pax, 'GNU.sparse.realsize') ?? lastOf(pax, 'GNU.sparse.size');
  if (size === null) return null;
  if (lastOf(pax, 'GNU.sparse.major') === '1') return { ...mapBeforeData(archive, offset), size: decimal(size) };
  const map = lastOf(pax, 'GNU.sparse.map');
  const numbers =
    map === null
      ? pax.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes').map(([, value]) => value)
      : map.split(',');
  if (numbers.length > MAX_EXTENTS * 2) throw new UnreadableError('a sparse file in the archive has too many parts');
  return { dataAt: offset, size: decimal(size), numbers: numbers.map(decimal) };
}

function mapBeforeData(archive: ByteSource, offset: number): Omit<SparseMap, 'size'> {
  const numbers: number[] = [];
  let dataAt = offset;
  let rest = '';
  let wanted = 1;
  while (numbers.length < wanted) {
    const lines = (rest + archive.read(dataAt, BLOCK).toString('latin1')).split('\n');
    dataAt += BLOCK;
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (numbers.length < wanted) numbers.push(decimal(line));
      if (numbers.length === 1) wanted = 1 + 2 * Math.min(numbers[0] ?? 0, MAX_EXTENTS);
    }
  }
  return { dataAt, numbers: numbers.slice(1) };
}

function withMetadata(
  attributes: Attributes,
  type: string,
  archive: ByteSource,
  offset: number,
  size: number,
): Attributes {
  if (size > MAX_METADATA * 32) throw new UnreadableError(`a tar header has ${size} bytes of attributes`);
  const bytes = archive.read(offset, size);
  if (type === 'x') return { ...attributes, pax: paxRecords(bytes) };
  if (type === 'L') return { ...attributes, longName: untilNul(bytes) };
  return attributes;
}

/** Records of the form `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record. */
function paxRecords(bytes: Buffer): Attributes['pax'] {
  const records: (readonly [string, string])[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space));
    if (!(length > space - at) || at + length > bytes.length) throw new UnreadableError('a PAX header is damaged');
    const text = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = text.indexOf('=');
    if (equals > 0) records.push([text.slice(0, equals), text.slice(equals + 1)]);
    at += length;
  }
  return records;
}

function lastOf(records: Attributes['pax'], key: string): string | null {
  return records.findLast(([name]) => name === key)?.[1] ?? null;
}

function decimal(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new UnreadableError(INVALID_SIZE);
  return value;
}

function nameIn(header: Buffer): string {
  const name = untilNul(header.subarray(0, 100));
  // POSIX headers continue long names in a prefix; GNU headers ("ustar  ") have other fields there.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? untilNul(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Octal digits, or for large sizes binary, marked by the highest bit. */
function sizeIn(block: Buffer, at: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) {
    if (block.subarray(at + 1, at + 4).some((byte) => byte !== 0)) throw new UnreadableError(INVALID_SIZE);
    const size = block.readBigUInt64BE(at + 4);
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new UnreadableError(INVALID_SIZE);
    return Number(size);
  }
  const digits = block
    .toString('latin1', at, at + 12)
    .replace(/\0.*$/s, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new UnreadableError(INVALID_SIZE);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** The sum of all bytes, with the checksum's own field counted as spaces. */
function hasChecksum(header: Buffer): boolean {
  const text = header.toString('latin1', 148, 156).replace(/\0.*$/s, '').trim();
  if (!/^[0-7]{1,8}$/.test(text)) return false;
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at += 1) {
    if (at < 148 || at >= 156) sum += header[at] ?? 0;
  }
  return sum === Number.parseInt(text, 8);
}
