/** Reads registry hives (regf): keys by path, values by name. Does not replay transaction logs; see `dirty`. */
import { type ByteSource, cached, printable, UnreadableError } from '../bytes.js';

/** A key of a hive. Names of keys and values are case-insensitive. */
export interface Key {
  /** The last part of the path, with its original case. */
  readonly name: string;
  /** Names of the subkeys. */
  names(): readonly string[];
  /** By relative path, e.g. `Control\\Session Manager`; null if it does not exist. */
  key(path: string): Key | null;
  valueNames(): readonly string[];
  /** REG_SZ and REG_EXPAND_SZ; null if there is no value of this name and type. */
  text(name: string): string | null;
  /** REG_DWORD and REG_QWORD. */
  number(name: string): number | null;
  /** REG_MULTI_SZ. */
  texts(name: string): readonly string[] | null;
  /** Any type. */
  bytes(name: string): Buffer | null;
}

export interface Hive {
  readonly root: Key;
  /** The newest changes are only in the transaction logs (.LOG1, .LOG2). */
  readonly dirty: boolean;
}

const BASE = 4096;
const MAX_CELL = 1024 * 1024;
const MAX_VALUE = 16 * 1024 * 1024;
const MAX_SUBKEYS = 100_000;
const MAX_VALUES = 65_536;
/** Longer values are stored in segments of this length. */
const SEGMENT = 16_344;
const ASCII_KEY = 0x20;
const ASCII_VALUE = 1;
const INLINE = 0x8000_0000;
const TYPE = { text: 1, expandable: 2, number: 4, texts: 7, long: 11 } as const;

/** Throws UnreadableError if the file is not a hive. */
export function openHive(file: ByteSource): Hive {
  if (file.size < BASE || file.read(0, 4).toString('latin1') !== 'regf') {
    throw new UnreadableError('the registry hive has no "regf" signature');
  }
  const header = file.read(0, 512);
  const blocks = cached(file, 4096, 1024);
  return {
    root: keyAt((offset) => readCell(blocks, offset), header.readUInt32LE(36)),
    dirty: header.readUInt32LE(4) !== header.readUInt32LE(8) || checksum(header) !== header.readUInt32LE(508),
  };
}

function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= header.readUInt32LE(at);
  const value = sum >>> 0;
  // Windows replaces the values -1 and 0.
  if (value === 0xffff_ffff) return 0xffff_fffe;
  return value === 0 ? 1 : value;
}

type Cells = (offset: number) => Buffer;

/** A cell's content without its size field, which is negative for a cell in use. */
function readCell(file: ByteSource, offset: number): Buffer {
  const size = -file.read(BASE + offset, 4).readInt32LE(0);
  if (size < 8 || size > MAX_CELL) throw new UnreadableError(`the registry cell at ${offset} has size ${size}`);
  return file.read(BASE + offset + 4, size - 4);
}

interface Value {
  readonly name: string;
  readonly type: number;
  data(): Buffer;
}

function keyAt(cells: Cells, offset: number): Key {
  const cell = cells(offset);
  if (magic(cell) !== 'nk') throw new UnreadableError(`the registry cell at ${offset} is not a key`);
  const subkeys = lazy(() => readSubkeys(cells, cell));
  const values = lazy(() => readValues(cells, cell));
  const data = (name: string, types: readonly number[]): Buffer | null => {
    const value = values().get(name.toLowerCase());
    return value === undefined || !types.includes(value.type) ? null : value.data();
  };
  return {
    name: keyName(cell),
    names: () => [...subkeys().values()].map(({ name }) => name),
    key(path) {
      const [first = '', ...rest] = path.split('\\');
      const child = subkeys().get(first.toLowerCase());
      if (child === undefined) return null;
      const key = keyAt(cells, child.offset);
      return rest.length === 0 ? key : key.key(rest.join('\\'));
    },
    valueNames: () => [...values().values()].map(({ name }) => name),
    text(name) {
      const found = data(name, [TYPE.text, TYPE.expandable]);
      return found === null ? null : printable(upToNul(found), MAX_TEXT);
    },
    number(name) {
      const found = data(name, [TYPE.number, TYPE.long]);
      if (found === null || found.length < 4) return null;
      return found.length < 8 ? found.readUInt32LE(0) : Number(found.readBigUInt64LE(0));
    },
    texts(name) {
      const found = data(name, [TYPE.texts]);
      if (found === null) return null;
      return found
        .toString('utf16le')
        .split('\0')
        .filter((text) => text !== '')
        .map((text) => printable(text, MAX_TEXT));
    },
    bytes: (name) => values().get(name.toLowerCase())?.data() ?? null,
  };
}
const MAX_TEXT = 4096;

