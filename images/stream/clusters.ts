/** Compresses one segment of a disk into the bytes of a QCOW2 file. Pure; runs in the threads of the pool. */
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { CLUSTER_BYTES, type ClusterSizes, PLAIN } from './layout.js';

/** 0: every cluster is stored as it is; the others: as in zlib. Above 6, a window of 4 KiB saves nothing more. */
export const LEVELS = [0, 1, 3, 6] as const;
export type Level = (typeof LEVELS)[number];

export interface CompressedSegment {
  /** Whole clusters; empty if the segment has only zeros. */
  readonly body: Uint8Array<ArrayBuffer>;
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

/**
 * @param count clusters of the segment
 * @param read the bytes of a cluster, at most 64 KiB; null: zeros that need not be read
 * @param level null: only the digest is wanted, and the body is empty
 */
export function compressSegment(
  count: number,
  read: (cluster: number) => Uint8Array | null,
  level: Level | null,
): CompressedSegment {
  const hash = createHash('sha256');
  const position = Buffer.alloc(4);
  let hasData = false;
  const clusters = new Uint16Array(count);
  // Plain clusters from the beginning, compressed ones from the end: together they are never larger than the segment.
  const space = spaceOf(count * CLUSTER_BYTES);
  const compressedAt: number[] = [];
  let plainEnd = 0;
  let compressedStart = space.length;
  for (let cluster = 0; cluster < count; cluster += 1) {
    const bytes = read(cluster);
    if (bytes === null || isZero(bytes)) continue;
    const whole = padded(bytes);
    hasData = true;
    position.writeUInt32LE(cluster);
    hash.update(position).update(whole);
    if (level === null) continue;
    const smaller = level === 0 ? null : deflated(whole, level);
    if (smaller === null) {
      clusters[cluster] = PLAIN;
      space.set(whole, plainEnd);
      plainEnd += CLUSTER_BYTES;
      continue;
    }
    clusters[cluster] = smaller.length;
    compressedAt.push(compressedStart);
    compressedStart -= smaller.length;
    space.set(smaller, compressedStart);
  }
  const compressedBytes = space.length - compressedStart;
  const body = new Uint8Array(plainEnd + Math.ceil(compressedBytes / CLUSTER_BYTES) * CLUSTER_BYTES);
  body.set(space.subarray(0, plainEnd));
  let at = plainEnd;
  for (const [index, end] of compressedAt.entries()) {
    const piece = space.subarray(compressedAt[index + 1] ?? compressedStart, end);
    body.set(piece, at);
    at += piece.length;
  }
  return { body, clusters, digest: hasData ? new Uint8Array(hash.digest()) : null };
}

let reused = new Uint8Array();

/** One buffer for all segments of a thread: pieces of their own would stay in memory until V8 collects old objects. */
function spaceOf(length: number): Uint8Array {
  if (reused.length < length) reused = new Uint8Array(length);
  return reused.subarray(0, length);
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
