/** The parts of a disk that is compressed while it is sent: the header, a part for each range with data, the tables. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { BuiltBody, BuiltPart, BuiltParts, SentPart } from '../../alibaba/oss-api.js';
import { fail } from '../../domain/errors/index.js';
import { LEVELS, type Level } from '../../images/stream/clusters.js';
import { createCollector } from '../../images/stream/collector.js';
import type { PooledDisk, SegmentResult } from '../../images/stream/compression-pool.js';
import { type Digest, digestOfRange, isSame } from '../../images/stream/content.js';
import {
  CLUSTER_BYTES,
  type ClusterSizes,
  FIRST_TABLE_PART,
  HEADER_PART,
  type Layout,
  type Range,
  type RangeNote,
  rangeIndexOf,
  SEGMENT_BYTES,
  segmentsOf,
} from '../../images/stream/layout.js';
import type { LevelChoice } from '../../images/stream/level-choice.js';
import type { PartMemory, SegmentBlocks } from '../../images/stream/part-memory.js';
import { type TablePart, tablesOf } from '../../images/stream/tables.js';
import { eitherOf } from '../../sources/abortable.js';
import type { ForwardHash } from '../../sources/forward-hash.js';
import { sourceFailure } from '../../sources/source.js';
import type { NotedRange, RangeWriter, UploadRanges } from '../../store/upload-ranges.js';
import { createOrderedMemory, type Turn } from './ordered-memory.js';
import { type BlocksOfBody, bufferedBody, largeBody, lengthOf, type RunSegment } from './part-bodies.js';

export interface StreamedDisk {
  /** Bytes of the disk. */
  readonly size: number;
  readonly layout: Layout;
  readonly disk: PooledDisk;
  /** True where the whole range is known to be zeros. */
  readonly isHole: (offset: number, length: number) => boolean;
  /** Throws if the source has changed, or is not the one of the request. Called when all ranges were read. */
  readonly check: () => Promise<void>;
}

export interface StreamedPartsOptions extends StreamedDisk {
  readonly choice: LevelChoice;
  readonly memory: PartMemory;
  readonly builders: number;
  readonly bufferedSegments: number;
  readonly ranges: UploadRanges;
  readonly writer: Omit<RangeWriter, 'uploadId'>;
  /** Reads a raw disk in order, to hash its source meanwhile. Only for parts that can be in memory as a whole. */
  readonly forward?: Omit<ForwardHash, 'end' | 'bytesReadAgain'> | null;
  /** A part that was sent counts only if its digest is known. */
  readonly needsDigests?: boolean;
  /** Bytes of the disk that are in the cloud, or are known to be zeros. */
  readonly onProgress: (bytesDone: number, bytesTotal: number) => void;
}

/** Of a part that is sent while it is compressed: one segment is sent while the next one is compressed. */
const SEGMENTS_AHEAD = 2;
/**
 * Of the sizes of clusters, after which all objects are collected: zlib and PostgreSQL's client leave a multiple of this outside
 * of the heap, which becomes old because rows wait in a page. Disks below 64 GiB have fewer.
 */
const BYTES_PER_COLLECTION = 2 * 1024 ** 2;

/** True: each part is in memory before it is sent, so that its bytes can be read in order. */
export function hasBufferedParts(layout: Layout, bufferedSegments: number): boolean {
  return (layout.range(0)?.length ?? 0) <= bufferedSegments * SEGMENT_BYTES;
}

export interface StreamedParts extends BuiltParts {
  begin(): Promise<readonly SentPart[]>;
  /** By the index of the range, of the ranges that were sent or noted. */
  readonly digests: ReadonlyMap<number, Digest>;
}

