/** One disk of a request in preflight: its source and its inspection. */
import type { ImportRequest } from '../domain/request/request.js';
import type { Inspection, InspectOptions } from '../images/inspection.js';
import { asStated, diskOf, type InspectedDisk } from '../images/verdict/disk-decision.js';
import { sourceAt } from '../sources/index.js';
import type { Source } from '../sources/source.js';
import type { ActivityDependencies } from './dependencies.js';
import { sourceAccess } from './source-access.js';

/** Inspects a disk's source at its location. */
export async function inspectDisk(
  deps: ActivityDependencies,
  request: ImportRequest,
  number: number,
  signal: AbortSignal,
): Promise<InspectedDisk> {
  const disk = diskOf(request, number);
  const source = sourceAt(disk.source, sourceAccess(deps, request.region), { credential: disk.credential });
  const facts = await source.describe(signal);
  const inspection = await inspectSource(deps, request, number, source, signal);
  return { source, facts, inspection };
}

export async function inspectSource(
  deps: Pick<ActivityDependencies, 'inspect' | 'uploading'>,
  request: ImportRequest,
  number: number,
  source: Source,
  signal: AbortSignal,
): Promise<Inspection | null> {
  const options = inspectOptions(request, number, signal);
  const inspection = await source.inspect(
    {
      file: (file) => deps.inspect(file, options),
      remote: (image) => deps.uploading.inspectRemote(image, options),
    },
    signal,
  );
  return inspection === null ? null : asStated(diskOf(request, number), inspection);
}

export function inspectOptions(request: ImportRequest, number: number, signal: AbortSignal): InspectOptions {
  return { signal, role: number === 1 ? 'system' : 'data', moreDisks: request.disks.length > 1 };
}
