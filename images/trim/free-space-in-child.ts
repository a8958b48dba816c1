/** Finds the free bytes of untrusted images in the processes that also inspect them, with the same limits. */
import type { LocalFile } from '../../sources/local-file.js';
import { imageOf } from '../inspect-in-child.js';
import { LONE_SYSTEM_DISK } from '../inspection.js';
import { ReaderPool } from '../reader-pool.js';
import type { ReadingEnd, ReadingLimits } from '../reader-process.js';
import type { RemoteImage } from '../remote-image.js';
import type { FreeSpace, TrimmedVolume } from './free-space.js';
import { unpackSectors } from './ranges.js';

/** The bitmaps of 2 TiB have 64 MiB; a broken image must not keep an upload waiting for longer. */
const LIMITS: ReadingLimits = {
  timeLimitMs: 120_000,
  elapsedLimitMs: 240_000,
  memoryLimitMiB: 1024,
  outputLimitBytes: 8 * 1024 ** 2,
};
const MAX_FETCHED_BYTES = 4 * 1024 ** 3;
const FETCH_LIMIT_MS = 30 * 60_000;

/** A string: why nothing is trimmed. The image's disk has `diskBytes`. */
export type ReadFreeSpace = (
  image: LocalFile | RemoteImage,
  diskBytes: number,
  signal: AbortSignal,
) => Promise<FreeSpace | string>;

/** Rejects with the signal's reason, or if the image cannot be read any more. */
export function createFreeSpaceReader(): ReadFreeSpace {
  const pool = new ReaderPool(LIMITS);
  return async (image, diskBytes, signal) => {
    const remote = 'handle' in image ? await imageOf(image.handle, image.path) : image;
    const bounds = { maxFetchedBytes: MAX_FETCHED_BYTES, bulkBytes: 0, fetchLimitMs: FETCH_LIMIT_MS };
    const end = await pool.read({ kind: 'free-space', image: remote, context: LONE_SYSTEM_DISK, ...bounds, signal });
    signal.throwIfAborted();
    return conclude(end, diskBytes);
  };
}

function conclude({ reason, detail, lines }: ReadingEnd, diskBytes: number): FreeSpace | string {
  if (reason === 'complete')
    return parse(lines.at(-1) ?? '', diskBytes) ?? 'the process that reads it gave no valid answer';
  if (reason === 'time-limit') return `reading it took more than ${LIMITS.timeLimitMs / 1000} s of processor time`;
  if (reason === 'too-slow') return detail;
  if (reason === 'output-limit') return 'it has too many free ranges';
  return `the process that reads it ended with ${detail}`;
}

/** The child is untrusted too. */
function parse(line: string, diskBytes: number): FreeSpace | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('sectors' in value && 'volumes' in value)) return null;
  const { sectors, volumes } = value;
  if (!Array.isArray(sectors) || !Array.isArray(volumes) || !volumes.every(isVolume)) return null;
  if (!sectors.every((number) => typeof number === 'number')) return null;
  const ranges = unpackSectors(sectors, diskBytes);
  return ranges === null ? null : { ranges, volumes };
}

function isVolume(value: unknown): value is TrimmedVolume {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value && 'content' in value && 'bytes' in value && 'freeBytes' in value && 'leftWhole' in value))
    return false;
  const { name, content, bytes, freeBytes, leftWhole } = value;
  const isTextOrNull = (text: unknown) => text === null || typeof text === 'string';
  return (
    typeof name === 'string' &&
    isTextOrNull(content) &&
    typeof bytes === 'number' &&
    typeof freeBytes === 'number' &&
    isTextOrNull(leftWhole)
  );
}
