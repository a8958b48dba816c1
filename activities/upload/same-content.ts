/** Compares a disk with what is known of its content, by digests alone: nothing is compressed or sent. */
import { runConcurrently } from '../../alibaba/upload/adaptive-concurrency.js';
import type { PooledDisk } from '../../images/stream/compression-pool.js';
import {
  beginningOf,
  beginningsOf,
  contentOf,
  type Digest,
  type DiskContent,
  digestOfRange,
  isSame,
} from '../../images/stream/content.js';
import { type Layout, type Range, segmentsOf } from '../../images/stream/layout.js';
import { sourceFailure } from '../../sources/source.js';

export interface ReadableDisk {
  readonly layout: Layout;
  readonly disk: Pick<PooledDisk, 'compress'>;
  readonly isHole: (offset: number, length: number) => boolean;
  /** How many ranges are read concurrently. */
  readonly readers: number;
}

/** A finished upload whose content is known. */
export interface KnownContent extends DiskContent {
  readonly id: number;
}

/** Ranges that are compared before all others. Most disks that are not equal differ in one of them. */
const SAMPLES = 12;

/**
 * The known content that equals the disk; null: none. The ranges are read in an order in which a difference shows early, and
 * none is read after the last candidate has differed.
 */
export async function findSameContent<Known extends KnownContent>(
  known: readonly Known[],
  disk: ReadableDisk,
  signal: AbortSignal,
): Promise<{ readonly same: Known | null; readonly bytesRead: number }> {
  const { layout, isHole } = disk;
  let candidates = known.map((content) => ({ content, beginnings: beginningsOf(content.ranges) }));
  const digests = new Map<number, Digest>();
  let bytesRead = 0;
  const differ = new AbortController();
  const compare = async (range: Range, stop: AbortSignal) => {
    const isZero = isHole(range.offset, range.length);
    const digest = isZero ? null : await digestOf(disk, range, stop);
    if (!isZero) bytesRead += range.length;
    digests.set(range.index, digest);
    candidates = candidates.filter(({ beginnings }) => beginnings.get(range.index) === beginningOf(digest));
    if (candidates.length === 0) differ.abort(new Error('no known content is the same'));
  };
  if (candidates.length > 0) {
    const both = AbortSignal.any([signal, differ.signal]);
    const [first, ...others] = inOrderOfComparison(layout, known);
    try {
      // Alone: a disk that begins differently costs one range.
      if (first !== undefined) await compare(first, both);
      both.throwIfAborted();
      await runConcurrently(others, () => disk.readers, both, compare);
    } catch (error) {
      signal.throwIfAborted();
      if (!differ.signal.aborted) throw error;
    }
  }
  const { digest } = contentOf(layout, digests);
  return { same: candidates.find(({ content }) => content.digest === digest)?.content ?? null, bytesRead };
}

/** The first range with data, a sample from the whole disk, then all others. */
function* inOrderOfComparison(layout: Layout, known: readonly DiskContent[]): Generator<Range> {
  const withData = [...new Set(known.flatMap(({ ranges }) => [...beginningsOf(ranges).keys()]))].sort((a, b) => a - b);
  const step = Math.max(1, Math.floor(withData.length / SAMPLES));
  const early = new Set(withData.filter((_, position) => position % step === 0));
  for (const index of early) {
    const range = layout.range(index);
    if (range !== null) yield range;
  }
  for (let index = 0; ; index += 1) {
    const range = layout.range(index);
    if (range === null) return;
    if (!early.has(index)) yield range;
  }
}

/** Throws `Source.Changed` unless a second read of the disk gives what was sent. */
export async function requireSameContent(
  sent: ReadonlyMap<number, Digest>,
  disk: ReadableDisk,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { layout, isHole } = disk;
  const ranges = function* () {
    for (let index = 0; ; index += 1) {
      const range = layout.range(index);
      if (range === null) return;
      if (!isHole(range.offset, range.length)) yield range;
    }
  };
  await runConcurrently(
    ranges(),
    () => disk.readers,
    signal,
    async (range, stop) => {
      const again = await digestOf(disk, range, stop);
      if (isSame(again, sent.get(range.index) ?? null)) return;
      throw sourceFailure('Changed', `${name} was changed while it was uploaded: a second read gives other bytes`);
    },
  );
}

async function digestOf({ disk }: ReadableDisk, range: Range, signal: AbortSignal): Promise<Digest> {
  const found: Digest[] = [];
  for (const segment of segmentsOf(range))
    found.push((await disk.compress({ ...segment, output: null }, signal)).digest);
  return digestOfRange(found);
}
