/** NTFS file records: sector fix-ups, attributes, and attributes in extension records. */
import { type ByteSource, UnreadableError, u64le } from '../bytes.js';

export const TYPE = {
  attributeList: 0x20,
  volumeName: 0x60,
  volumeInformation: 0x70,
  data: 0x80,
  indexRoot: 0x90,
  indexAllocation: 0xa0,
  bitmap: 0xb0,
  reparsePoint: 0xc0,
} as const;

const END = 0xffff_ffff;
const SECTOR = 512;
/** Windows writes no longer attribute lists. */
const MAX_LIST = 256 * 1024;
const MAX_EXTENSIONS = 4096;

export interface Attribute {
  readonly type: number;
  readonly name: string;
  readonly compressed: boolean;
  readonly encrypted: boolean;
  /** The content of a resident attribute; null for a non-resident one, whose location is in `pairs`. */
  readonly resident: Buffer | null;
  readonly pairs: Buffer;
  /** The first cluster of the stream in this attribute: a long stream has several attributes. */
  readonly firstCluster: number;
  /** log2 of the unit's size in clusters. */
  readonly unitBits: number;
  /** Sizes of the whole stream; only its first attribute has them. */
  readonly size: number;
  readonly initialized: number;
}

export interface FileRecord {
  readonly inUse: boolean;
  readonly directory: boolean;
  /** The base record of an extension record; 0 for a base record. */
  readonly base: number;
  readonly attributes: readonly Attribute[];
}

export type ReadRecord = (number: number) => FileRecord;

/**
 * Checks and undoes the fix-up: every sector of a record ends with the same two bytes, which reveals a torn write. The
 * original bytes are in the update sequence array.
 */
export function fixUp(raw: Buffer, magic: string, what: string): Buffer {
  if (raw.toString('latin1', 0, 4) !== magic) throw new UnreadableError(`${what} has no "${magic}" signature`);
  const bytes = Buffer.from(raw);
  const at = bytes.readUInt16LE(4);
  const sectors = bytes.readUInt16LE(6) - 1;
  if (sectors * SECTOR !== bytes.length || at + 2 + sectors * 2 > SECTOR - 2) {
    throw new UnreadableError(`${what} has an invalid update sequence array`);
  }
  for (let sector = 0; sector < sectors; sector += 1) {
    const end = (sector + 1) * SECTOR - 2;
    if (bytes.readUInt16LE(end) !== bytes.readUInt16LE(at))
      throw new UnreadableError(`${what} was only partly written (torn write)`);
    bytes.copy(bytes, end, at + 2 + sector * 2, at + 4 + sector * 2);
  }
  return bytes;
}

export function parseRecord(raw: Buffer, number: number): FileRecord {
  const bytes = fixUp(raw, 'FILE', `NTFS record ${number}`);
  const flags = bytes.readUInt16LE(22);
  const used = Math.min(bytes.readUInt32LE(24), bytes.length);
  const attributes: Attribute[] = [];
  for (let at = bytes.readUInt16LE(20); at + 8 <= used; ) {
    const type = bytes.readUInt32LE(at);
    if (type === END) break;
    const length = bytes.readUInt32LE(at + 4);
    if (length < 24 || at + length > used) throw new UnreadableError(`NTFS record ${number} has an invalid attribute`);
    attributes.push(parseAttribute(bytes.subarray(at, at + length), type));
    at += length;
  }
  return { inUse: (flags & 1) !== 0, directory: (flags & 2) !== 0, base: recordNumber(bytes, 32), attributes };
}

/** The low 48 bits of a reference; the high 16 bits are the record's sequence number. */
export function recordNumber(bytes: Buffer, offset: number): number {
  return bytes.readUIntLE(offset, 6);
}

function parseAttribute(bytes: Buffer, type: number): Attribute {
  const nameAt = bytes.readUInt16LE(10);
  const flags = bytes.readUInt16LE(12);
  const common = {
    type,
    name: bytes.toString('utf16le', nameAt, nameAt + bytes.readUInt8(9) * 2),
    compressed: (flags & 0xff) !== 0,
    encrypted: (flags & 0x4000) !== 0,
  };
  if (bytes.readUInt8(8) === 0) {
    const length = bytes.readUInt32LE(16);
    const at = bytes.readUInt16LE(20);
    if (at + length > bytes.length) throw new UnreadableError('an NTFS attribute is longer than its record');
    const resident = bytes.subarray(at, at + length);
    return { ...common, resident, pairs: NOTHING, firstCluster: 0, unitBits: 0, size: length, initialized: length };
  }
  const firstCluster = u64le(bytes, 16);
  return {
    ...common,
    resident: null,
    pairs: bytes.subarray(bytes.readUInt16LE(32)),
    firstCluster,
    unitBits: bytes.readUInt8(34),
    size: firstCluster === 0 ? u64le(bytes, 48) : 0,
    initialized: firstCluster === 0 ? u64le(bytes, 56) : 0,
  };
}
const NOTHING = Buffer.alloc(0);

/** All attributes of a file, including those in extension records. */
export function attributesOf(
  number: number,
  read: ReadRecord,
  listBytes: (list: Attribute) => ByteSource,
): readonly Attribute[] {
  const record = read(number);
  if (!record.inUse) throw new UnreadableError(`NTFS record ${number} is not in use`);
  const list = record.attributes.find(({ type }) => type === TYPE.attributeList);
  if (list === undefined) return record.attributes;
  return [
    ...record.attributes,
    ...extensionRecords(number, listBytes(list)).flatMap((other) => extensionAttributes(other, number, read)),
  ];
}

export function extensionAttributes(other: number, base: number, read: ReadRecord): readonly Attribute[] {
  const record = read(other);
  return record.inUse && record.base === base ? record.attributes : [];
}

/** The extension records in the attribute list, in order, without duplicates. */
export function extensionRecords(number: number, list: ByteSource): number[] {
  if (list.size > MAX_LIST) throw new UnreadableError(`the attribute list of NTFS record ${number} is too long`);
  const bytes = list.read(0, list.size);
  const others = new Set<number>();
  for (let at = 0; at + 26 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at + 4);
    if (length < 26) throw new UnreadableError(`the attribute list of NTFS record ${number} has an empty entry`);
    const other = recordNumber(bytes, at + 16);
    if (other !== number) others.add(other);
    at += length;
  }
  if (others.size > MAX_EXTENSIONS) throw new UnreadableError(`NTFS record ${number} has too many extensions`);
  return [...others];
}
