/** The interface of the file system readers. Node numbers are opaque and valid only within their file system. */
import { type ByteSource, UnreadableError } from '../bytes.js';

export interface NodeInfo {
  readonly kind: 'directory' | 'file' | 'link' | 'other';
  readonly size: number;
  /** Permission bits; null where the file system has none. */
  readonly mode: number | null;
}

export interface Entry {
  readonly name: string;
  readonly node: number;
}

export interface FileSystem {
  readonly kind: 'ext2' | 'ext3' | 'ext4' | 'xfs' | 'btrfs' | 'vfat' | 'ntfs';
  readonly uuid: string | null;
  readonly label: string;
  readonly totalBytes: number;
  readonly freeBytes: number | null;
  /** Why the content may be older than in the guest, e.g. a journal that was not replayed; null if it is current. */
  readonly stale: string | null;
  /** True: it could not be determined whether it was unmounted; `stale` says why. */
  readonly isUnmountUnknown?: boolean;
  /** True: changes that the file system has recorded were not read, so the content is older than in the guest. */
  readonly isOlder?: boolean;
  /** The file system as it is on the disk, without the changes that were read from its log; absent: there are none. */
  readonly beforeReplay?: FileSystem;
  /** Why the kernel does not mount it; absent: nothing was found. */
  readonly refused?: string;
  readonly ignoresCase: boolean;
  readonly root: number;
  /** Subvolumes (btrfs). */
  readonly subvolumes?: readonly { readonly name: string; readonly root: number }[];
  /** The root of a subvolume, by its path from the top of the file system; null if it does not exist. */
  subvolumeAt?(path: readonly string[]): number | null;
  info(node: number): NodeInfo;
  /** At most MAX_ENTRIES. */
  entries(directory: number): readonly Entry[];
  /** The first `length` bytes, or fewer if the file is shorter. */
  content(file: number, length: number): Buffer;
  /** Random access to a file that is too large to read completely; optional. */
  readonly source?: (file: number) => ByteSource;
  /** The file has extents (ext4) with a hole between or after them. */
  hasHole?(file: number): boolean;
  link(node: number): string;
}

export const MAX_ENTRIES = 200_000;
/** No directory of an installed system is larger. */
export const MAX_DIRECTORY_BYTES = 32 * 1024 * 1024;

/** The kernel does not mount a file system with such a log or journal. */
export class DamagedLogError extends UnreadableError {}

/** Null: another file system. Throws UnreadableError if it is this file system and damaged. */
export type OpenFileSystem = (source: ByteSource) => FileSystem | null;

/** What a superblock says of its file system, whatever the rest is like. */
export interface Identity {
  readonly kind: FileSystem['kind'];
  readonly uuid: string | null;
  /** Null: it is elsewhere in the file system. */
  readonly label: string | null;
}

/** Null: another file system. It checks the magic number only. */
export type IdentifyFileSystem = (source: ByteSource) => Identity | null;

export function uuidOf(bytes: Buffer, offset: number): string {
  const hex = bytes.toString('hex', offset, offset + 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Null: not set; udev and blkid give no such UUID. */
export function uuidOrNull(bytes: Buffer, offset: number): string | null {
  return bytes.subarray(offset, offset + 16).every((byte) => byte === 0) ? null : uuidOf(bytes, offset);
}

/** A contiguous range of a file: `at` in the file, `offset` in the source. */
export interface Run {
  readonly at: number;
  readonly offset: number;
  readonly length: number;
}

/** Assembles the first `length` bytes of a file. Ranges without a run are holes, which read as zeros. */
export function readRuns(source: ByteSource, runs: Iterable<Run>, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (const run of runs) {
    if (run.at >= length) continue;
    const take = Math.min(run.length, length - run.at);
    for (let done = 0; done < take; done += MAX_CHUNK) {
      const count = Math.min(MAX_CHUNK, take - done);
      source.read(run.offset + done, count).copy(buffer, run.at + done);
    }
  }
  return buffer;
}
const MAX_CHUNK = 8 * 1024 * 1024;

/** The kind of a node, from the file type bits of st_mode. */
export function kindOf(mode: number): NodeInfo['kind'] {
  const type = mode & 0xf000;
  if (type === 0x4000) return 'directory';
  if (type === 0x8000) return 'file';
  if (type === 0xa000) return 'link';
  return 'other';
}
