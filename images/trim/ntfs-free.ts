/** Free clusters of NTFS from $Bitmap. */
import type { ByteSource } from '../bytes.js';
import type { FileSystem } from '../filesystems/filesystem.js';
import { ntfsBitmap, openNtfs } from '../filesystems/ntfs.js';
import { LeftWhole, leaveWholeIf } from './left-whole.js';
import { type Range, zeroBits } from './ranges.js';

/** The header of the shadow copies, whose blocks $Bitmap shows as free (libvshadow: Volume Shadow Snapshot format). */
const SHADOW_HEADER = { at: 0x1e00, size: 512, catalog: 48 } as const;
const SHADOW_IDENTIFIER = Buffer.from('6b87083876c1484eb7ae04046e6cc752', 'hex');
const HIBERNATION_FILE = 'hiberfil.sys';
const PIECE = 1024 * 1024;

export function* ntfsFree(source: ByteSource): Generator<Range> {
  const fileSystem = openNtfs(source);
  if (fileSystem === null) throw new LeftWhole('it has no NTFS boot sector');
  leaveWholeIf(fileSystem.stale !== null, fileSystem.stale ?? '');
  leaveWholeIf(
    hasShadowCopies(source),
    'it has shadow copies: delete them in the guest (vssadmin delete shadows /all)',
  );
  const { bitmap, clusterSize, clusters, usedCluster } = ntfsBitmap(source);
  leaveWholeIf(bitmap.size * 8 < clusters, '$Bitmap is shorter than the volume');
  let cluster = 0;
  for (let done = 0; cluster < clusters; done += PIECE) {
    const bytes = bitmap.read(done, Math.min(PIECE, bitmap.size - done));
    const bits = Math.min(bytes.length * 8, clusters - cluster);
    for (const { from, count } of zeroBits(bytes, bits)) {
      const first = cluster + from;
      const isWrong = first === 0 || (usedCluster >= first && usedCluster < first + count);
      leaveWholeIf(isWrong, '$Bitmap shows clusters of the system as free');
      yield { offset: first * clusterSize, length: count * clusterSize };
    }
    cluster += bits;
  }
}

function hasShadowCopies(source: ByteSource): boolean {
  const { at, size, catalog } = SHADOW_HEADER;
  if (source.size < at + size) return false;
  const header = source.read(at, size);
  return header.subarray(0, 16).equals(SHADOW_IDENTIFIER) && header.readBigUInt64LE(catalog) !== 0n;
}

/** An empty header, or the one of a session that was resumed, says that nothing waits there. */
export function isHibernated({ root, entries, info, content }: FileSystem): boolean {
  const file = entries(root).find(({ name }) => name.toLowerCase() === HIBERNATION_FILE);
  if (file === undefined || info(file.node).size < 4096) return false;
  const header = content(file.node, 4096);
  return header.some((byte) => byte !== 0) && header.toString('latin1', 0, 4).toLowerCase() !== 'wake';
}
