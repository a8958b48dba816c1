/** What one disk of a request comes to: read where it lies on this host, planned where it is to go. */
import { fileURLToPath } from 'node:url';
import { FailureError } from '../domain/failure.js';
import { objectKey } from '../domain/ids.js';
import type { Finding } from '../domain/import.js';
import type { DiskPlan } from '../domain/plan.js';
import type { DiskRequest, ImportRequest } from '../domain/request.js';
import { ossObjectOf } from '../domain/source-rules.js';
import type { ContainerFormat, Inspection } from '../images/inspection.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

const MAX_SIZE_GIB = 2048;

/** What ECS imports as it is; VMDK only for accounts that the vendor invited. */
const IMPORTABLE: readonly ContainerFormat[] = ['RAW', 'QCOW2', 'VHD', 'VMDK'];

/** A source that lies on this host, and what was read of it. */
export interface ReadDisk {
  readonly path: string;
  readonly inspection: Inspection;
}

/** Null for an object that is in OSS already: it is not read here. */
export async function readDisk(
  deps: ActivityDependencies,
  step: Step,
  disk: DiskRequest,
  { number, of }: { readonly number: number; readonly of: number },
): Promise<ReadDisk | null> {
  const url = new URL(disk.source);
  if (url.protocol === 'oss:') return null;
  if (url.protocol !== 'file:') {
    const field = `disks[${number - 1}].source`;
    throw new FailureError({
      code: 'Source.NotSupported',
      class: 'request',
      message: `${field}: ${url.protocol}// sources cannot be read yet`,
      remedy:
        'Download the image to a worker’s disk and give its path, or upload it to the bucket and give oss://bucket/key.',
      field,
    });
  }
  // file://HOST/path only chose the worker; here only the path counts.
  url.host = '';
  const path = fileURLToPath(url);
  const file = await deps.resolveFile(path);
  const inspection = await deps.inspect(file, {
    signal: step.signal,
    role: number === 1 ? 'system' : 'data',
    moreDisks: of > 1,
  });
  return { path, inspection };
}

export function findingsOf(read: ReadDisk | null, number: number): readonly Finding[] {
  return (read?.inspection.findings ?? []).map((finding) => ({ ...finding, disk: number }));
}

export function planDisk(
  request: ImportRequest,
  importId: string,
  disk: DiskRequest,
  number: number,
  read: ReadDisk | null,
): DiskPlan {
  if (read === null) return planObject(disk, number);
  const field = `disks[${number - 1}]`;
  const { path, inspection } = read;
  const format = formatOf(disk, inspection, field);
  return {
    number,
    source: { kind: 'file', path },
    bucket: request.upload.bucket,
    key: objectKey(request.upload.prefix, importId, number, format),
    size: inspection.fileSize,
    format,
    diskImageSizeGiB: sizeOf(disk, inspection, field),
  };
}

function planObject(disk: DiskRequest, number: number): DiskPlan {
  const { bucket, key } = objectOf(disk.source);
  return {
    number,
    source: { kind: 'object', bucket, key },
    bucket,
    key,
    size: null,
    format: disk.format ?? null,
    diskImageSizeGiB: disk.diskImageSize ?? null,
  };
}

function objectOf(source: string) {
  const object = ossObjectOf(source);
  if (object === null) throw new Error(`not a source in OSS: ${source}`);
  return object;
}

function formatOf(disk: DiskRequest, inspection: Inspection, field: string): string {
  // Any bytes can be a raw disk; that nothing is known on it is a finding of its own.
  if (disk.format === 'RAW' && inspection.format === 'UNKNOWN' && inspection.subformat === null) return 'RAW';
  if (!IMPORTABLE.includes(inspection.format)) {
    throw new FailureError({
      code: 'InvalidImageFormat.Malformed',
      class: 'request',
      message: `${field}.source is ${inspection.format}, which ECS does not import`,
      remedy: 'Convert it first: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2 (unpack archives before that).',
      field: `${field}.source`,
    });
  }
  if (disk.format !== undefined && disk.format !== inspection.format) {
    throw new FailureError({
      code: 'Request.ContradictsImage',
      class: 'request',
      message: `${field}.format is ${disk.format} in the request and ${inspection.format} in the image`,
      remedy: `Leave ${field}.format out to take it from the image.`,
      field: `${field}.format`,
    });
  }
  return inspection.format;
}

/** The disk is never made smaller than what the guest sees, and never larger than the cloud allows. */
function sizeOf(disk: DiskRequest, inspection: Inspection, field: string): number | null {
  const needed = inspection.diskImageSizeGiB;
  if (needed !== null && needed > MAX_SIZE_GIB) {
    throw new FailureError({
      code: 'InvalidImageSize',
      class: 'request',
      message: `${field}.source has a virtual size of ${needed} GiB; ECS takes ${MAX_SIZE_GIB} GiB at most`,
      remedy: 'Shrink the disk, or split the data over several disks.',
      field: `${field}.source`,
    });
  }
  const asked = disk.diskImageSize ?? null;
  if (asked !== null && needed !== null && asked < needed) {
    throw new FailureError({
      code: 'InvalidImageSize',
      class: 'request',
      message: `${field}.diskImageSize is ${asked} GiB, the image’s virtual size is ${needed} GiB`,
      remedy: `Give at least ${needed}, or leave it out.`,
      field: `${field}.diskImageSize`,
    });
  }
  return asked ?? needed;
}
