/**
 * The memory that compressed parts take in this process, in blocks that threads write and that are sent from there. The upload
 * with the fewest blocks is served first: parts of one that stalls would otherwise take all blocks, one after another.
 * Blocks are reused. V8 would collect buffers of their own only after tens of MiB.
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
  /**
   * Waits until there are blocks for so many segments, all together. Rejects with the signal's reason.
   * @param upload any object, the same one for all parts of an upload
   */
  take(segments: number, signal: AbortSignal, upload: object): Promise<readonly SegmentBlocks[]>;
  /** True: another upload waits for blocks. */
  isWantedBesides(upload: object): boolean;
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

interface Request {
  readonly upload: object;
  /** Blocks. */
  readonly count: number;
  readonly grant: (blocks: number[]) => void;
}

export function createPartMemory(segments: number = SEGMENTS): PartMemory {
  const total = segments * BLOCKS_PER_SEGMENT;
  // The block that was used last is used first: a small upload takes little memory.
  const free = Array.from({ length: total }, (_, index) => total - 1 - index);
  const waiting: Request[] = [];
  const heldBy = new Map<object, number>();
  const heldOf = ({ upload }: Request) => heldBy.get(upload) ?? 0;
  const count = (upload: object, blocks: number) => {
    const held = (heldBy.get(upload) ?? 0) + blocks;
    if (held > 0) heldBy.set(upload, held);
    else heldBy.delete(upload);
  };

  /** Of those with the fewest blocks, the one that waits for the longest time. Smaller ones do not overtake it. */
  const nextRequest = () => {
    const fewest = Math.min(...waiting.map(heldOf));
    return waiting.find((one) => heldOf(one) === fewest);
  };
  const grantNext = () => {
    for (let next = nextRequest(); next !== undefined && free.length >= next.count; next = nextRequest()) {
      waiting.splice(waiting.indexOf(next), 1);
      count(next.upload, next.count);
      next.grant(free.splice(free.length - next.count));
    }
  };
  const segmentOf = (blocks: readonly number[], upload: object): SegmentBlocks => {
    let held = blocks;
    const hold = (keep: ReadonlySet<number>) => {
      const kept = held.filter((block) => keep.has(block));
      free.push(...held.filter((block) => !keep.has(block)));
      count(upload, kept.length - held.length);
      held = kept;
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
    async take(wanted, signal, upload) {
      signal.throwIfAborted();
      const needed = wanted * BLOCKS_PER_SEGMENT;
      if (needed > total) throw new RangeError(`the memory for parts has no room for ${wanted} segments`);
      const blocks = await new Promise<number[]>((resolve, reject) => {
        const request: Request = {
          ...{ upload, count: needed },
          grant: (granted) => {
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
        segmentOf(blocks.slice(index * BLOCKS_PER_SEGMENT, (index + 1) * BLOCKS_PER_SEGMENT), upload),
      );
    },
    isWantedBesides: (upload) => waiting.some((one) => one.upload !== upload),
  };
}
