/**
 * What a superblock says of its file system, whatever the rest is like: the fields that blkid reports and that fstab and
 * root= refer to. A damaged file system keeps them.
 */
import { type ByteSource, text } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import { openBtrfs } from './btrfs.js';
import { extKind, openExt } from './ext.js';
import { fatSerial, openFat } from './fat.js';
import { type FileSystem, type OpenFileSystem, uuidOrNull } from './filesystem.js';
import { ntfsSerial, openNtfs } from './ntfs.js';
import { openXfs } from './xfs.js';

export interface Identity {
  readonly kind: FileSystem['kind'];
  readonly uuid: string | null;
  readonly label: string | null;
}

export interface FileSystemReader {
  readonly open: OpenFileSystem;
  /** Null: another file system. It checks the magic number only. */
  readonly identify: (source: ByteSource) => Identity | null;
}

const READERS: readonly FileSystemReader[] = [
  { open: openExt, identify: identifyExt },
  { open: openXfs, identify: identifyXfs },
  { open: openBtrfs, identify: identifyBtrfs },
  { open: openNtfs, identify: identifyNtfs },
  { open: openFat, identify: identifyFat },
];

export type Opened =
  | { readonly kind: 'readable'; readonly fileSystem: FileSystem; readonly damaged: readonly Damaged[] }
  | { readonly kind: 'damaged'; readonly damaged: readonly [Damaged, ...Damaged[]] }
  | { readonly kind: 'none' };

export interface Damaged {
  readonly identity: Identity;
  readonly reason: string;
}

/** The file system of a volume. One that can be read comes before one with a superblock alone, which may be older. */
export function openAny(source: ByteSource): Opened {
  const damaged: Damaged[] = [];
  for (const { open, identify } of READERS) {
    const found = unlessUnreadable<FileSystem | string | null>(
      () => open(source),
      (reason) => reason,
    );
    if (found !== null && typeof found !== 'string') return { kind: 'readable', fileSystem: found, damaged };
    const identity = unlessUnreadable(
      () => identify(source),
      () => null,
    );
    if (identity !== null)
      damaged.push({ identity, reason: found ?? `the superblock of ${identity.kind} is not valid` });
  }
  const [first, ...others] = damaged;
  return first === undefined ? { kind: 'none' } : { kind: 'damaged', damaged: [first, ...others] };
}

/** The kinds of all file systems whose superblock is there; a damaged one counts too. */
export function allFileSystems(source: ByteSource): readonly string[] {
  return READERS.flatMap(({ open, identify }) => {
    const kind = unlessUnreadable<string | null>(
      () => open(source)?.kind ?? identify(source)?.kind ?? null,
      () => 'a damaged file system',
    );
    return kind === null ? [] : [kind];
  });
}

function identifyExt(source: ByteSource): Identity | null {
  const bytes = source.read(1024, 1024);
  const kind = extKind(bytes);
  return kind === null ? null : { kind, uuid: uuidOrNull(bytes, 104), label: text(bytes.subarray(120, 136)) };
}

function identifyXfs(source: ByteSource): Identity | null {
  const bytes = source.read(0, 512);
  if (bytes.toString('latin1', 0, 4) !== 'XFSB') return null;
  return { kind: 'xfs', uuid: uuidOrNull(bytes, 32), label: text(bytes.subarray(108, 120)) };
}

function identifyBtrfs(source: ByteSource): Identity | null {
  const bytes = source.read(65_536, 4096);
  if (bytes.toString('latin1', 64, 72) !== '_BHRfS_M') return null;
  return { kind: 'btrfs', uuid: uuidOrNull(bytes, 32), label: text(bytes.subarray(299, 555)) };
}

/** The label is in a file, which cannot be read. */
function identifyNtfs(source: ByteSource): Identity | null {
  const boot = source.read(0, 512);
  if (boot.toString('latin1', 3, 11) !== 'NTFS    ') return null;
  return { kind: 'ntfs', uuid: ntfsSerial(boot), label: null };
}

/** The name of the type is no proof, but only FAT has it at this place. */
function identifyFat(source: ByteSource): Identity | null {
  const boot = source.read(0, 512);
  if (boot.readUInt16LE(510) !== 0xaa55) return null;
  const isWide = boot.toString('latin1', 82, 90) === 'FAT32   ';
  if (!isWide && !/^FAT(12|16)? +$/.test(boot.toString('latin1', 54, 62))) return null;
  const label = text(boot.subarray(isWide ? 71 : 43, isWide ? 82 : 54), 'latin1');
  return { kind: 'vfat', uuid: fatSerial(boot, isWide), label: label === 'NO NAME' ? '' : label };
}
