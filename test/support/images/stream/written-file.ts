/** Writes a disk as a streamed QCOW2 file, part by part in any order, as an upload joins them. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Level } from '../../../../images/stream/clusters.js';
import {
  CLUSTER_BYTES,
  CLUSTERS_PER_SEGMENT,
  type Layout,
  MIN_PART_BYTES,
  type Range,
  type RangeNote,
} from '../../../../images/stream/layout.js';
import { tablesOf } from '../../../../images/stream/tables.js';
import { compressed } from './segment-bytes.js';

export interface TestDisk {
  readonly size: number;
  /** The clusters that are not zero, by their index. */
  readonly clusters: ReadonlyMap<number, Uint8Array>;
}

interface WrittenPart {
  readonly note: RangeNote;
  readonly body: Uint8Array;
}

/** @param levelOf the level of each range: several runs with other levels may have written the parts */
export async function writeStreamed(path: string, disk: TestDisk, layout: Layout, levelOf: (index: number) => Level) {
  const parts = rangesWithData(disk, layout).map((range) => partOf(disk, range, levelOf(range.index)));
  const notes = parts.map(({ note }) => note);
  const tables = await tablesOf(disk.size, () => notes.filter((note) => note.length > 0));
  const bodies = [tables.header, ...parts.map(({ body }) => body)];
  for await (const { body, release } of tables.parts()) {
    bodies.push(body.slice());
    release();
  }
  const file = await open(path, 'w');
  const end = await writeAll(file, bodies);
  await file.close();
  return { notes, fileBytes: tables.fileBytes, end, partBytes: bodies.map((body) => body.length) };
}

async function writeAll(file: FileHandle, bodies: readonly Uint8Array[]): Promise<number> {
  let at = 0;
  for (const body of bodies) {
    await file.write(body, 0, body.length, at);
    at += body.length;
  }
  return at;
}

function rangesWithData({ clusters }: TestDisk, layout: Layout): Range[] {
  const ranges = new Map<number, Range>();
  for (const cluster of clusters.keys()) {
    const range = rangeAt(layout, cluster * CLUSTER_BYTES);
    ranges.set(range.index, range);
  }
  return [...ranges.values()].sort((one, other) => one.index - other.index);
}

function rangeAt(layout: Layout, offset: number): Range {
  for (let low = 0, high = 10_000; low < high; ) {
    const middle = (low + high) >>> 1;
    const range = layout.range(middle);
    if (range === null || offset < range.offset) high = middle;
    else if (offset >= range.offset + range.length) low = middle + 1;
    else return range;
  }
  throw new Error(`no range has the byte ${offset}`);
}

function partOf(disk: TestDisk, range: Range, level: Level): WrittenPart {
  const end = Math.min(disk.size, range.offset + range.length);
  const first = range.offset / CLUSTER_BYTES;
  const count = Math.ceil(end / CLUSTER_BYTES) - first;
  const bodies: Uint8Array[] = [];
  const clusters = new Uint16Array(count);
  for (let at = 0; at < count; at += CLUSTERS_PER_SEGMENT) {
    const segment = compressed(
      Math.min(CLUSTERS_PER_SEGMENT, count - at),
      (cluster) => disk.clusters.get(first + at + cluster) ?? null,
      level,
    );
    clusters.set(segment.clusters, at);
    bodies.push(segment.body);
  }
  const length = bodies.reduce((sum, body) => sum + body.length, 0);
  const padded = length === 0 ? 0 : Math.max(MIN_PART_BYTES, length);
  const body = Buffer.concat(bodies, padded);
  return { note: { index: range.index, offset: range.offset, length: padded, clusters }, body };
}
