/** Estimates whether it saves time to convert an image before it is sent, from its data, a compressed sample and the link's speed. */
import type { FileHandle } from 'node:fs/promises';
import type { ContainerFacts } from '../../domain/plan.js';
import { dataExtents } from '../../sources/sparse-extents.js';
import { isReadableFormat, mapExtentsWith, type QemuImg } from './qemu-img.js';
import { sampleImage } from './sample.js';

/** A conversion that saves fewer bytes than this is not estimated at all. */
const MIN_SAVED_BYTES = 64 * 1024 ** 2;

/** Bytes per second; null: unknown. Measuring may take a moment, so it is asked for last. */
export type LinkSpeed = () => Promise<number | null>;

/** Null: a conversion saves nothing, or there is too little to estimate from. */
export async function estimateConversion(
  file: FileHandle,
  { format, fileSize }: Pick<ContainerFacts, 'format' | 'fileSize'>,
  qemuImg: QemuImg,
  link: LinkSpeed,
  signal: AbortSignal,
): Promise<Estimate | null> {
  if (!isReadableFormat(format) || fileSize < MIN_SAVED_BYTES) return null;
  const extents = format === 'RAW' ? await dataExtents(file, mapExtentsWith(qemuImg), signal) : null;
  const data = extents ?? [{ start: 0, length: fileSize }];
  const sample = await sampleImage(file, data, signal);
  const dataBytes = data.reduce((sum, extent) => sum + extent.length, 0);
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
  readonly compressBytesPerSecond: number;
  readonly linkBytesPerSecond: number;
}

/** Both ways of sending an image, with their times, and the faster one. */
export interface Estimate {
  readonly convert: boolean;
  readonly convertedBytes: number;
  readonly secondsAsIs: number;
  readonly secondsConverted: number;
  readonly reason: string;
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
  const converting = dataBytes / compressBytesPerSecond;
  const sending = convertedBytes / linkBytesPerSecond;
  const secondsConverted = converting + sending;
  const saved = secondsAsIs - secondsConverted;
  const wanted = Math.max(MIN_SAVED_SECONDS, secondsAsIs * MIN_SAVED_SHARE);
  const convert = saved >= wanted;
  const asIs = `as it is, ${size(sourceBytes)} take about ${time(secondsAsIs)} at ${size(linkBytesPerSecond)}/s`;
  const converted =
    `as compressed qcow2, ${size(dataBytes)} of data become about ${size(convertedBytes)}, ` +
    `converted in ${time(converting)} and sent in ${time(sending)}`;
  const reason = `${asIs}; ${converted}. ${conclusion(saved, wanted)}`;
  return { convert, convertedBytes, secondsAsIs, secondsConverted, reason };
}

/** The times are rounded: the difference explains the decision where they are close. */
function conclusion(saved: number, wanted: number): string {
  if (saved >= wanted) return `The conversion saves about ${time(saved)}. The disk is converted.`;
  if (saved <= 0) return 'The conversion would take longer. The disk is sent as it is.';
  return `The conversion would save about ${time(saved)}, and the estimate is not exact enough for less than ${time(wanted)}. The disk is sent as it is.`;
}

function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

function time(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
