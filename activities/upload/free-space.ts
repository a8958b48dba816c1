/** Finds and reports what `upload.trim: free-space` leaves out of a disk. */

import { formatBytes } from '../../domain/format-bytes.js';
import type { Finding } from '../../domain/import.js';
import type { TrimmedVolume } from '../../images/trim/free-space.js';
import { type PackedRanges, packRanges } from '../../images/trim/trimmed-disk.js';
import { type OpenedSource, rangesOf } from '../../sources/source.js';
import type { UploadContext } from './upload-context.js';

/** More volumes would make the finding hard to read. */
const MAX_LISTED = 20;
const REMAINS =
  'Free blocks are not sent. What deleted files had may remain in the last block of a file, in journals and in directories; wipe the disk itself if it must not leave this host.';

/** The free bytes of the disk. Nothing is free where the disk cannot be read with certainty: a finding has the reason. */
export async function freeSpaceOf(
  context: UploadContext,
  opened: OpenedSource,
  diskBytes: number,
): Promise<PackedRanges> {
  const { deps, signal } = context;
  const found = await deps.uploading.readFreeSpace(opened.file ?? rangesOf(opened.reader), diskBytes, signal);
  if (typeof found === 'string') {
    await report(context, `Nothing of disk ${context.disk.number} was left out: ${found}`, [], 'warning');
    return packRanges([]);
  }
  const freeBytes = found.ranges.reduce((sum, { length }) => sum + length, 0);
  const message = `${formatBytes(freeBytes)} of the disk’s ${formatBytes(diskBytes)} are free and were not sent`;
  const isWhole = found.volumes.every(({ leftWhole }) => leftWhole !== null);
  await report(context, message, found.volumes, isWhole ? 'warning' : 'info');
  return packRanges(found.ranges);
}

/** @param how the disk reaches the bucket */
export async function reportNotTrimmed(
  context: Pick<UploadContext, 'deps' | 'step' | 'disk'>,
  how: string,
): Promise<void> {
  const message = `Nothing of disk ${context.disk.number} was left out: only disks that this service compresses while it sends them can be trimmed, and this one is ${how}`;
  await report(context, message, [], 'warning');
}

async function report(
  { deps, step, disk }: Pick<UploadContext, 'deps' | 'step' | 'disk'>,
  message: string,
  volumes: readonly TrimmedVolume[],
  severity: Finding['severity'],
): Promise<void> {
  step.log('free space', { disk: disk.number, message, volumes });
  const listed = volumes.slice(0, MAX_LISTED).map(textOf);
  const more = volumes.length > MAX_LISTED ? [`${volumes.length - MAX_LISTED} more`] : [];
  const finding: Finding = {
    ...{ code: 'ECSIMPORT.FreeSpace', severity, message, source: 'inspection', disk: disk.number },
    evidence: [...listed, ...more].join('; '),
    remedy: REMAINS,
  };
  const scope = { source: 'inspection' as const, disk: disk.number, codes: [finding.code] };
  await deps.store.replaceFindings(step, scope, [finding]);
}

function textOf({ name, content, bytes, freeBytes, leftWhole }: TrimmedVolume): string {
  const what = `${name} (${content ?? 'unknown content'}, ${formatBytes(bytes)})`;
  return leftWhole === null
    ? `${what}: ${formatBytes(freeBytes)} not sent`
    : `${what}: sent whole, because ${leftWhole}`;
}
