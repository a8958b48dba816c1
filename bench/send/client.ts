/**
 * Sends one raw disk in one of the ways, and prints the measurements as one line of JSON.
 * Arguments: way, endpoint, file, folder for temporary files.
 */
import { readFileSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { streamedParts } from '../../activities/upload/streamed-parts.js';
import { createOss } from '../../alibaba/oss.js';
import { findQemuImg, mapExtentsWith } from '../../images/convert/qemu-img.js';
import { createCompressionPool } from '../../images/stream/compression-pool.js';
import { layoutOf, PART_LIMITS, SEGMENT_BYTES } from '../../images/stream/layout.js';
import { createLevelChoice, type LevelChoice } from '../../images/stream/level-choice.js';
import { createFreeSpaceReader } from '../../images/trim/free-space-in-child.js';
import { type PackedRanges, packRanges } from '../../images/trim/trimmed-disk.js';
import { openFileReader } from '../../sources/file.js';
import { type LocalFile, openLocalFile } from '../../sources/local-file.js';
import { dataExtents, sparseMap } from '../../sources/sparse-extents.js';
import type { NotedRange, UploadRanges } from '../../store/upload-ranges.js';

const [, , way = '', endpoint = '', file = '', folder = ''] = process.argv;
const { signal } = new AbortController();
/** As in a worker: threads that run the sources would take more memory. */
const THREAD = new URL('../../dist/images/stream/thread.js', import.meta.url);
const oss = createOss({
  ...{ endpoint, region: 'cn-hangzhou' },
  credentials: async () => ({ accessKeyId: 'bench', accessKeySecret: 'bench-secret' }),
});

interface Outcome {
  readonly bytes: number;
  readonly temporaryBytes: number;
  readonly how: string;
}

const PLAIN: (choice: LevelChoice) => LevelChoice = (choice) => ({ ...choice, next: () => 0 });

const ways: Record<string, () => Promise<Outcome>> = {
  'qemu-img then upload': async () => {
    const qemuImg = await findQemuImg();
    if (qemuImg === null) throw new Error('qemu-img is not installed');
    const target = join(folder, 'converted.qcow2');
    const source = await open(file);
    const image = { fd: source.fd, format: 'RAW', offset: 0, size: null } as const;
    await qemuImg.toQcow2(image, target, { virtualSize: (await stat(file)).size, onProgress: () => undefined, signal });
    await source.close();
    const { blocks } = await stat(target);
    const reader = await openFileReader(target);
    const { size } = await oss.upload({
      ...{ bucket: 'bench', key: 'disk.qcow2', source: reader, uploadId: null, isFirst: true, meta: {}, signal },
      onUploadId: async () => undefined,
      onProgress: () => undefined,
    });
    await reader.close();
    await rm(target);
    return { bytes: size, temporaryBytes: blocks * 512, how: '' };
  },
  'data, not compressed': () => stream(PLAIN),
  'compressed while sent': () => stream((choice) => choice),
  'compressed, with trim': () => stream((choice) => choice, freeBytesOf),
};

/** As `upload.trim: free-space` finds them. */
async function freeBytesOf(local: LocalFile): Promise<PackedRanges> {
  const found = await createFreeSpaceReader()(local, local.size, signal);
  if (typeof found === 'string') throw new Error(found);
  return packRanges(found.ranges);
}

async function stream(
  adapt: (choice: LevelChoice) => LevelChoice,
  freeOf: (local: LocalFile) => Promise<PackedRanges> = async () => packRanges([]),
): Promise<Outcome> {
  const local = await openLocalFile(file);
  const pool = createCompressionPool(os.availableParallelism(), THREAD);
  const qemuImg = await findQemuImg();
  const data = qemuImg === null ? null : await dataExtents(local.handle, mapExtentsWith(qemuImg), signal);
  const container = { format: 'RAW', virtualSize: local.size };
  const disk = pool.open({
    image: { kind: 'file', fd: local.handle.fd, size: local.size },
    container,
    free: await freeOf(local),
  });
  const choice = adapt(createLevelChoice(pool.threads, oss.linkSpeed));
  const result = await oss.uploadBuilt({
    ...{ bucket: 'bench', key: 'disk.qcow2', uploadId: null, isFirst: true, meta: {}, signal, wholeCrc64: null },
    onUploadId: async () => undefined,
    onWhole: async () => undefined,
    parts: streamedParts({
      ...{ size: local.size, layout: layoutOf(local.size), disk, choice, builders: pool.threads },
      bufferedSegments: PART_LIMITS.bufferedSegments,
      isHole: data === null ? () => false : sparseMap(data).isHole,
      check: () => local.check(),
      memory: pool.memory,
      ranges: rangesInMemory(),
      writer: { upload: 1, holder: 'bench', sourceVersion: 'bench' },
      onProgress: () => undefined,
    }),
  });
  const how = choice.describe() ?? '';
  await disk.close();
  await pool.close();
  await local.close();
  return { bytes: result.size, temporaryBytes: 0, how };
}

/** Instead of a database. */
function rangesInMemory(): UploadRanges {
  const notes = new Map<number, NotedRange>();
  return {
    claimLevel: async (_writer, _part, level) => level,
    async note(_writer, range) {
      notes.set(range.number, range);
      return true;
    },
    async *list() {
      yield* [...notes.values()].sort((one, other) => one.number - other.number);
    },
  };
}

/** What all cores deflate at level 1, without reading or sending. */
async function deflateRate(): Promise<number> {
  const pool = createCompressionPool(os.availableParallelism(), THREAD);
  const local = await openLocalFile(file);
  const container = { format: 'RAW', virtualSize: local.size };
  const disk = pool.open({
    image: { kind: 'file', fd: local.handle.fd, size: local.size },
    container,
    free: packRanges([]),
  });
  const qemuImg = await findQemuImg();
  const data = qemuImg === null ? null : await dataExtents(local.handle, mapExtentsWith(qemuImg), signal);
  const starts = (data ?? [{ start: 0, length: local.size }])
    .filter(({ length }) => length >= SEGMENT_BYTES)
    .slice(0, 8 * os.availableParallelism());
  const all = () =>
    Promise.all(
      starts.map(async ({ start }) => {
        const blocks = await pool.memory.take(1, signal, {});
        const [target] = blocks.segments;
        if (target === undefined) throw new Error('the memory for parts has no room for a segment');
        const segment = { offset: start - (start % 65_536), length: SEGMENT_BYTES };
        return await disk
          .compress({ ...segment, output: { level: 1, target } }, signal)
          .finally(() => blocks.release());
      }),
    );
  // The first round starts the threads, and reads the file into the cache.
  await all();
  const begun = performance.now();
  const results = await all();
  const seconds = (performance.now() - begun) / 1000;
  await disk.close();
  await pool.close();
  await local.close();
  return results.reduce((sum, { dataBytes }) => sum + dataBytes, 0) / seconds;
}

/** Of this process and its children, in seconds (proc(5): utime to cstime, in ticks of 10 ms). */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

const peakBytes = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;

if (way === 'deflate') {
  console.log(JSON.stringify({ bytesPerSecond: await deflateRate() }));
} else {
  const send = ways[way];
  if (send === undefined) throw new Error(`unknown way "${way}"; use one of ${Object.keys(ways).join(', ')}`);
  const before = { cpu: cpuSeconds(), memory: process.memoryUsage.rss(), at: performance.now() };
  const outcome = await send();
  const seconds = (performance.now() - before.at) / 1000;
  const growth = peakBytes() - before.memory;
  console.log(JSON.stringify({ ...outcome, seconds, cpuSeconds: cpuSeconds() - before.cpu, growth }));
}
process.exit();
