/** The body of a part, from the memory that its segments are written to. */
import type { BuiltBody } from '../../alibaba/oss-api.js';
import { MIN_PART_BYTES } from '../../images/stream/layout.js';
import type { PartBlocks, Piece, SegmentBlocks } from '../../images/stream/part-memory.js';

/** The memory of a part, which ends with its body. */
export interface BlocksOfBody extends Pick<PartBlocks, 'segments' | 'reclaimed' | 'release'> {
  readonly isWanted: () => boolean;
}

/** Compresses a segment of the part. */
export type RunSegment = (index: number, target: SegmentBlocks) => Promise<readonly Piece[]>;

/**
 * Of a part that is sent while it is compressed. The first segment with data decides whether there is a part at all.
 * @param blocks for the segments, in turn
 */
export async function largeBody(
  memory: SharedArrayBuffer,
  count: number,
  { segments, reclaimed, release }: BlocksOfBody,
  runIn: RunSegment,
): Promise<BuiltBody> {
  const run = async (index: number) => {
    const target = segments[index % segments.length];
    if (target === undefined) throw new Error('a part has memory for two segments');
    return await runIn(index, target);
  };
  const ofPart = { release, reclaimed, isWanted: () => false };
  let first = 0;
  let pieces = await run(first);
  while (pieces.length === 0 && first + 1 < count) {
    first += 1;
    pieces = await run(first);
  }
  if (pieces.length === 0) return { ...ofPart, length: 0, chunks: () => padded([]) };
  const following = async function* () {
    let coming: Promise<readonly Piece[]> | null = null;
    try {
      let current = pieces;
      for (let next = first + 1; ; next += 1) {
        coming = next < count ? run(next) : null;
        // Awaited when the current one has been sent; until then its failure must not count as unhandled.
        coming?.catch(() => undefined);
        yield* bytesAt(memory, current);
        if (coming === null) return;
        current = await coming;
      }
    } finally {
      await coming?.catch(() => undefined);
    }
  };
  return { ...ofPart, length: null, chunks: () => padded(following()) };
}

/** Of a part that is in memory before it is sent. */
export async function bufferedBody(
  memory: SharedArrayBuffer,
  { segments, release, reclaimed, isWanted }: BlocksOfBody,
  run: RunSegment,
): Promise<BuiltBody> {
  const found = await allSettled(
    segments.map(async (target, index) => {
      const pieces = await run(index, target);
      target.keepOnly(pieces);
      return pieces;
    }),
  );
  const pieces = found.flat();
  const data = lengthOf(pieces);
  const length = data === 0 ? 0 : Math.max(data, MIN_PART_BYTES);
  return { length, chunks: () => padded(bytesAt(memory, pieces)), release, reclaimed, isWanted };
}

export function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function* bytesAt(memory: SharedArrayBuffer, pieces: readonly Piece[]): Generator<Uint8Array> {
  for (const { offset, length } of pieces) yield new Uint8Array(memory, offset, length);
}

/** OSS accepts no smaller part, except as the last one. */
async function* padded(bodies: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const body of bodies) {
    length += body.byteLength;
    yield body;
  }
  if (length > 0 && length < MIN_PART_BYTES) yield new Uint8Array(MIN_PART_BYTES - length);
}

/** Rejects only when all have ended: none reads the source after that. */
async function allSettled<Result>(runs: readonly Promise<Result>[]): Promise<readonly Result[]> {
  await Promise.allSettled(runs);
  return await Promise.all(runs);
}
