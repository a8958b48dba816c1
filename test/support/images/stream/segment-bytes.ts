/** Segments of disks that are compressed in memory of their own. */
import { compressSegment, type Level } from '../../../../images/stream/clusters.js';
import { BLOCK_BYTES, type PartMemory, type Piece } from '../../../../images/stream/part-memory.js';

/** @param level null: only the digest is wanted */
export function compressed(count: number, read: (cluster: number) => Uint8Array | null, level: Level | null) {
  const blocks = Array.from({ length: Math.ceil(count / 4) + 1 }, (_, index) => index);
  // As blocks that have held the bytes of another disk.
  const memory = Buffer.alloc(blocks.length * BLOCK_BYTES, 0xee);
  const result = compressSegment(count, read, level === null ? null : { level, memory, blocks });
  return { ...result, body: joined(memory, result.pieces) };
}

/** The bytes of a segment, copied. */
export function bytesOf({ bytes }: PartMemory, pieces: readonly Piece[]): Buffer {
  return joined(Buffer.from(bytes), pieces);
}

function joined(memory: Buffer, pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map(({ offset, length }) => memory.subarray(offset, offset + length)));
}
