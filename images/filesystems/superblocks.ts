/** The readers of all file systems, and what the superblock of a damaged one says: what blkid reports, and fstab and root= refer to. */
import type { ByteSource } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import { identifyBtrfs, openBtrfs } from './btrfs.js';
import { identifyExt, openExt } from './ext.js';
import { identifyFat, openFat } from './fat.js';
import type { FileSystem, IdentifyFileSystem, Identity, OpenFileSystem } from './filesystem.js';
import { identifyNtfs, openNtfs } from './ntfs.js';
import { identifyXfs, openXfs } from './xfs.js';

interface FileSystemReader {
  readonly open: OpenFileSystem;
  readonly identify: IdentifyFileSystem;
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
