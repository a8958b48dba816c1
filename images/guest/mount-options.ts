/** Mount options that only one kind of file system has: with another kind, the mount fails. */
import type { FileSystem } from '../filesystems/filesystem.js';

const EXT: readonly FileSystem['kind'][] = ['ext2', 'ext3', 'ext4'];
const OWN_OPTIONS: readonly { readonly kinds: readonly FileSystem['kind'][]; readonly options: RegExp }[] = [
  {
    kinds: ['btrfs'],
    options: /^(subvol|subvolid|compress-force|space_cache|clear_cache|ssd|nossd|ssd_spread|degraded|autodefrag)(=|$)/,
  },
  { kinds: EXT, options: /^(data|journal_checksum|journal_async_commit|(no)?delalloc|(no)?auto_da_alloc)(=|$)/ },
  { kinds: ['xfs'], options: /^(inode32|inode64|logbufs|logbsize|largeio|nolargeio|swalloc|allocsize)(=|$)/ },
];

/** The first option that a file system of this kind does not have; null: none of those that are known. */
export function foreignOption(kind: FileSystem['kind'], options: readonly string[]): string | null {
  const others = OWN_OPTIONS.filter(({ kinds }) => !kinds.includes(kind));
  return options.find((option) => others.some((own) => own.options.test(option))) ?? null;
}
