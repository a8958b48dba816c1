/** Reads NTFS 3.0 and 3.1: plain, sparse and LZNT1-compressed files, junctions. Not supported: EFS, CompactOS. */
import { type ByteSource, isPowerOfTwo, text, UnreadableError, u64le } from '../bytes.js';
import {
  type Entry,
  type FileSystem,
  type IdentifyFileSystem,
  MAX_DIRECTORY_BYTES,
  MAX_ENTRIES,
  type NodeInfo,
  type OpenFileSystem,
} from './filesystem.js';
import {
  type Attribute,
  attributesOf,
  extensionAttributes,
  extensionRecords,
  type FileRecord,
  fixUp,
  parseRecord,
  recordNumber,
  TYPE,
} from './ntfs-records.js';
import { streamOf } from './ntfs-stream.js';

/** Numbers of the metadata files' records. */
const MFT = 0;
const LOG_FILE = 2;
const VOLUME = 3;
const ROOT = 5;
const BITMAP = 6;

const INDEX = '$I30';
const DOS_NAME = 2;
const LAST_ENTRY = 2;
const DIRTY = 1;
const REPARSE = { mountPoint: 0xa000_0003, link: 0xa000_000c, compactOs: 0x8000_0017 } as const;
const MAX_PIECE = 8 * 1024 * 1024;
const MAX_BITMAP = 64 * 1024 * 1024;

interface Geometry {
  readonly clusterSize: number;
  readonly clusters: number;
  readonly recordSize: number;
  readonly mftOffset: number;
  readonly serial: string;
}

interface Volume {
  readonly source: ByteSource;
  readonly geometry: Geometry;
  attributes(number: number): readonly Attribute[];
  record(number: number): FileRecord;
  stream(attributes: readonly Attribute[], type: number, name: string): ByteSource | null;
}

/** The label is in a file. */
export const identifyNtfs: IdentifyFileSystem = (source) => {
  const boot = source.read(0, 512);
  return boot.toString('latin1', 3, 11) === 'NTFS    ' ? { kind: 'ntfs', uuid: serialOf(boot), label: null } : null;
};

export const openNtfs: OpenFileSystem = (source) => {
  if (source.size < 4096 || identifyNtfs(source) === null) return null;
  const geometry = geometryOf(source.read(0, 512));
  const volume = openVolume(source, geometry);
  const about = volume.attributes(VOLUME);
  return {
    kind: 'ntfs',
    uuid: geometry.serial,
    label: text(about.find(({ type }) => type === TYPE.volumeName)?.resident ?? Buffer.alloc(0), 'utf16le'),
    totalBytes: geometry.clusters * geometry.clusterSize,
    get freeBytes() {
      return freeClusters(volume) * geometry.clusterSize;
    },
    stale: staleness(volume, about),
    ignoresCase: true,
    root: ROOT,
    ...nodes(volume),
  };
};

/** $Bitmap: a bit for each cluster, which is set if the cluster is in use; with a cluster that must be in use. */
export function ntfsBitmap(source: ByteSource): {
  readonly bitmap: ByteSource;
  readonly clusterSize: number;
  readonly clusters: number;
  readonly usedCluster: number;
} {
  const geometry = geometryOf(source.read(0, 512));
  const { clusterSize, clusters, mftOffset } = geometry;
  const bitmap = bitmapOf(openVolume(source, geometry));
  return { bitmap, clusterSize, clusters, usedCluster: mftOffset / clusterSize };
}

function bitmapOf({ attributes, stream }: Volume): ByteSource {
  return stream(attributes(BITMAP), TYPE.data, '') ?? absent('the bitmap');
}

function geometryOf(boot: Buffer): Geometry {
  const sector = boot.readUInt16LE(11);
  const perCluster = boot.readUInt8(13);
  // Cluster sizes above 64 KiB are stored as a negative power of two.
  const clusterSize = sector * (perCluster > 0x80 ? 2 ** (256 - perCluster) : perCluster);
  const clustersPerRecord = boot.readInt8(64);
  const recordSize = clustersPerRecord < 0 ? 2 ** -clustersPerRecord : clustersPerRecord * clusterSize;
  if (![512, 1024, 2048, 4096].includes(sector) || !isPowerOfTwo(clusterSize) || clusterSize > 2 * 1024 * 1024) {
    throw new UnreadableError(`NTFS with sectors of ${sector} and clusters of ${clusterSize} bytes`);
  }
  if (!isPowerOfTwo(recordSize) || recordSize < 512 || recordSize > 65_536) {
    throw new UnreadableError(`NTFS with records of ${recordSize} bytes`);
  }
  return {
    clusterSize,
    clusters: Math.floor((u64le(boot, 40) * sector) / clusterSize),
    recordSize,
    mftOffset: u64le(boot, 48) * clusterSize,
    serial: serialOf(boot),
  };
}

