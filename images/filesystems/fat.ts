/** Reads FAT12, FAT16 and FAT32 with long names, the file systems of an EFI system partition. */
import { type ByteSource, text, UnreadableError } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import {
  type Entry,
  type IdentifyFileSystem,
  MAX_DIRECTORY_BYTES,
  MAX_ENTRIES,
  type NodeInfo,
  type OpenFileSystem,
  type Run,
  readRuns,
} from './filesystem.js';

export interface FatLayout {
  readonly bits: 12 | 16 | 32;
  readonly clusterSize: number;
  readonly clusters: number;
  readonly fatOffset: number;
  readonly fatSize: number;
  /** Of the table. */
  readonly copies: number;
  readonly rootOffset: number;
  readonly rootSize: number;
  readonly dataOffset: number;
}

interface Node {
  readonly first: number;
  readonly info: NodeInfo;
}

export const openFat: OpenFileSystem = (source) => {
  if (source.size < 512) return null;
  const boot = source.read(0, 512);
  const layout = fatLayout(boot);
  if (layout === null) return null;
  const wide = layout.bits === 32;
  const directory: NodeInfo = { kind: 'directory', size: 0, mode: null };
  // FAT has no inodes, so nodes are numbered in the order in which they are read.
  const nodes: Node[] = [{ first: wide ? boot.readUInt32LE(44) : 0, info: directory }];
  const nodeOf = (number: number): Node => {
    const node = nodes[number];
    if (node === undefined) throw new UnreadableError(`FAT node ${number} does not exist`);
    return node;
  };
  const directoryBytes = (node: Node): Buffer =>
    node.first === 0 && !wide
      ? source.read(layout.rootOffset, layout.rootSize)
      : chainBytes(source, layout, node.first, MAX_DIRECTORY_BYTES, null);
  return {
    kind: 'vfat',
    uuid: serialOf(boot, wide),
    label: unlessUnreadable(
      () => volumeLabel(directoryBytes(nodeOf(0))),
      () => '',
    ),
    totalBytes: layout.clusters * layout.clusterSize,
    freeBytes: null,
    stale: null,
    ignoresCase: true,
    root: 0,
    info: (number) => nodeOf(number).info,
    entries(number) {
      return parseDirectory(directoryBytes(nodeOf(number))).map(({ name, first, info }): Entry => {
        const known = nodes.findIndex((node) => node.first === first && node.info.size === info.size && first !== 0);
        if (known >= 0) return { name, node: known };
        if (nodes.length > MAX_ENTRIES)
          throw new UnreadableError(`the FAT file system has more than ${MAX_ENTRIES} files`);
        nodes.push({ first, info });
        return { name, node: nodes.length - 1 };
      });
    },
    content(number, length) {
      const { first, info } = nodeOf(number);
      const wanted = Math.min(info.size, length);
      return wanted === 0 ? Buffer.alloc(0) : chainBytes(source, layout, first, wanted, wanted);
    },
    link() {
      throw new UnreadableError('FAT has no links');
    },
  };
};

/** The name of the type is no proof, but only FAT has it at this place. */
export const identifyFat: IdentifyFileSystem = (source) => {
  const boot = source.read(0, 512);
  if (boot.readUInt16LE(510) !== 0xaa55) return null;
  const isWide = boot.toString('latin1', 82, 90) === 'FAT32   ';
  if (!isWide && !/^FAT(12|16)? +$/.test(boot.toString('latin1', 54, 62))) return null;
  const label = text(boot.subarray(isWide ? 71 : 43, isWide ? 82 : 54), 'latin1');
  return { kind: 'vfat', uuid: serialOf(boot, isWide), label: label === 'NO NAME' ? '' : label };
};

function serialOf(boot: Buffer, isWide: boolean): string | null {
  const number = boot.readUInt32LE(isWide ? 67 : 39);
  const digits = number.toString(16).toUpperCase().padStart(8, '0');
  return number === 0 ? null : `${digits.slice(0, 4)}-${digits.slice(4)}`;
}

/** As blkid reads it: from the root directory, which later changes are written to, and not from the boot sector. */
function volumeLabel(root: Buffer): string {
  for (let at = 0; at + 32 <= root.length && root.readUInt8(at) !== 0; at += 32) {
    const isLabel = (root.readUInt8(at + 11) & (VOLUME | DIRECTORY)) === VOLUME;
    const isLongName = (root.readUInt8(at + 11) & LONG_NAME) === LONG_NAME;
    const first = root.readUInt8(at);
    if (!isLabel || isLongName || first === DELETED) continue;
    const name = Buffer.from(root.subarray(at, at + 11));
    if (first === ESCAPED) name.writeUInt8(DELETED, 0);
    return text(name, 'latin1');
  }
  return '';
}
const VOLUME = 0x08;
const DIRECTORY = 0x10;
const LONG_NAME = 0x0f;
const DELETED = 0xe5;
/** Stands for 0xe5 as a first character. */
const ESCAPED = 0x05;

