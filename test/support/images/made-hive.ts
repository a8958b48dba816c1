/** Builds registry hives in Windows' format. */

/** REG_SZ, REG_DWORD, REG_MULTI_SZ, REG_BINARY. */
export type HiveValue = string | number | readonly string[] | Buffer;
/** Values by name, grouped by the path of their key; `{}` for a key without values. */
export type HiveKeys = Readonly<Record<string, Readonly<Record<string, HiveValue>>>>;

interface Node {
  readonly name: string;
  readonly children: Map<string, Node>;
  readonly values: Map<string, HiveValue>;
}

const NONE = 0xffff_ffff;
const ASCII_NAME = 0x20;
const ROOT_KEY = 0x2c;
/** Windows splits a key list at about this many entries. */
const LEAF = 500;
const PIECE = 16_344;

export interface HiveOptions {
  /** As after an unclean shutdown. */
  readonly dirty?: boolean;
}

export function hive(keys: HiveKeys, { dirty = false }: HiveOptions = {}): Buffer {
  const top: Node = { name: 'ROOT', children: new Map(), values: new Map() };
  for (const [path, values] of Object.entries(keys)) {
    let here = top;
    for (const step of path.split('\\').filter(Boolean)) {
      const known = here.children.get(step.toUpperCase());
      const next = known ?? { name: step, children: new Map(), values: new Map() };
      here.children.set(step.toUpperCase(), next);
      here = next;
    }
    for (const [name, value] of Object.entries(values)) here.values.set(name, value);
  }
  const cells = new Cells();
  const rootAt = writeKey(cells, top, NONE, ROOT_KEY);
  return file(cells.bin(), rootAt, dirty);
}

/** One bin with all cells. A cell has its size (negative if in use) and its content, padded to eight bytes. */
class Cells {
  private readonly parts: Buffer[] = [];
  private at = 32;

  add(content: Buffer): number {
    const { at, bytes } = this.reserve(content.length);
    content.copy(bytes);
    return at;
  }

  /** Reserves a cell whose content is written later. */
  reserve(length: number): { at: number; bytes: Buffer } {
    const size = Math.ceil((length + 4) / 8) * 8;
    const cell = Buffer.alloc(size);
    cell.writeInt32LE(-size, 0);
    this.parts.push(cell);
    const at = this.at;
    this.at += size;
    return { at, bytes: cell.subarray(4) };
  }

  bin(): Buffer {
    const size = Math.ceil((this.at + 8) / 4096) * 4096;
    const header = Buffer.alloc(32);
    header.write('hbin', 0);
    header.writeUInt32LE(size, 8);
    const free = Buffer.alloc(size - this.at);
    free.writeInt32LE(free.length, 0);
    return Buffer.concat([header, ...this.parts, free]);
  }
}

function file(bin: Buffer, rootAt: number, dirty: boolean): Buffer {
  const header = Buffer.alloc(4096);
  header.write('regf', 0);
  header.writeUInt32LE(dirty ? 8 : 7, 4);
  header.writeUInt32LE(7, 8);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(5, 24);
  header.writeUInt32LE(1, 32);
  header.writeUInt32LE(rootAt, 36);
  header.writeUInt32LE(bin.length, 40);
  header.writeUInt32LE(1, 44);
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= header.readUInt32LE(at);
  header.writeUInt32LE(sum >>> 0, 508);
  return Buffer.concat([header, bin]);
}

function writeKey(cells: Cells, node: Node, parent: number, flags = ASCII_NAME): number {
  const name = Buffer.from(node.name, 'latin1');
  const { at, bytes: key } = cells.reserve(76 + name.length);
  const children = [...node.children.entries()].sort(([left], [right]) => (left < right ? -1 : 1));
  const offsets = children.map(([, child]): [Node, number] => [child, writeKey(cells, child, at)]);
  const values = [...node.values.entries()].map(([valueName, value]) => writeValue(cells, valueName, value));
  key.write('nk', 0);
  key.writeUInt16LE(flags, 2);
  key.writeUInt32LE(parent, 16);
  key.writeUInt32LE(offsets.length, 20);
  key.writeUInt32LE(offsets.length === 0 ? NONE : writeList(cells, offsets), 28);
  key.writeUInt32LE(NONE, 32);
  key.writeUInt32LE(values.length, 36);
  key.writeUInt32LE(values.length === 0 ? NONE : cells.add(numbers(values)), 40);
  key.writeUInt32LE(NONE, 44);
  key.writeUInt32LE(NONE, 48);
  key.writeUInt16LE(name.length, 72);
  name.copy(key, 76);
  return at;
}

function writeList(cells: Cells, offsets: readonly [Node, number][]): number {
  if (offsets.length <= LEAF) return writeLeaf(cells, offsets);
  const leaves: number[] = [];
  for (let at = 0; at < offsets.length; at += LEAF) leaves.push(writeLeaf(cells, offsets.slice(at, at + LEAF)));
  return cells.add(Buffer.concat([listHeader('ri', leaves.length), numbers(leaves)]));
}

function writeLeaf(cells: Cells, offsets: readonly [Node, number][]): number {
  const hashed = offsets.flatMap(([{ name }, offset]) => [offset, hash(name)]);
  return cells.add(Buffer.concat([listHeader('lh', offsets.length), numbers(hashed)]));
}

function hash(name: string): number {
  let value = 0;
  for (const letter of name.toUpperCase()) value = (Math.imul(value, 37) + letter.charCodeAt(0)) >>> 0;
  return value;
}

function listHeader(kind: string, count: number): Buffer {
  const header = Buffer.alloc(4);
  header.write(kind, 0);
  header.writeUInt16LE(count, 2);
  return header;
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  return bytes;
}

function writeValue(cells: Cells, name: string, value: HiveValue): number {
  const { type, data } = encode(value);
  const label = Buffer.from(name, 'latin1');
  const cell = Buffer.alloc(20 + label.length);
  cell.write('vk', 0);
  cell.writeUInt16LE(label.length, 2);
  cell.writeUInt32LE(data.length <= 4 ? (data.length | 0x8000_0000) >>> 0 : data.length, 4);
  if (data.length <= 4) data.copy(cell, 8);
  else cell.writeUInt32LE(writeData(cells, data), 8);
  cell.writeUInt32LE(type, 12);
  cell.writeUInt16LE(1, 16);
  label.copy(cell, 20);
  return cells.add(cell);
}

function writeData(cells: Cells, data: Buffer): number {
  if (data.length <= PIECE) return cells.add(data);
  const parts: number[] = [];
  for (let at = 0; at < data.length; at += PIECE) parts.push(cells.add(data.subarray(at, at + PIECE)));
  return cells.add(Buffer.concat([listHeader('db', parts.length), numbers([cells.add(numbers(parts))])]));
}

function encode(value: HiveValue): { type: number; data: Buffer } {
  if (typeof value === 'string') return { type: 1, data: Buffer.from(`${value}\0`, 'utf16le') };
  if (typeof value === 'number') return { type: 4, data: numbers([value]) };
  if (Buffer.isBuffer(value)) return { type: 3, data: value };
  return { type: 7, data: Buffer.from(`${value.map((text) => `${text}\0`).join('')}\0`, 'utf16le') };
}
