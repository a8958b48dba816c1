/** What an import does now, in words: how far it is, how fast, how long it still takes, and what it waits for. */
import { formatBytes } from './format-bytes.js';
import { formatDuration, formatSpan } from './format-duration.js';
import type { ImportWait, Progress } from './import.js';
import { workerOf } from './worker-wait.js';

/** `42 %`, `1.4 GiB of 2.8 GiB`, `11.4 MiB/s`, `about 2 min 5 s left`; what is not known is left out. */
export function progressFigures({
  percent,
  bytesDone,
  bytesTotal,
  bytesPerSecond,
  etaSeconds,
}: Omit<Progress, 'phase'>): readonly string[] {
  return [
    `${Math.floor(percent)} %`,
    bytesDone === null
      ? null
      : bytesTotal === null
        ? formatBytes(bytesDone)
        : `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`,
    bytesPerSecond === null || bytesPerSecond === 0 ? null : `${formatBytes(Math.round(bytesPerSecond))}/s`,
    etaSeconds === null ? null : `about ${formatDuration(etaSeconds * 1_000)} left`,
  ].filter((part) => part !== null);
}

/**
 * `waiting for a worker of host web-3 since 2 min`, or
 * `retrying after Throttling: … since 5 min, next attempt in 20 s, stops for attention in 3 h`.
 * @param now milliseconds since 1970
 */
export function waitText(wait: Pick<ImportWait, 'host' | 'since' | 'retry'>, now: number): string {
  const since = `since ${formatSpan(now - Date.parse(wait.since))}`;
  const { retry } = wait;
  if (retry === undefined) return `waiting for ${workerOf(wait.host)} ${since}`;
  const request = retry.requestId === undefined ? '' : ` (request ${retry.requestId})`;
  const nextIn = Date.parse(retry.nextAt) - now;
  const next = nextIn < 1_000 ? 'next attempt now' : `next attempt in ${formatSpan(nextIn)}`;
  const end = Date.parse(retry.givesUpAt) - now;
  const stops = end <= 0 ? 'stops for attention if it fails' : `stops for attention in ${formatSpan(end)}`;
  return `retrying after ${retry.code}: ${retry.message}${request} ${since}, ${next}, ${stops}`;
}
