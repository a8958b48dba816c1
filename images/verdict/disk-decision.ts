/** The decision about one disk: whether it is uploaded as is, converted, or imported from its bucket; its format and size. */
import { fail } from '../../domain/errors/index.js';
import type { DiskPlan } from '../../domain/plan.js';
import type { DiskRequest, ImportRequest } from '../../domain/request/request.js';
import { MAX_DISK_GIB } from '../../domain/request/vocabulary.js';
import type { Source, SourceFacts } from '../../sources/source.js';
import { type Conversion, containerOf, convertedFormat, decideConversion, isImportable } from '../convert/decision.js';
import type { Programs } from '../convert/programs.js';
import type { Inspection } from '../inspection.js';
import { policyOf } from './import-policy.js';

export interface InspectedDisk {
  readonly source: Source;
  readonly facts: SourceFacts;
  /** Null: the source cannot be inspected, or only after it has been downloaded to this host. */
  readonly inspection: Inspection | null;
}

export type DecidedDisk = DiskPlan & { readonly conversion: Conversion | 'unknown' };

/** Throws a `FailureError` if the disk cannot be imported. */
export async function decideDisk(
  request: ImportRequest,
  number: number,
  {
    source,
    facts,
    inspection,
  }: Pick<InspectedDisk, 'facts' | 'inspection'> & {
    readonly source: Pick<Source, 'name' | 'place' | 'object'>;
  },
  programs: Programs,
): Promise<DecidedDisk> {
  const disk = diskOf(request, number);
  const field = `disks[${number - 1}]`;
  const { size, version } = facts;
  const common = {
    ...{ number, source: source.place, size },
    ...(inspection === null || version === null ? {} : { inspected: { version, container: containerOf(inspection) } }),
  };
  if (source.object !== null) {
    const { bucket, key } = source.object;
    // If the format is unknown, the values of the request are sent to ECS; a finding reports the unknown format.
    const known = inspection !== null && inspection.format !== 'UNKNOWN' ? inspection : null;
    const format = known === null ? (disk.format ?? null) : importableFormat(disk, known, field);
    if (policyOf(request) !== 'never') requireOnlyDisk(source.name, format, size, known, field);
    const diskImageSizeGiB = known === null ? (disk.diskImageSize ?? null) : sizeOf(disk, known, field);
    return { ...common, bucket, key, conversion: 'as-is', format, diskImageSizeGiB };
  }
  const place = { bucket: request.upload.bucket, key: null };
  if (inspection === null) {
    const stated = { format: disk.format ?? null, diskImageSizeGiB: disk.diskImageSize ?? null };
    return { ...common, ...place, ...stated, conversion: 'unknown' };
  }
  const decided = await decideConversion(inspection, request.upload, programs);
  // Downloading an image only to estimate the savings of a conversion costs more than it saves.
  const conversion = decided === 'if-faster' && facts.file === null ? 'as-is' : decided;
  const format =
    conversion === 'converted'
      ? await formatAfterConversion(disk, inspection, field, programs)
      : importableFormat(disk, inspection, field);
  return { ...common, ...place, conversion, format, diskImageSizeGiB: sizeOf(disk, inspection, field) };
}

/** ECS reads an object where it is: nothing can be left out of it, and nothing added. */
function requireOnlyDisk(
  name: string,
  format: string | null,
  size: number | null,
  inspection: Inspection | null,
  field: string,
): void {
  const extra = (size ?? 0) % SECTOR;
  const end = inspection?.contains?.size ?? (format === 'RAW' && extra !== 0 ? (size ?? 0) - extra : null);
  if (end === null) return;
  const bytes = `${name} has ${size ?? 'more'} bytes, and the ${format ?? 'image'} in it ends at byte ${end}`;
  throw fail('Source.NotOnlyDisk', `${bytes}; an object is imported where it is, so that they cannot be left out`, {
    field: `${field}.source`,
  });
}

const SECTOR = 512;

export function diskOf(request: ImportRequest, number: number): DiskRequest {
  const disk = request.disks[number - 1];
  if (disk === undefined) throw new Error(`the request has no disk ${number}`);
  return disk;
}

/** If the request states RAW, an image of unknown format is treated as a raw disk; a finding reports the unknown content. */
export function asStated(disk: DiskRequest, inspection: Inspection): Inspection {
  if (disk.format !== 'RAW' || inspection.format !== 'UNKNOWN' || inspection.subformat !== null) return inspection;
  // Padded: nothing is known about which bytes the disk needs.
  const virtualSize = Math.ceil(inspection.fileSize / 512) * 512;
  return {
    ...inspection,
    format: 'RAW',
    virtualSize,
    diskImageSizeGiB: inspection.diskImageSizeGiB ?? Math.max(1, Math.ceil(virtualSize / 1024 ** 3)),
  };
}

async function formatAfterConversion(
  disk: DiskRequest,
  inspection: Inspection,
  field: string,
  programs: Programs,
): Promise<string> {
  // For a compressed image or an archive, the format in the request is that of the disk inside.
  if (inspection.contains === null && isImportable(inspection.format)) requireSameFormat(disk, inspection, field);
  return await convertedFormat(inspection, programs);
}

/** The format of an image that is uploaded as is. */
export function importableFormat(disk: DiskRequest, inspection: Inspection, field: string): string {
  if (!isImportable(inspection.format)) {
    throw fail('InvalidImageFormat.Malformed', `${field}.source is ${inspection.format}, which ECS does not import`, {
      field: `${field}.source`,
    });
  }
  requireSameFormat(disk, inspection, field);
  return inspection.format;
}

function requireSameFormat(disk: DiskRequest, inspection: Inspection, field: string): void {
  if (disk.format === undefined || disk.format === inspection.format) return;
  throw fail(
    'Request.ContradictsImage',
    `${field}.format is ${disk.format} in the request and ${inspection.format} in the image`,
    { field: `${field}.format` },
  );
}

/** The disk size for ImportImage: at least the virtual size of the image, at most the limit of ECS. */
export function sizeOf(disk: DiskRequest, inspection: Inspection, field: string): number | null {
  const needed = inspection.diskImageSizeGiB;
  if (needed !== null && needed > MAX_DISK_GIB) {
    throw fail(
      'InvalidImageSize',
      `${field}.source has a virtual size of ${needed} GiB; ECS imports disks of up to ${MAX_DISK_GIB} GiB: shrink the disk, or split its data over several disks`,
      { field: `${field}.source` },
    );
  }
  const asked = disk.diskImageSize ?? null;
  if (asked !== null && needed !== null && asked < needed) {
    throw fail(
      'InvalidImageSize',
      `${field}.diskImageSize is ${asked} GiB, but the image’s virtual size is ${needed} GiB`,
      { field: `${field}.diskImageSize` },
    );
  }
  return asked ?? needed;
}
