/** The header and the two levels of tables of a QCOW2 file. */
import { type ByteSource, UnreadableError } from '../bytes.js';

export const INCOMPATIBLE = { dirty: 1n, corrupt: 2n, externalData: 4n, compression: 8n, extendedL2: 16n };
export const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;
const L2_COMPRESSED = 1n << 62n;
const L2_ZERO = 1n;

export interface Qcow2Header {
  readonly version: number;
  readonly clusterBits: number;
  readonly clusterSize: number;
  readonly size: number;
  readonly l1Size: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly refcountOrder: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  readonly features: bigint;
  readonly compression: number;
  readonly encryption: number;
  readonly backingFile: string | null;
}

export function l2Coverage(header: Pick<Qcow2Header, 'clusterSize' | 'features'>): number {
  return (header.clusterSize / l2EntrySize(header)) * header.clusterSize;
}

export function l2EntrySize(header: Pick<Qcow2Header, 'features'>): number {
  return (header.features & INCOMPATIBLE.extendedL2) !== 0n ? 16 : 8;
}

/** The location of one L2 entry's data in the file. */
export interface Cluster {
  readonly kind: 'data' | 'compressed' | 'zero' | 'absent';
  readonly offset: number;
  /** Bytes in the file: a full cluster, or the sectors of the compressed stream. */
  readonly length: number;
  /** One bit per subcluster with data; only with extended L2 entries. */
  readonly bitmap: bigint | null;
}

export function clusterAt(table: Buffer, index: number, header: Qcow2Header): Cluster {
  const entrySize = l2EntrySize(header);
  const entry = table.readBigUInt64BE(index * entrySize);
  const bitmap = entrySize === 16 ? table.readBigUInt64BE(index * 16 + 8) : null;
  if ((entry & L2_COMPRESSED) !== 0n) {
    const offsetBits = BigInt(62 - (header.clusterBits - 8));
    const offset = Number(entry & ((1n << offsetBits) - 1n));
    const sectors = Number((entry & (L2_COMPRESSED - 1n)) >> offsetBits) + 1;
    return { kind: 'compressed', offset, length: sectors * 512 - (offset % 512), bitmap: null };
  }
  const offset = Number(entry & OFFSET_MASK);
  if (bitmap === null && header.version === 3 && (entry & L2_ZERO) !== 0n) {
    return { kind: 'zero', offset, length: header.clusterSize, bitmap };
  }
  if (offset === 0) return { kind: 'absent', offset, length: 0, bitmap };
  return { kind: 'data', offset, length: header.clusterSize, bitmap };
}

export function* l2Tables(
  file: ByteSource,
  header: Qcow2Header,
): Generator<{ index: number; offset: number; table: Buffer }> {
  const l1 = file.read(header.l1Offset, header.l1Size * 8);
  for (let index = 0; index < header.l1Size; index += 1) {
    const offset = Number(l1.readBigUInt64BE(index * 8) & OFFSET_MASK);
    if (offset === 0) continue;
    if (offset % header.clusterSize !== 0)
      throw new UnreadableError(`L1 entry ${index}: 0x${offset.toString(16)} is not a multiple of the cluster size`);
    yield { index, offset, table: file.read(offset, header.clusterSize) };
  }
}