function upToNul(bytes: Buffer): string {
  const decoded = bytes.toString('utf16le');
  const end = decoded.indexOf('\0');
  return end < 0 ? decoded : decoded.slice(0, end);
}

function lazy<T>(compute: () => T): () => T {
  let computed: { readonly value: T } | null = null;
  return () => {
    computed ??= { value: compute() };
    return computed.value;
  };
}

function magic(cell: Buffer): string {
  return cell.toString('latin1', 0, 2);
}

function keyName(cell: Buffer): string {
  const encoding = (cell.readUInt16LE(2) & ASCII_KEY) === 0 ? 'utf16le' : 'latin1';
  return printable(cell.toString(encoding, 76, 76 + cell.readUInt16LE(72)));
}

interface Child {
  readonly name: string;
  readonly offset: number;
}

function readSubkeys(cells: Cells, cell: Buffer): ReadonlyMap<string, Child> {
  if (cell.readUInt32LE(20) === 0) return new Map();
  const list = cells(cell.readUInt32LE(28));
  // A long list ("ri") is a list of lists.
  const offsets = magic(list) === 'ri' ? listed(list, 4).flatMap((part) => leaf(cells(part))) : leaf(list);
  if (offsets.length > MAX_SUBKEYS) throw new UnreadableError(`a registry key has more than ${MAX_SUBKEYS} subkeys`);
  return new Map(
    offsets.map((offset): [string, Child] => {
      const child = cells(offset);
      if (magic(child) !== 'nk') throw new UnreadableError(`the registry cell at ${offset} is not a key`);
      const name = keyName(child);
      return [name.toLowerCase(), { name, offset }];
    }),
  );
}

function leaf(list: Buffer): number[] {
  const kind = magic(list);
  if (kind === 'li') return listed(list, 4);
  if (kind === 'lf' || kind === 'lh') return listed(list, 8);
  throw new UnreadableError(`a registry key list has the unknown signature "${printable(kind)}"`);
}

function listed(list: Buffer, size: number): number[] {
  const count = Math.min(list.readUInt16LE(2), Math.floor((list.length - 4) / size));
  return Array.from({ length: count }, (_, index) => list.readUInt32LE(4 + index * size));
}

function readValues(cells: Cells, cell: Buffer): ReadonlyMap<string, Value> {
  const count = cell.readUInt32LE(36);
  if (count === 0) return new Map();
  const list = cells(cell.readUInt32LE(40));
  if (count > MAX_VALUES || count * 4 > list.length) throw new UnreadableError('a registry key has too many values');
  const found = new Map<string, Value>();
  for (let index = 0; index < count; index += 1) {
    const value = valueAt(cells, list.readUInt32LE(index * 4));
    found.set(value.name.toLowerCase(), value);
  }
  return found;
}

function valueAt(cells: Cells, offset: number): Value {
  const cell = cells(offset);
  if (magic(cell) !== 'vk') throw new UnreadableError(`the registry cell at ${offset} is not a value`);
  const encoding = (cell.readUInt16LE(16) & ASCII_VALUE) === 0 ? 'utf16le' : 'latin1';
  const name = printable(cell.toString(encoding, 20, 20 + cell.readUInt16LE(2)));
  const length = cell.readUInt32LE(4);
  return {
    name,
    type: cell.readUInt32LE(12),
    data() {
      // Up to four bytes are stored in place of the offset.
      if (length >= INLINE) return cell.subarray(8, 8 + Math.min(length - INLINE, 4));
      if (length === 0) return Buffer.alloc(0);
      if (length > MAX_VALUE) throw new UnreadableError(`the registry value ${name} has ${length} bytes`);
      const first = cells(cell.readUInt32LE(8));
      const content = length > SEGMENT && magic(first) === 'db' ? joinSegments(cells, first, length) : first;
      if (content.length < length)
        throw new UnreadableError(`the registry value ${name} is shorter than its length field`);
      return content.subarray(0, length);
    },
  };
}

function joinSegments(cells: Cells, head: Buffer, length: number): Buffer {
  const count = Math.min(head.readUInt16LE(2), Math.ceil(length / SEGMENT));
  const list = cells(head.readUInt32LE(4));
  const parts = Array.from({ length: count }, (_, index) => cells(list.readUInt32LE(index * 4)).subarray(0, SEGMENT));
  return Buffer.concat(parts);
}
