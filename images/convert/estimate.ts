/** Estimates whether it saves time to compress an image while it is sent, from its data, a compressed sample and the link's speed. */
import type { FileHandle } from 'node:fs/promises';
import { formatBytes } from '../../domain/format-bytes.js';
import type { ContainerFacts } from '../../domain/plan.js';
import { dataExtents, type MapExtents } from '../../sources/sparse-extents.js';
import { isReadableFormat } from './qemu-img.js';
import { sampleImage } from './sample.js';

/** A conversion that saves fewer bytes than this is not estimated at all. */
const MIN_SAVED_BYTES = 64 * 1024 ** 2;

/** Bytes per second; null: unknown. Measuring may take a moment, so it is asked for last. */
export type LinkSpeed = () => Promise<number | null>;

export interface Decision {
  readonly convert: boolean;
  readonly reason: string;
}

/** Null: a conversion saves nothing, or there is too little to estimate from. */
export async function estimateConversion(
  file: FileHandle,
  { format, fileSize }: Pick<ContainerFacts, 'format' | 'fileSize'>,
  mapExtents: MapExtents,
  link: LinkSpeed,
  signal: AbortSignal,
): Promise<Decision | null> {
  if (!isReadableFormat(format) || fileSize < MIN_SAVED_BYTES) return null;
  const extents = format === 'RAW' ? await dataExtents(file, mapExtents, signal) : null;
  const data = extents ?? [{ start: 0, length: fileSize }];
  const dataBytes = data.reduce((sum, extent) => sum + extent.length, 0);
  // On any link: what the holes save needs no processor time.
  if (fileSize - dataBytes >= Math.max(MIN_SAVED_BYTES, fileSize * MIN_SAVED_SHARE)) {
    const reason = `${formatBytes(dataBytes)} of ${formatBytes(fileSize)} hold data: the disk is sent as a qcow2 without the rest, compressed where the link is slower than the compression.`;
    return { convert: true, reason };
  }
  const sample = await sampleImage(file, data, signal);
  if (fileSize - dataBytes * sample.ratio < MIN_SAVED_BYTES) return null;
  const linkBytesPerSecond = await link();
  if (linkBytesPerSecond === null) return null;
  return estimateSending({ ...sample, sourceBytes: fileSize, dataBytes, linkBytesPerSecond });
}

export interface Measures {
  /** Bytes to send when the image is sent as it is: of a raw file, its holes too. */
  readonly sourceBytes: number;
  /** Bytes of the source that hold data. */
  readonly dataBytes: number;
  /** Compressed size of a sample of the data, divided by its size. */
  readonly ratio: number;
  /** On all cores. */
  readonly compressBytesPerSecond: number;
  readonly linkBytesPerSecond: number;
}

/** Both ways of sending an image, with their times, and the faster one. */
export interface Estimate extends Decision {
  readonly convertedBytes: number;
  readonly secondsAsIs: number;
  readonly secondsConverted: number;
}

/** The estimate is rough: a conversion must save at least this share of the time, and at least these seconds. */
const MIN_SAVED_SHARE = 0.15;
const MIN_SAVED_SECONDS = 5;
/** Size of a QCOW2's tables for each byte of data. */
const TABLE_OVERHEAD = 1 / 512;

export function estimateSending(measures: Measures): Estimate {
  const { sourceBytes, dataBytes, ratio, compressBytesPerSecond, linkBytesPerSecond } = measures;
  const convertedBytes = Math.ceil(dataBytes * (Math.min(1, ratio) + TABLE_OVERHEAD));
  const secondsAsIs = sourceBytes / linkBytesPerSecond;
  const compressing = dataBytes / compressBytesPerSecond;
  const sending = convertedBytes / linkBytesPerSecond;
  // Both take place together. Where the compression is the slower one, less is compressed, down to nothing.
  const plain = (dataBytes * (1 + TABLE_OVERHEAD)) / linkBytesPerSecond;
  const secondsConverted = Math.min(plain, Math.max(compressing, sending));
  const saved = secondsAsIs - secondsConverted;
  const wanted = Math.max(MIN_SAVED_SECONDS, secondsAsIs * MIN_SAVED_SHARE);
  const convert = saved >= wanted;
  const asIs = `as it is, ${formatBytes(sourceBytes)} take about ${time(secondsAsIs)} at ${formatBytes(linkBytesPerSecond)}/s`;
  const converted =
    `as a qcow2 that is compressed while it is sent, ${formatBytes(dataBytes)} of data become about ${formatBytes(convertedBytes)}, ` +
    `compressed in ${time(compressing)} and sent in ${time(sending)}`;
  const reason = `${asIs}; ${converted}. ${conclusion(saved, wanted)}`;
  return { convert, convertedBytes, secondsAsIs, secondsConverted, reason };
}

/** The times are rounded: the difference explains the decision where they are close. */
function conclusion(saved: number, wanted: number): string {
  if (saved >= wanted) return `The conversion saves about ${time(saved)}. The disk is converted.`;
  if (saved <= 0) return 'The conversion would take longer. The disk is sent as it is.';
  return `The conversion would save about ${time(saved)}, and the estimate is not exact enough for less than ${time(wanted)}. The disk is sent as it is.`;
}

function time(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
