/** Whether it saves time to convert an image before it is sent: weighed from what was measured, and said in words. */

export interface Measures {
  /** What is sent when the image is sent as it is: of a raw file, its holes too. */
  readonly sourceBytes: number;
  /** Bytes of it that hold data. */
  readonly dataBytes: number;
  /** Compressed size of a sample of the data, divided by its size. */
  readonly ratio: number;
  readonly compressBytesPerSecond: number;
  readonly linkBytesPerSecond: number;
}

export interface Verdict {
  readonly convert: boolean;
  readonly convertedBytes: number;
  readonly secondsAsIs: number;
  readonly secondsConverted: number;
  readonly reason: string;
}

/** The estimate is rough: what saves less than this share of the time, or less than a moment, is not worth the trouble. */
const WORTH_SHARE = 0.15;
const WORTH_SECONDS = 5;
/** Of a QCOW2's tables, for each byte of data. */
const OVERHEAD = 1 / 512;

export function weigh(measures: Measures): Verdict {
  const { sourceBytes, dataBytes, ratio, compressBytesPerSecond, linkBytesPerSecond } = measures;
  const convertedBytes = Math.ceil(dataBytes * (Math.min(1, ratio) + OVERHEAD));
  const secondsAsIs = sourceBytes / linkBytesPerSecond;
  const converting = dataBytes / compressBytesPerSecond;
  const sending = convertedBytes / linkBytesPerSecond;
  const secondsConverted = converting + sending;
  const saved = secondsAsIs - secondsConverted;
  const convert = saved >= Math.max(WORTH_SECONDS, secondsAsIs * WORTH_SHARE);
  const asIs = `sent as it is, ${size(sourceBytes)} take about ${time(secondsAsIs)} at ${size(linkBytesPerSecond)}/s`;
  const converted =
    `as compressed qcow2, ${size(dataBytes)} of data become about ${size(convertedBytes)}, ` +
    `made in ${time(converting)} and sent in ${time(sending)}`;
  const reason = `${asIs}; ${converted}: ${convert ? 'converted' : 'sent as it is'}`;
  return { convert, convertedBytes, secondsAsIs, secondsConverted, reason };
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