const serialOf = (boot: Buffer): string => boot.readBigUInt64LE(72).toString(16).toUpperCase().padStart(16, '0');

function openVolume(source: ByteSource, geometry: Geometry): Volume {
  const { clusterSize, recordSize, mftOffset } = geometry;
  const stream = (attributes: readonly Attribute[], type: number, name: string) =>
    streamOf(
      source,
      clusterSize,
      attributes.filter((attribute) => attribute.type === type && attribute.name === name),
      `NTFS attribute 0x${type.toString(16)}`,
    );
  const listBytes = (list: Attribute) => stream([list], TYPE.attributeList, '') ?? absent('an attribute list');
  const first = parseRecord(source.read(mftOffset, recordSize), MFT);
  let mft = stream(first.attributes, TYPE.data, '') ?? absent('the master file table');
  const record = (number: number): FileRecord => parseRecord(mft.read(number * recordSize, recordSize), number);
  const list = first.attributes.find(({ type }) => type === TYPE.attributeList);
  if (list !== undefined) {
    // The location of a fragmented table's later parts is in records of its earlier parts.
    let known = first.attributes;
    for (const other of extensionRecords(MFT, listBytes(list))) {
      known = [...known, ...extensionAttributes(other, MFT, record)];
      mft = stream(known, TYPE.data, '') ?? mft;
    }
  }
  const attributes = (number: number) => attributesOf(number, record, listBytes);
  return { source, geometry, attributes, record, stream };
}

function absent(what: string): never {
  throw new UnreadableError(`${what} of the NTFS volume is missing`);
}

function nodes(volume: Volume): Required<Pick<FileSystem, 'info' | 'entries' | 'content' | 'source' | 'link'>> {
  const data = (file: number): ByteSource => {
    const attributes = volume.attributes(file);
    if (reparseTag(attributes) === REPARSE.compactOs) {
      throw new UnreadableError(`NTFS record ${file} is compressed by CompactOS, which is not supported`);
    }
    return volume.stream(attributes, TYPE.data, '') ?? absent(`the data of record ${file}`);
  };
  return {
    info(node): NodeInfo {
      const attributes = volume.attributes(node);
      const tag = reparseTag(attributes);
      if (tag === REPARSE.mountPoint || tag === REPARSE.link) return { kind: 'link', size: 0, mode: null };
      if (volume.record(node).directory) return { kind: 'directory', size: 0, mode: null };
      const first = attributes.find(
        ({ type, name, firstCluster }) => type === TYPE.data && name === '' && firstCluster === 0,
      );
      return { kind: first === undefined ? 'other' : 'file', size: first?.size ?? 0, mode: null };
    },
    entries: (directory) => directoryEntries(volume, directory),
    content(file, length) {
      const source = data(file);
      const wanted = Math.min(source.size, length);
      const buffer = Buffer.alloc(wanted);
      for (let done = 0; done < wanted; done += MAX_PIECE) {
        source.read(done, Math.min(MAX_PIECE, wanted - done)).copy(buffer, done);
      }
      return buffer;
    },
    source: data,
    link: (node) => linkTarget(volume.attributes(node)),
  };
}

function reparseTag(attributes: readonly Attribute[]): number | null {
  const resident = attributes.find(({ type }) => type === TYPE.reparsePoint)?.resident;
  return resident == null || resident.length < 8 ? null : resident.readUInt32LE(0);
}

/** Converts `\??\C:\Users` to `/Users`: the drive letters are unknown, so targets are assumed to be on this volume. */
function linkTarget(attributes: readonly Attribute[]): string {
  const bytes = attributes.find(({ type }) => type === TYPE.reparsePoint)?.resident;
  const tag = reparseTag(attributes);
  if (bytes == null || (tag !== REPARSE.mountPoint && tag !== REPARSE.link)) {
    throw new UnreadableError('an NTFS record is not a link');
  }
  const names = tag === REPARSE.link ? 20 : 16;
  const at = names + bytes.readUInt16LE(8);
  const target = bytes.toString('utf16le', at, at + bytes.readUInt16LE(10));
  return target.replace(/^(?:\\\?\?\\|\\\\\?\\)?[A-Za-z]:/, '').replaceAll('\\', '/');
}