export function streamedParts(options: StreamedPartsOptions): StreamedParts {
  const { size, layout, disk, isHole, choice, memory, ranges, writer, forward = null } = options;
  /** Of the parts that are being sent. */
  const clustersOf = new Map<number, ClusterSizes>();
  const digests = new Map<number, Digest>();
  /** Of the segments that were read in order, by their offset: what is read once more must be what was hashed. */
  const hashed = new Map<number, Digest>();
  let bytesDone = 0;

  /** Of the parts that were sent, in order. Those of a large disk do not fit in the memory. */
  const listNotes = async function* (): AsyncGenerator<NotedRange> {
    let clusterBytes = 0;
    let collect: (() => void) | null = null;
    for await (const noted of ranges.list(writer.upload)) {
      yield noted;
      clusterBytes += clusterBytesOf(layout.range(rangeIndexOf(noted.number))?.length ?? 0);
      if (clusterBytes < BYTES_PER_COLLECTION) continue;
      collect ??= createCollector('all');
      collect();
      clusterBytes = 0;
    }
  };

  /** @param stop what was not hashed yet may still be read later */
  const compress = async (
    { offset, length }: Pick<Range, 'offset' | 'length'>,
    output: { readonly level: Level; readonly target: SegmentBlocks },
    { signal, stop }: BuildSignals,
  ) => {
    const bytes = await forward?.read(offset, length, stop);
    // What is hashed needs its digest, by which other bytes are found when it is read once more.
    const until = forward === null ? stop : signal;
    const result = await disk.compress({ offset, length, output, ...(bytes && { bytes }) }, until);
    if (forward !== null) {
      const before = hashed.get(offset);
      if (before !== undefined && !isSame(before, result.digest)) throw otherBytes();
      hashed.set(offset, result.digest);
    }
    choice.measured(output.level, { ...result, bodyBytes: lengthOf(result.pieces) });
    return result;
  };

  let ordered = createOrderedMemory(memory, writer);

  /** @param turn of a source that is read in order */
  const build = async (range: Range, turn: Turn | null, signal: AbortSignal): Promise<BuiltBody> => {
    const claimed = await ranges.claimLevel(writer, range.part, choice.next());
    if (claimed === null) throw leaseLost(range.part);
    const level = levelOf(claimed);
    for (;;) {
      // A part with most of the memory would wait for that of all others, and they for it.
      const isHalf = memory.isShared(writer);
      const buffered = isHalf ? Math.min(SEGMENTS_AHEAD, options.bufferedSegments) : options.bufferedSegments;
      const count = segmentsOf(range).length;
      const wanted = count <= buffered ? count : SEGMENTS_AHEAD;
      const inTurn = turn === null || isHashed(range) ? null : turn;
      const blocks = await (inTurn?.take(wanted, signal) ?? memory.take(wanted, signal, writer));
      const stop = eitherOf(signal, blocks.reclaimed, inTurn?.displaced ?? null);
      const release = () => {
        stop.end();
        blocks.release();
      };
      try {
        const isWanted = () => memory.isWantedBesides(writer);
        const body = { ...blocks, release, isWanted };
        return await buildIn(range, level, body, count <= buffered, turn, { signal, stop: stop.signal });
      } catch (error) {
        release();
        if (!stop.signal.aborted || signal.aborted) throw error;
      }
    }
  };

  const isHashed = ({ offset, length }: Range) => forward?.has(offset + length) === true;

  const buildIn = async (
    range: Range,
    level: Level,
    blocks: BlocksOfBody,
    isBuffered: boolean,
    turn: Turn | null,
    signals: BuildSignals,
  ) => {
    const segments = segmentsOf(range);
    const clusters = new Uint16Array(Math.ceil(range.length / CLUSTER_BYTES));
    const segmentDigests = segments.map((): Digest => null);
    const keep = (result: SegmentResult, index: number) => {
      clusters.set(result.clusters, (index * SEGMENT_BYTES) / CLUSTER_BYTES);
      clustersOf.set(range.part, clusters);
      segmentDigests[index] = result.digest;
      digests.set(range.index, digestOfRange(segmentDigests));
      return result.pieces;
    };
    const run: RunSegment = async (index, target) => {
      const segment = segments[index];
      if (segment === undefined) throw new Error(`part ${range.part} has no segment ${index}`);
      const result = await compress(segment, { level, target }, signals);
      if (isHashed(range)) turn?.end();
      return keep(result, index);
    };
    const { bytes } = memory;
    if (!isBuffered) return await largeBody(bytes, segments.length, blocks, run);
    return await bufferedBody(bytes, blocks, run);
  };

  /** What was sent before is read for the digest of the source only, and must still be the same. */
  const readAgain = async (range: Range, signal: AbortSignal): Promise<void> => {
    if (forward === null || forward.has(range.offset + range.length)) return;
    if (isHole(range.offset, range.length)) return await forward.zeros(range.offset, range.length, signal);
    const found: Digest[] = [];
    for (const { offset, length } of segmentsOf(range)) {
      const bytes = await forward.readAgain(offset, length, signal);
      found.push((await disk.compress({ offset, length, output: null, bytes }, signal)).digest);
    }
    const sent = digests.get(range.index);
    if (sent === undefined || isSame(sent, digestOfRange(found))) return;
    throw sourceFailure('Changed', 'the source was changed: it has other bytes than those that were sent before');
  };

  /** What the parts that were sent hold, from their notes. */
  const notesOf = async function* (data: readonly SentPart[]): AsyncGenerator<RangeNote> {
    let sent = 0;
    for await (const noted of listNotes()) {
      const part = data[sent];
      if (part === undefined || noted.number < part.number) continue;
      const range = layout.range(rangeIndexOf(part.number));
      const clusters = decodeClusters(noted, layout);
      const isOfPart = noted.number === part.number && noted.etag === part.etag && noted.crc64 === part.crc64;
      // The worker that has taken over has sent other bytes.
      if (!isOfPart || range === null || clusters === null) throw leaseLost(part.number);
      sent += 1;
      yield { index: range.index, offset: range.offset, length: noted.length, clusters };
    }
    const missing = data[sent];
    if (missing !== undefined) throw leaseLost(missing.number);
  };

  return {
    builders: options.builders,
    digests,

    async begin() {
      const noted: SentPart[] = [];
      for await (const range of listNotes()) {
        const { number, length, crc64, etag, digest } = range;
        const isKnown = digest !== null || length === 0;
        if (decodeClusters(range, layout) === null || (options.needsDigests === true && !isKnown)) continue;
        if (isKnown) digests.set(rangeIndexOf(number), digest && new Uint8Array(digest));
        noted.push({ number, length, crc64, etag });
      }
      return noted;
    },

    async *toBuild(done, signal): AsyncGenerator<BuiltPart> {
      bytesDone = 0;
      // The parts of an upload that started over wait no more.
      ordered = createOrderedMemory(memory, writer);
      for (let index = 0; ; index += 1) {
        const range = layout.range(index);
        if (range === null) return;
        const { part, offset, length } = range;
        if (done.has(part) || isHole(offset, length)) {
          await readAgain(range, signal);
          this.onDone(part);
        } else {
          const turn = forward === null ? null : ordered.nextTurn();
          yield { number: part, build: (stop) => build(range, turn, stop) };
        }
      }
    },

    async note(uploadId, { number, length, crc64, etag }) {
      const clusters = encodeClusters(clustersOf.get(number) ?? new Uint16Array());
      const found = digests.get(rangeIndexOf(number)) ?? null;
      const noted = { number, length, crc64, etag, clusters, digest: found && Buffer.from(found) };
      if (!(await ranges.note({ ...writer, uploadId }, noted))) throw leaseLost(number);
      clustersOf.delete(number);
    },

    onDone(part) {
      bytesDone += layout.range(rangeIndexOf(part))?.length ?? 0;
      options.onProgress(Math.min(size, bytesDone), size);
    },

    check: options.check,

    async ends(data) {
      const tables = await tablesOf(size, () => notesOf(data));
      const header = { number: HEADER_PART, body: tables.header, release: () => undefined };
      return { first: header, last: numbered(tables.parts()) };
    },
  };
}