export function fatLayout(boot: Buffer): FatLayout | null {
  if (boot.readUInt16LE(510) !== 0xaa55) return null;
  const sector = boot.readUInt16LE(11);
  const perCluster = boot.readUInt8(13);
  const reserved = boot.readUInt16LE(14);
  const fats = boot.readUInt8(16);
  const rootEntries = boot.readUInt16LE(17);
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const perFat = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  const plausible = [512, 1024, 2048, 4096].includes(sector) && [1, 2, 4, 8, 16, 32, 64, 128].includes(perCluster);
  if (
    !plausible ||
    reserved === 0 ||
    fats === 0 ||
    fats > 2 ||
    perFat === 0 ||
    boot.toString('latin1', 3, 7) === 'NTFS'
  ) {
    return null;
  }
  const rootSize = Math.ceil((rootEntries * 32) / sector) * sector;
  const rootOffset = (reserved + fats * perFat) * sector;
  const dataOffset = rootOffset + rootSize;
  const clusters = Math.floor((sectors * sector - dataOffset) / (sector * perCluster));
  if (clusters < 1) return null;
  const bits = boot.readUInt16LE(22) === 0 ? 32 : clusters < 4085 ? 12 : 16;
  return {
    bits,
    clusterSize: sector * perCluster,
    clusters,
    fatOffset: reserved * sector,
    fatSize: perFat * sector,
    copies: fats,
    rootOffset,
    rootSize,
    dataOffset,
  };
}

/** `wanted` null: the whole chain, up to `max` bytes. */
function chainBytes(source: ByteSource, layout: FatLayout, first: number, max: number, wanted: number | null): Buffer {
  const runs: Run[] = [];
  let cluster = first;
  let at = 0;
  while (cluster >= 2 && cluster < layout.clusters + 2 && at < max) {
    runs.push({ at, offset: layout.dataOffset + (cluster - 2) * layout.clusterSize, length: layout.clusterSize });
    at += layout.clusterSize;
    if (runs.length > layout.clusters) throw new UnreadableError('a FAT cluster chain has a loop');
    cluster = nextCluster(source, layout, cluster);
  }
  if (wanted !== null && at < wanted) throw new UnreadableError('a FAT cluster chain is shorter than its file');
  return readRuns(source, runs, Math.min(max, wanted ?? at));
}

function nextCluster(source: ByteSource, layout: FatLayout, cluster: number): number {
  if (layout.bits === 32) return source.read(layout.fatOffset + cluster * 4, 4).readUInt32LE(0) & 0x0fff_ffff;
  if (layout.bits === 16) return source.read(layout.fatOffset + cluster * 2, 2).readUInt16LE(0);
  const pair = source.read(layout.fatOffset + Math.floor(cluster * 1.5), 2).readUInt16LE(0);
  return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
}

function parseDirectory(bytes: Buffer): { name: string; first: number; info: NodeInfo }[] {
  const found: { name: string; first: number; info: NodeInfo }[] = [];
  let long = '';
  for (let at = 0; at + 32 <= bytes.length && bytes[at] !== 0; at += 32) {
    const entry = bytes.subarray(at, at + 32);
    const attributes = entry.readUInt8(11);
    if (entry[0] === 0xe5) {
      long = '';
      continue;
    }
    if (attributes === 0x0f) {
      // The parts of a long name precede the short entry, in reverse order.
      const piece = Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]).toString(
        'utf16le',
      );
      long = piece.replace(/[\0\uffff].*$/s, '') + long;
      continue;
    }
    const name = long || shortName(entry);
    long = '';
    if ((attributes & 0x08) !== 0 || name === '.' || name === '..') continue;
    const kind = (attributes & 0x10) !== 0 ? 'directory' : 'file';
    const first = entry.readUInt16LE(26) + entry.readUInt16LE(20) * 65_536;
    found.push({ name, first, info: { kind, size: entry.readUInt32LE(28), mode: null } });
    if (found.length > MAX_ENTRIES) throw new UnreadableError(`a directory has more than ${MAX_ENTRIES} entries`);
  }
  return found;
}

function shortName(entry: Buffer): string {
  const base = entry.toString('latin1', 0, 8).trimEnd();
  const extension = entry.toString('latin1', 8, 11).trimEnd();
  return extension === '' ? base : `${base}.${extension}`;
}
