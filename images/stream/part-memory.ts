/**
 * The memory that compressed parts take in this process, in blocks that threads write and that are sent from there: first
 * come, first served. Blocks are reused. V8 would collect buffers of their own only after tens of MiB.
 */
import { CLUSTER_BYTES, SEGMENT_BYTES } from './layout.js';

/** Whole clusters. Also what is written to a connection at a time. */
export const BLOCK_BYTES = 4 * CLUSTER_BYTES;
/** The plain clusters and the compressed ones begin a block each. */
const BLOCKS_PER_SEGMENT = SEGMENT_BYTES / BLOCK_BYTES + 1;
/** 65 MiB. */
const SEGMENTS = 4;

export interface PartMemory {
  /** All blocks, which threads write. */
  readonly bytes: SharedArrayBuffer;
  /** Waits until there are blocks for so many segments, all together. Rejects with the signal's reason. */
  take(segments: number, signal: AbortSignal): Promise<readonly SegmentBlocks[]>;
}

/** Blocks for the bytes of one segment. */
export interface SegmentBlocks {
  readonly blocks: readonly number[];
  /** The segment has these bytes: others may take the remaining blocks. */
  keepOnly(pieces: readonly Piece[]): void;
  /** Only when no thread writes the blocks any more, and no connection reads them. */
  release(): void;
}

/** A place in the memory, in bytes; within one block. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

export function createPartMemory(segments: number = SEGMENTS): PartMemory {
  const total = segments * BLOCKS_PER_SEGMENT;
  // The block that was used last is used first: a small upload takes little memory.
  const free = Array.from({ length: total }, (_, index) => total - 1 - index);
  const waiting: { readonly count: number; readonly grant: (blocks: number[]) => void }[] = [];

  const grantNext = () => {
    for (let next = waiting[0]; next !== undefined && free.length >= next.count; next = waiting[0]) {
      waiting.shift();
      next.grant(free.splice(free.length - next.count));
    }
  };
  const segmentOf = (blocks: readonly number[]): SegmentBlocks => {
    let held = blocks;
    const hold = (keep: ReadonlySet<number>) => {
      free.push(...held.filter((block) => !keep.has(block)));
      held = held.filter((block) => keep.has(block));
      grantNext();
    };
    return {
      blocks,
      keepOnly: (pieces) => hold(new Set(pieces.map(({ offset }) => Math.floor(offset / BLOCK_BYTES)))),
      release: () => hold(new Set()),
    };
  };

  return {
    bytes: new SharedArrayBuffer(total * BLOCK_BYTES),
    async take(wanted, signal) {
      signal.throwIfAborted();
      const count = wanted * BLOCKS_PER_SEGMENT;
      if (count > total) throw new RangeError(`the memory for parts has no room for ${wanted} segments`);
      const blocks = await new Promise<number[]>((resolve, reject) => {
        const request = {
          count,
          grant: (granted: number[]) => {
            signal.removeEventListener('abort', abort);
            resolve(granted);
          },
        };
        const abort = () => {
          waiting.splice(waiting.indexOf(request), 1);
          reject(signal.reason);
          grantNext();
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting.push(request);
        grantNext();
      });
      return Array.from({ length: wanted }, (_, index) =>
        segmentOf(blocks.slice(index * BLOCKS_PER_SEGMENT, (index + 1) * BLOCKS_PER_SEGMENT)),
      );
    },
  };
}
