/** Weighs the conversion of an image that may be sent as it is: what it holds, how it compresses, how fast the link is. */
import { open } from 'node:fs/promises';
import type { Extent } from '../../sources/sparse-extents.js';
import type { Inspection } from '../inspection.js';
import { type Verdict, weigh } from './cost.js';
import { isReadableFormat, type QemuImg, QemuImgError } from './qemu-img.js';
import { sampleImage } from './sample.js';

/** What there is to be gained by less than this is not worth a look. */
const WORTH_A_LOOK_BYTES = 64 * 1024 ** 2;
/** A file with hardly any holes needs no map of them. */
const DENSE = 0.95;

/** Bytes a second; null: can't be told. Measuring it may cost a moment, so it is asked last. */
export type LinkSpeed = () => Promise<number | null>;

/** Null: nothing to gain, or nothing can be told. */
export async function weighConversion(
  file: string,
  inspection: Inspection,
  qemuImg: QemuImg,
  link: LinkSpeed,
  signal: AbortSignal,
): Promise<Verdict | null> {
  const { format, fileSize } = inspection;
  if (!isReadableFormat(format) || fileSize < WORTH_A_LOOK_BYTES) return null;
  const handle = await open(file, 'r');
  try {
    const data = (format === 'RAW' ? await dataOf(file, qemuImg, signal) : null) ?? [{ start: 0, length: fileSize }];
    const sample = await sampleImage(handle, data, signal);
    const dataBytes = data.reduce((sum, extent) => sum + extent.length, 0);
    if (fileSize - dataBytes * sample.ratio < WORTH_A_LOOK_BYTES) return null;
    const linkBytesPerSecond = await link();
    if (linkBytesPerSecond === null) return null;
    return weigh({ ...sample, sourceBytes: fileSize, dataBytes, linkBytesPerSecond });
  } finally {
    await handle.close();
  }
}

/**
 * Where a sparse file has bytes of its own. Node has no way to ask the system (SEEK_HOLE), so qemu-img does.
 * Null: no holes worth a map, or no map to be had.
 */
export async function dataOf(file: string, qemuImg: QemuImg, signal: AbortSignal): Promise<readonly Extent[] | null> {
  const handle = await open(file, 'r');
  try {
    const { size, blocks } = await handle.stat();
    if (blocks * 512 >= size * DENSE) return null;
    return await qemuImg.map({ fd: handle.fd, format: 'RAW', offset: 0, size }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof QemuImgError) return null;
    throw error;
  } finally {
    await handle.close();
  }
}