/** Reads all index blocks in disk order instead of following the tree, so a loop in a damaged tree has no effect. */
function directoryEntries(volume: Volume, directory: number): Entry[] {
  const attributes = volume.attributes(directory);
  const root = volume.stream(attributes, TYPE.indexRoot, INDEX);
  if (root === null) throw new UnreadableError(`NTFS record ${directory} is not a directory`);
  if (root.size > MAX_DIRECTORY_BYTES) {
    throw new UnreadableError(`a directory has more than ${MAX_DIRECTORY_BYTES} bytes`);
  }
  const rootBytes = root.read(0, root.size);
  const entries: Entry[] = [];
  indexEntries(rootBytes, 16, entries);
  const blocks = volume.stream(attributes, TYPE.indexAllocation, INDEX);
  if (blocks === null) return entries;
  const blockSize = rootBytes.readUInt32LE(8);
  if (!isPowerOfTwo(blockSize) || blockSize < 512 || blockSize > 65_536) {
    throw new UnreadableError(`a directory has index blocks of ${blockSize} bytes`);
  }
  if (blocks.size > MAX_DIRECTORY_BYTES) {
    throw new UnreadableError(`a directory has more than ${MAX_DIRECTORY_BYTES} bytes`);
  }
  const bitmap = volume.stream(attributes, TYPE.bitmap, INDEX);
  const used = bitmap === null ? null : bitmap.read(0, Math.min(bitmap.size, MAX_BITMAP));
  for (let index = 0; (index + 1) * blockSize <= blocks.size; index += 1) {
    if (used !== null && ((used[index >> 3] ?? 0) & (1 << (index & 7))) === 0) continue;
    const block = blocks.read(index * blockSize, blockSize);
    indexEntries(fixUp(block, 'INDX', 'an NTFS index block'), 24, entries);
    if (entries.length > MAX_ENTRIES) throw new UnreadableError(`a directory has more than ${MAX_ENTRIES} entries`);
  }
  return entries;
}

function indexEntries(bytes: Buffer, header: number, entries: Entry[]): void {
  const end = Math.min(header + bytes.readUInt32LE(header + 4), bytes.length);
  for (let at = header + bytes.readUInt32LE(header); at + 16 <= end; ) {
    const length = bytes.readUInt16LE(at + 8);
    if ((bytes.readUInt16LE(at + 12) & LAST_ENTRY) !== 0) return;
    if (length < 82 || at + length > end) throw new UnreadableError('an NTFS index has an invalid entry');
    const nameAt = at + 16 + 66;
    const name = bytes.toString('utf16le', nameAt, Math.min(nameAt + bytes.readUInt8(at + 80) * 2, at + length));
    // Skip the second entry of a file with a short (DOS) name.
    if (bytes.readUInt8(at + 81) !== DOS_NAME && name !== '.') entries.push({ name, node: recordNumber(bytes, at) });
    at += length;
  }
}

function freeClusters(volume: Volume): number {
  const { geometry } = volume;
  const bitmap = bitmapOf(volume);
  let free = 0;
  const length = Math.min(bitmap.size, Math.ceil(geometry.clusters / 8), MAX_BITMAP);
  for (let done = 0; done < length; done += MAX_PIECE) {
    for (const byte of bitmap.read(done, Math.min(MAX_PIECE, length - done))) free += ZEROS[byte] ?? 0;
  }
  return free;
}
/** Bits after the last cluster are always set. */
const ZEROS = Uint8Array.from({ length: 256 }, (_, byte) => 8 - byte.toString(2).replaceAll('0', '').length);

function staleness(volume: Volume, about: readonly Attribute[]): string | null {
  const information = about.find(({ type }) => type === TYPE.volumeInformation)?.resident;
  const dirty = information != null && information.length >= 12 && (information.readUInt16LE(10) & DIRTY) !== 0;
  const reasons = [
    dirty ? 'the volume is marked as dirty ($Volume)' : null,
    logIsClean(volume) ? null : 'the journal was not replayed ($LogFile)',
  ].filter((reason) => reason !== null);
  return reasons.length === 0 ? null : reasons.join('; ');
}

const VOLUME_IS_CLEAN = 2;
const NO_CLIENT = 0xffff;

/** Two restart pages record the log's state; the one with the higher sequence number is current. */
function logIsClean({ attributes, stream }: Volume): boolean {
  const log = stream(attributes(LOG_FILE), TYPE.data, '') ?? absent('the log');
  if (log.size < 8192) return true;
  const first = restartArea(log, 0);
  const second = restartArea(log, first?.pageSize ?? 4096);
  const area = [first, second]
    .filter((candidate) => candidate !== null)
    .reduce<RestartArea | null>((best, one) => (best === null || one.sequence > best.sequence ? one : best), null);
  return area === null || area.clean;
}

interface RestartArea {
  readonly pageSize: number;
  readonly sequence: bigint;
  readonly clean: boolean;
}

/** Null: an empty log, as on a new volume. */
function restartArea(log: ByteSource, offset: number): RestartArea | null {
  if (offset + 4096 > log.size) return null;
  const page = log.read(offset, 4096);
  if (page.toString('latin1', 0, 4) !== 'RSTR') return null;
  const pageSize = page.readUInt32LE(16);
  const at = page.readUInt16LE(24);
  if (!isPowerOfTwo(pageSize) || pageSize < 512 || pageSize > 65_536 || at + 16 > page.length) return null;
  const clean = (page.readUInt16LE(at + 14) & VOLUME_IS_CLEAN) !== 0 || page.readUInt16LE(at + 12) === NO_CLIENT;
  return { pageSize, sequence: page.readBigUInt64LE(at), clean };
}
