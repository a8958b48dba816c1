/**
 * The memory that compressed parts take in this process, in blocks that threads write and that are sent from there. The upload
 * with the fewest blocks is served first: parts of one that stalls would otherwise take all blocks, one after another.
 * Blocks are reused. V8 would collect buffers of their own only after tens of MiB.
 *
 * A part on a slow link, or of a slow source, may need its blocks for an hour. Where an upload has waited for some time while
 * another one has blocks for several parts, the last of these parts is reclaimed: it is built again later. Each upload keeps one
 * part, so that a slow one makes progress too; and slow ones leave a segment to the others.
 */
import { CLUSTER_BYTES, SEGMENT_BYTES } from './layout.js';
import { createReclaiming } from './reclaiming.js';

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
  take(segments: number, signal: AbortSignal, upload: object): Promise<PartBlocks>;
  /** True: another upload waits for blocks. */
  isWantedBesides(upload: object): boolean;
  /** True: another upload has blocks, or waits for some. */
  isShared(upload: object): boolean;
}

/** Blocks for the bytes of one part. */
export interface PartBlocks {
  readonly segments: readonly SegmentBlocks[];
  /** Aborts when the part must release its blocks, because another upload waits for them. */
  readonly reclaimed: AbortSignal;
  /** Only when no thread writes the blocks any more, and no connection reads them. */
  release(): void;
}

/** Blocks for the bytes of one segment. */
export interface SegmentBlocks {
  readonly blocks: readonly number[];
  /** The segment has these bytes: others may take the remaining blocks. */
  keepOnly(pieces: readonly Piece[]): void;
}

/** A place in the memory, in bytes; within one block. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

export interface PartMemoryOptions {
  readonly segments?: number;
  /** An upload that waits for so long gets blocks of one that has more. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 20_000;

interface Request {
  readonly upload: object;
  /** Blocks. */
  readonly count: number;
  readonly since: number;
  readonly grant: (blocks: number[]) => void;
}

export function createPartMemory({
  segments = SEGMENTS,
  patienceMs = PATIENCE_MS,
}: PartMemoryOptions = {}): PartMemory {
  const total = segments * BLOCKS_PER_SEGMENT;
  // The block that was used last is used first: a small upload takes little memory.
  const free = Array.from({ length: total }, (_, index) => total - 1 - index);
  const waiting: Request[] = [];
  const reclaiming = createReclaiming({ total, reserved: BLOCKS_PER_SEGMENT, patienceMs, waiting });
  const { heldBy } = reclaiming;

  /** Of those with the fewest blocks, the one that waits for the longest time. Smaller ones do not overtake it. */
  const nextRequest = () => {
    const candidates = waiting.filter((one) => !reclaiming.isOverShare(one));
    const fewest = Math.min(...candidates.map(({ upload }) => heldBy(upload)));
    return candidates.find(({ upload }) => heldBy(upload) === fewest);
  };
  const grantNext = () => {
    for (let next = nextRequest(); next !== undefined && free.length >= next.count; next = nextRequest()) {
      waiting.splice(waiting.indexOf(next), 1);
      next.grant(free.splice(free.length - next.count));
    }
  };
  const partOf = (blocks: readonly number[], upload: object): PartBlocks => {
    const held = reclaiming.add(upload, blocks.length);
    const giveBack = (some: readonly number[]) => {
      free.push(...some);
      held.shrink(some.length);
    };
    const ofSegments = Array.from({ length: blocks.length / BLOCKS_PER_SEGMENT }, (_, index) =>
      segmentOf(blocks.slice(index * BLOCKS_PER_SEGMENT, (index + 1) * BLOCKS_PER_SEGMENT), (some) => {
        giveBack(some);
        grantNext();
      }),
    );
    return {
      segments: ofSegments,
      reclaimed: held.reclaimed,
      release() {
        for (const segment of ofSegments) giveBack(segment.takeAll());
        held.end();
        grantNext();
      },
    };
  };

  return {
    bytes: new SharedArrayBuffer(total * BLOCK_BYTES),
    async take(wanted, signal, upload) {
      signal.throwIfAborted();
      const count = wanted * BLOCKS_PER_SEGMENT;
      if (count > total) throw new RangeError(`the memory for parts has no room for ${wanted} segments`);
      return await new Promise<PartBlocks>((resolve, reject) => {
        const request: Request = {
          ...{ upload, count, since: performance.now() },
          grant: (granted) => {
            signal.removeEventListener('abort', abort);
            resolve(partOf(granted, upload));
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
        reclaiming.watch();
      });
    },
    isWantedBesides: (upload) => waiting.some((one) => one.upload !== upload),
    isShared: (upload) => reclaiming.isShared(upload),
  };
}

function segmentOf(blocks: readonly number[], giveBack: (blocks: readonly number[]) => void) {
  let held = blocks;
  return {
    blocks,
    keepOnly(pieces: readonly Piece[]) {
      const keep = new Set(pieces.map(({ offset }) => Math.floor(offset / BLOCK_BYTES)));
      const others = held.filter((block) => !keep.has(block));
      held = held.filter((block) => keep.has(block));
      giveBack(others);
    },
    /** The blocks that it still has. */
    takeAll(): readonly number[] {
      const all = held;
      held = [];
      return all;
    },
  };
}
