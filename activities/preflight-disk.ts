/** What one disk of a request comes to: read where it lies on this host, planned where it is to go. */
import { fileURLToPath } from 'node:url';
import { FailureError } from '../domain/failure.js';
import { objectKey } from '../domain/ids.js';
import type { Finding } from '../domain/import.js';
import type { DiskPlan } from '../domain/plan.js';
import type { DiskRequest, ImportRequest } from '../domain/request.js';
import type { ContainerFormat, Inspection } from '../images/inspection.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

const GIB = 1024 ** 3;
const MAX_SIZE_GIB = 2048;

/** What ECS imports as it is; VMDK only for accounts that the vendor invited. */
const IMPORTABLE: readonly ContainerFormat[] = ['RAW', 'QCOW2', 'VHD', 'VMDK'];

export interface PlannedDisk {
  readonly plan: DiskPlan;
  /** Null for a source that is not read here. */
  readonly inspection: Inspection | null;
  readonly findings: readonly Finding[];
}

export async function planDisk(
  deps: ActivityDependencies,
  step: Step,
  request: ImportRequest,
  disk: DiskRequest,
  number: number,
): Promise<PlannedDisk> {
  const url = new URL(disk.source);
  const field = `disks[${number - 1}]`;
  if (url.protocol === 'oss:') return planObject(disk, url, number);
  if (url.protocol !== 'file:') {
    throw new FailureError({
      code: 'Source.NotSupported',
      class: 'request',
      message: `${field}.source: ${url.protocol}// sources cannot be read yet`,
      remedy:
        'Download the image to a worker’s disk and give its path, or upload it to the bucket and give oss://bucket/key.',
      field: `${field}.source`,
    });
  }
  // file://HOST/path only chose the worker; here only the path counts.
  url.host = '';
  const path = fileURLToPath(url);
  const file = await deps.resolveFile(path);
  const inspection = await deps.inspect(file, { signal: step.signal });
  const format = formatOf(disk, inspection, field);
  const diskImageSizeGiB = sizeOf(disk, inspection, field);
  return {
    plan: {
      number,
      source: { kind: 'file', path },
      bucket: request.upload.bucket,
      key: objectKey(request.upload.prefix, step.importId, number, format),
      size: inspection.fileSize,
      format,
      diskImageSizeGiB,
    },
    inspection,
    findings: inspection.findings.map((finding) => ({ ...finding, disk: number })),
  };
}

function planObject(disk: DiskRequest, url: URL, number: number): PlannedDisk {
  const bucket = url.hostname;
  const key = decodeURIComponent(url.pathname.slice(1));
  return {
    plan: {
      number,
      source: { kind: 'object', bucket, key },
      bucket,
      key,
      size: null,
      format: disk.format ?? null,
      diskImageSizeGiB: disk.diskImageSize ?? null,
    },
    inspection: null,
    findings: [],
  };
}

function formatOf(disk: DiskRequest, inspection: Inspection, field: string): string {
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
  const needed = inspection.virtualSize === null ? null : Math.max(1, Math.ceil(inspection.virtualSize / GIB));
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