interface BuildSignals {
  /** Ends the upload. */
  readonly signal: AbortSignal;
  /** Ends this try to build the part. */
  readonly stop: AbortSignal;
}

function otherBytes() {
  return sourceFailure('Changed', 'the source was changed: it has other bytes than those that were hashed');
}

function leaseLost(part: number) {
  return fail('Upload.LeaseLost', `part ${part}: another worker has taken over this upload`);
}

function levelOf(value: number): Level {
  return LEVELS.find((level) => level === value) ?? 1;
}

async function* numbered(parts: AsyncIterable<TablePart>) {
  let number = FIRST_TABLE_PART;
  for await (const part of parts) {
    yield { ...part, number };
    number += 1;
  }
}

function encodeClusters(clusters: ClusterSizes): Buffer {
  return deflateRawSync(Buffer.from(clusters.buffer, clusters.byteOffset, clusters.byteLength));
}

/** Of zlib's output. */
const MIN_CHUNK_BYTES = 64;

/** Two bytes for each cluster. */
function clusterBytesOf(rangeBytes: number): number {
  return Math.ceil(rangeBytes / CLUSTER_BYTES) * Uint16Array.BYTES_PER_ELEMENT;
}

/** Null: not a note of this layout. */
function decodeClusters({ number, clusters }: NotedRange, layout: Layout): ClusterSizes | null {
  const range = layout.range(rangeIndexOf(number));
  if (range === null) return null;
  const bytes = clusterBytesOf(range.length);
  // In one piece: the default ones of 16 KiB stay in memory as a whole.
  const content = inflateRawSync(clusters, { maxOutputLength: bytes, chunkSize: bytes + MIN_CHUNK_BYTES });
  if (content.byteLength !== bytes) return null;
  return new Uint16Array(content.buffer, content.byteOffset, content.byteLength / Uint16Array.BYTES_PER_ELEMENT);
}
