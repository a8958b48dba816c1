/** What one disk of a request comes to: read where it lies on this host, planned where it is to go. */
import { fileURLToPath } from 'node:url';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { objectKey } from '../domain/ids.js';
import type { Finding } from '../domain/import.js';
import { parseObjectLocation } from '../domain/object-location.js';
import type { DiskPlan } from '../domain/plan.js';
import type { DiskRequest, ImportRequest } from '../domain/request/request.js';
import { MAX_DISK_GIB } from '../domain/request/vocabulary.js';
import { expectedFormat } from '../images/convert/converter.js';
import { conversionNeed, isImportable, isVoidWhenConverted, type Programs } from '../images/convert/need.js';
import type { Inspection, InspectOptions } from '../images/inspection.js';
import type { RemoteImage } from '../images/remote-image.js';
import { describeHttp, httpSource } from '../sources/http-source.js';
import { type ByteSource, readPiece } from '../sources/source.js';
import type { ActivityDependencies } from './dependencies.js';
import { isArchived } from './preflight-cloud.js';
import type { Step } from './step.js';
import { objectSource } from './upload/object-source.js';

/** A source as preflight sees it. */
export interface ReadDisk {
  readonly source: DiskPlan['source'];
  /** Null: it does not lie on this host. */
  readonly path: string | null;
  /** Bytes of the source; null where its server does not tell. */
  readonly size: number | null;
  /** Null: it can't be looked at before it is here, or not at all. */
  readonly inspection: Inspection | null;
}

/** Looks at a source where it lies: on this host, on a web server, in OSS. */
export async function readDisk(
  deps: ActivityDependencies,
  step: Step,
  request: ImportRequest,
  number: number,
): Promise<ReadDisk> {
  const disk = request.disks[number - 1];
  if (disk === undefined) throw new Error(`the request has no disk ${number}`);
  const options: InspectOptions = {
    signal: step.signal,
    role: number === 1 ? 'system' : 'data',
    moreDisks: request.disks.length > 1,
  };
  const url = new URL(disk.source);
  const read = await (url.protocol === 'oss:'
    ? readObject(deps, request.region, disk, options)
    : url.protocol === 'file:'
      ? readFile(deps, url, options)
      : readWeb(deps, url, options));
  return read.inspection === null ? read : { ...read, inspection: asStated(disk, read.inspection) };
}

async function readFile(deps: ActivityDependencies, url: URL, options: InspectOptions): Promise<ReadDisk> {
  // file://HOST/path only chose the worker; here only the path counts.
  url.host = '';
  const path = fileURLToPath(url);
  const file = await deps.resolveFile(path);
  const inspection = await deps.inspect(file, options);
  return { source: { kind: 'file', path }, path, size: inspection.fileSize, inspection };
}

async function readWeb({ uploading }: ActivityDependencies, url: URL, options: InspectOptions): Promise<ReadDisk> {
  const signal = options.signal ?? new AbortController().signal;
  const facts = await describeHttp(uploading.http, url, signal);
  const { size } = facts;
  const read = { source: { kind: 'http', url: url.href }, path: null, size } as const;
  if (size === null || !facts.takesRanges) return { ...read, inspection: null };
  const source = httpSource(uploading.http, { ...facts, size });
  return { ...read, inspection: await uploading.inspectRemote(remoteImage(source), options) };
}

/** An object that is not there, or archived, is told by the checks of the cloud's side. */
async function readObject(
  deps: ActivityDependencies,
  region: string,
  disk: DiskRequest,
  options: InspectOptions,
): Promise<ReadDisk> {
  const { bucket, key } = objectOf(disk.source);
  const oss = deps.cloud.oss(region);
  const object = await oss.headObject(bucket, key).catch(unlessRefused);
  const read = { source: { kind: 'object', bucket, key }, path: null, size: object?.size ?? null } as const;
  if (object === null || object.size === 0 || isArchived(object)) return { ...read, inspection: null };
  const image = remoteImage(objectSource(oss, bucket, object));
  // Who may only have the cloud read it imports it unseen.
  return { ...read, inspection: await deps.uploading.inspectRemote(image, options).catch(unlessRefused) };
}

function unlessRefused(error: unknown): null {
  if (error instanceof FailureError && (error.failure.status === 403 || error.failure.class === 'request')) return null;
  throw error;
}

