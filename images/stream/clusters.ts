/** Compresses one segment of a disk into the bytes of a QCOW2 file. Pure; runs in the threads of the pool. */
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { CLUSTER_BYTES, type ClusterSizes, PLAIN } from './layout.js';
import { BLOCK_BYTES, type Piece } from './part-memory.js';

/** 0: every cluster is stored as it is; the others: as in zlib. Above 6, a window of 4 KiB saves nothing more. */
export const LEVELS = [0, 1, 3, 6] as const;
export type Level = (typeof LEVELS)[number];

export interface CompressedSegment {
  /** Where its bytes are, in order. Whole clusters; empty if the segment has only zeros. */
  readonly pieces: readonly Piece[];
  readonly clusters: ClusterSizes;
  /** The same for the same bytes, however they are compressed; null: only zeros. */
  readonly digest: Uint8Array<ArrayBuffer> | null;
}

/** QEMU inflates with a window of 4 KiB. */
const WINDOW_BITS = 12;
const MEM_LEVEL = 9;
/** A compressed cluster must save at least a sector, which is the unit of its descriptor. */
const MAX_COMPRESSED = CLUSTER_BYTES - 512;
const ZEROS = Buffer.alloc(CLUSTER_BYTES);

/** How a segment is compressed, and where its bytes are written. */
export interface Output {
  readonly level: Level;
  readonly memory: Uint8Array;
  /** For all clusters of the segment, and one more. */
  readonly blocks: readonly number[];
}

/**
 * @param count clusters of the segment
 * @param read the bytes of a cluster, at most 64 KiB; null: zeros that need not be read
 * @param output null: only the digest is wanted, and there are no bytes
 */
export function compressSegment(
  count: number,
  read: (cluster: number) => Uint8Array | null,
  output: Output | null,
): CompressedSegment {
  const hash = createHash('sha256');
  const position = Buffer.alloc(4);
  let hasData = false;
  const clusters = new Uint16Array(count);
  const free = [...(output?.blocks ?? [])];
  const plain = blockWriter(output, free);
  const compressed = blockWriter(output, free);
  for (let cluster = 0; cluster < count; cluster += 1) {
    const bytes = read(cluster);
    if (bytes === null || isZero(bytes)) continue;
    const whole = padded(bytes);
    hasData = true;
    position.writeUInt32LE(cluster);
    hash.update(position).update(whole);
    if (output === null) continue;
    const smaller = output.level === 0 ? null : deflated(whole, output.level);
    clusters[cluster] = smaller === null ? PLAIN : smaller.length;
    if (smaller === null) plain.write(whole);
    else compressed.write(smaller);
  }
  compressed.pad();
  return {
    pieces: [...plain.pieces(), ...compressed.pieces()],
    clusters,
    digest: hasData ? new Uint8Array(hash.digest()) : null,
  };
}

/** Writes bytes one after another, and fills a block before it takes the next one. */
function blockWriter(output: Output | null, free: number[]) {
  const written: { readonly offset: number; length: number }[] = [];
  const next = () => {
    const block = free.shift();
    if (block === undefined) throw new RangeError('the segment has no free block');
    const piece = { offset: block * BLOCK_BYTES, length: 0 };
    written.push(piece);
    return piece;
  };
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) {
      const last = written.at(-1);
      const piece = last === undefined || last.length === BLOCK_BYTES ? next() : last;
      const part = bytes.subarray(done, done + BLOCK_BYTES - piece.length);
      output?.memory.set(part, piece.offset + piece.length);
      piece.length += part.length;
      done += part.length;
    }
  };
  return {
    write,
    /** With zeros up to the end of the cluster: the block may have bytes of another disk. */
    pad: () => write(ZEROS.subarray(0, -(written.at(-1)?.length ?? 0) & (CLUSTER_BYTES - 1))),
    pieces: (): readonly Piece[] => written,
  };
}

/** Null where it does not become smaller. */
function deflated(bytes: Uint8Array, level: Level): Uint8Array | null {
  const smaller = deflateRawSync(bytes, {
    level,
    windowBits: WINDOW_BITS,
    memLevel: MEM_LEVEL,
    chunkSize: CLUSTER_BYTES / 2,
  });
  return smaller.length > MAX_COMPRESSED ? null : smaller;
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

/** The last cluster of a disk may be shorter. */
function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length === CLUSTER_BYTES) return bytes;
  const whole = new Uint8Array(CLUSTER_BYTES);
  whole.set(bytes);
  return whole;
}
