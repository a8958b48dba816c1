/** How well and how fast an image's data compress on this host, measured on a few of its clusters. */
import type { FileHandle } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type { Extent } from '../../sources/sparse-extents.js';

const compress = promisify(deflateRaw);

export interface Sample {
  readonly ratio: number;
  readonly compressBytesPerSecond: number;
}

/** The same as for a QCOW2: cluster by cluster, with a window of 4 KiB. */
const CLUSTER_BYTES = 64 * 1024;
const SETTINGS = { level: 1, windowBits: 12, memLevel: 9 };
const CLUSTERS = 48;
/** The compression pool uses all cores. */
const THREADS = os.availableParallelism();

/** @param data the extents that hold data; not empty */
export async function sampleImage(file: FileHandle, data: readonly Extent[], signal: AbortSignal): Promise<Sample> {
  const total = data.reduce((sum, extent) => sum + extent.length, 0);
  const cluster = Buffer.alloc(CLUSTER_BYTES);
  let read = 0;
  let compressed = 0;
  let seconds = 0;
  for (let index = 0; index < CLUSTERS; index += 1) {
    signal.throwIfAborted();
    const position = positionIn(data, Math.floor(((index + 0.5) * total) / CLUSTERS));
    const { bytesRead } = await file.read(cluster, 0, CLUSTER_BYTES, position - (position % CLUSTER_BYTES));
    const begun = performance.now();
    const result = await compress(cluster.subarray(0, bytesRead), SETTINGS);
    seconds += (performance.now() - begun) / 1000;
    read += bytesRead;
    compressed += Math.min(result.length, bytesRead);
  }
  if (read === 0) return { ratio: 1, compressBytesPerSecond: Number.POSITIVE_INFINITY };
  return { ratio: compressed / read, compressBytesPerSecond: (read / seconds) * THREADS };
}

/** The position in the file of the `offset`-th byte of data. */
function positionIn(data: readonly Extent[], offset: number): number {
  let before = 0;
  for (const extent of data) {
    if (offset < before + extent.length) return extent.start + offset - before;
    before += extent.length;
  }
  return data.at(-1)?.start ?? 0;
}