function remoteImage(source: ByteSource): RemoteImage {
  return {
    name: source.name,
    size: source.size,
    version: source.version,
    read: (offset, length, signal) => readPiece(source, offset, length, signal),
  };
}

/** Any bytes can be a raw disk, when the request says so; that nothing is known on it is a finding of its own. */
export function asStated(disk: DiskRequest | undefined, inspection: Inspection): Inspection {
  if (disk?.format !== 'RAW' || inspection.format !== 'UNKNOWN' || inspection.subformat !== null) return inspection;
  const { fileSize } = inspection;
  return {
    ...inspection,
    format: 'RAW',
    virtualSize: fileSize,
    diskImageSizeGiB: inspection.diskImageSizeGiB ?? Math.max(1, Math.ceil(fileSize / 1024 ** 3)),
  };
}

/** Of what was looked at; a finding that a conversion makes void is left out where one takes place. */
export function findingsOf({ inspection }: ReadDisk, plan: DiskPlan | null, number: number): readonly Finding[] {
  const converted = plan?.conversion === 'converted';
  return (inspection?.findings ?? [])
    .filter(({ code }) => !converted || !isVoidWhenConverted(code))
    .map((finding) => ({ ...finding, disk: number }));
}

export async function planDisk(
  deps: Pick<ActivityDependencies, 'uploading'>,
  request: ImportRequest,
  importId: string,
  number: number,
  read: ReadDisk,
): Promise<DiskPlan> {
  const disk = request.disks[number - 1];
  if (disk === undefined) throw new Error(`the request has no disk ${number}`);
  const field = `disks[${number - 1}]`;
  const { source, size, inspection } = read;
  const sized = { number, source, size };
  if (source.kind === 'object') {
    const { bucket, key } = source;
    // Of what nothing is known the cloud is told what the request says; the finding has its say before.
    const known = inspection !== null && inspection.format !== 'UNKNOWN' ? inspection : null;
    const format = known === null ? (disk.format ?? null) : importableFormat(disk, known, field);
    const diskImageSizeGiB = known === null ? (disk.diskImageSize ?? null) : sizeOf(disk, known, field);
    return { ...sized, bucket, key, conversion: 'as-is', format, diskImageSizeGiB };
  }
  const { bucket, prefix } = request.upload;
  if (inspection === null) {
    const key = objectKey(prefix, importId, number, disk.format ?? 'raw');
    const told = { format: disk.format ?? null, diskImageSizeGiB: disk.diskImageSize ?? null };
    return { ...sized, ...told, bucket, key, conversion: 'unknown' };
  }
  const need = await conversionNeed(inspection, request.upload.convert, deps.uploading.programs);
  // What a conversion would save is not known of what lies elsewhere, nor worth bringing it here.
  const conversion = need === 'if-worth' && read.path === null ? 'as-is' : need;
  const format =
    conversion === 'converted'
      ? await convertedFormat(disk, inspection, field, deps.uploading.programs)
      : importableFormat(disk, inspection, field);
  const key = objectKey(prefix, importId, number, format);
  return { ...sized, bucket, key, conversion, format, diskImageSizeGiB: sizeOf(disk, inspection, field) };
}

function objectOf(source: string) {
  const object = parseObjectLocation(source);
  if (object === null) throw new Error(`not a source in OSS: ${source}`);
  return object;
}

function convertedFormat(
  disk: DiskRequest,
  inspection: Inspection,
  field: string,
  programs: Programs,
): Promise<string> {
  // Of what is packed the request's word is about what is inside.
  const outside = inspection.contains === null && isImportable(inspection.format);
  if (outside) agree(disk, inspection, field);
  return expectedFormat(inspection, programs);
}

function importableFormat(disk: DiskRequest, inspection: Inspection, field: string): string {
  if (!isImportable(inspection.format)) {
    throw fail('InvalidImageFormat.Malformed', `${field}.source is ${inspection.format}, which ECS does not import`, {
      field: `${field}.source`,
    });
  }
  agree(disk, inspection, field);
  return inspection.format;
}

function agree(disk: DiskRequest, inspection: Inspection, field: string): void {
  if (disk.format === undefined || disk.format === inspection.format) return;
  throw fail(
    'Request.ContradictsImage',
    `${field}.format is ${disk.format} in the request and ${inspection.format} in the image`,
    { field: `${field}.format` },
  );
}

/** The disk is never made smaller than what the guest sees, and never larger than the cloud allows. */
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
