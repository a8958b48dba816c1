/** The final conversion decision about a disk, where it depends on the link speed or on a late inspection. */
import { objectKey } from '../../domain/ids.js';
import { usablePrefix } from '../../domain/object-location.js';
import type { ContainerFacts, DiskPlan } from '../../domain/plan.js';
import { containerOf, convertedFormat, decideConversion } from '../../images/convert/decision.js';
import { estimateConversion, type LinkSpeed } from '../../images/convert/estimate.js';
import type { Inspection } from '../../images/inspection.js';
import { isStreamable } from '../../images/stream/streamable.js';
import { asStated, diskOf } from '../../images/verdict/disk-decision.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import type { LocalFile } from '../../sources/local-file.js';
import type { OpenedSource } from '../../sources/source.js';
import type { UploadForm } from '../../store/uploads.js';
import { inspectOptions } from '../preflight-disk.js';
import { sourceAccess } from '../source-access.js';
import { contentIdentity } from './content-identity.js';
import { reportNotTrimmed } from './free-space.js';
import { reportConversion } from './report-conversion.js';
import type { UploadContext } from './upload-context.js';

export interface FormDecision {
  readonly form: UploadForm;
  /** Of the object. */
  readonly format: string;
  /** The conversion takes place while the disk is sent: nothing is written to this host. */
  readonly isStreamed: boolean;
  /** The facts about the source that a conversion needs; null if the source is sent as it is from another host. */
  readonly container: ContainerFacts | null;
  /** The late inspection of the source; null if preflight's decision applies. */
  readonly inspection: Inspection | null;
}

/**
 * The plan for the current version of the source. If the source has changed since preflight, the decision is discarded and
 * the source is inspected again. So is the decision to convert a source whose version proves nothing: its copy is inspected.
 */
export function planFor(disk: DiskPlan, version: string | null, versionIsExact = true): DiskPlan {
  const { inspected, ...rest } = disk;
  if (inspected === undefined) return disk;
  const isSame = inspected.version === version && (versionIsExact || disk.conversion === 'as-is');
  return isSame ? disk : { ...rest, conversion: 'unknown' };
}

export async function decideForm(context: UploadContext, opened: OpenedSource): Promise<FormDecision> {
  const decision = await formDecision(context, opened);
  if (context.input.request.upload.trim !== 'free-space') return decision;
  if (decision.isStreamed) return { ...decision, form: 'trimmed' };
  await reportNotTrimmed(context, decision.form === 'as-is' ? 'sent as it is' : 'converted by other programs');
  return decision;
}

async function formDecision(context: UploadContext, opened: OpenedSource): Promise<FormDecision> {
  const { deps, input, disk } = context;
  const { programs } = deps.uploading;
  const { file } = opened;
  if (file === null && disk.conversion === 'converted' && disk.inspected !== undefined) {
    return {
      form: 'converted',
      isStreamed: true,
      format: 'QCOW2',
      container: disk.inspected.container,
      inspection: null,
    };
  }
  if (disk.conversion === 'as-is' || file === null) {
    return { form: 'as-is', isStreamed: false, format: disk.format ?? 'RAW', container: null, inspection: null };
  }
  const inspection = disk.inspected === undefined ? await inspectLate(context, file) : null;
  const container = inspection === null ? disk.inspected?.container : containerOf(inspection);
  if (container === undefined)
    throw new Error(`disk ${disk.number} was inspected neither in preflight nor during the upload`);
  const conversion =
    disk.conversion === 'unknown' && inspection !== null
      ? await decideConversion(inspection, input.request.upload, programs)
      : disk.conversion;
  const isOpen = conversion === 'if-faster' || conversion === 'if-worth';
  const form = isOpen ? await fasterForm(context, opened, file, container) : formOf(conversion);
  if (form === 'as-is') return { form, isStreamed: false, format: container.format, container, inspection };
  const isStreamed = isStreamable(container);
  if (conversion === 'converted') {
    const how = isStreamed
      ? 'is compressed to a qcow2 while it is sent'
      : 'is converted to a compressed qcow2 before the upload';
    await reportConversion(context, `${container.format} ${how}`);
  }
  const format = isStreamed ? 'QCOW2' : await convertedFormat(container, programs);
  return { form, isStreamed, format, container, inspection };
}

function formOf(conversion: DiskPlan['conversion']): UploadForm {
  return conversion === 'converted' ? 'converted' : 'as-is';
}

async function inspectLate({ deps, input, disk, signal }: UploadContext, file: LocalFile): Promise<Inspection> {
  const { request } = input;
  const inspection = await deps.inspect(file, inspectOptions(request, disk.number, signal));
  return asStated(diskOf(request, disk.number), inspection);
}

async function fasterForm(
  context: UploadContext,
  opened: OpenedSource,
  file: LocalFile,
  container: ContainerFacts,
): Promise<UploadForm> {
  const { deps, input, disk, signal } = context;
  const { account, upload, storageLocationArn } = input.request;
  const { host, uploads } = deps.uploading;
  const isShared = storageLocationArn === undefined;
  const { sha256, identity } = contentIdentity(opened, { form: 'as-is', format: container.format }, { host, isShared });
  const wanted = { account, bucket: disk.bucket, prefix: usablePrefix(upload.prefix), sha256, identity };
  // An object with this content saves the upload.
  const found = sha256 === null && identity === null ? [] : await uploads.find(wanted);
  const uploaded = found.find(({ form }) => form !== 'trimmed');
  if (uploaded !== undefined) return uploaded.form;
  const { mapExtents } = sourceAccess(deps, input.request.region);
  const estimate = await estimateConversion(file.handle, container, mapExtents, linkOf(context), signal);
  if (estimate === null) return 'as-is';
  await reportConversion(context, estimate.reason);
  return estimate.convert ? 'converted' : 'as-is';
}

/** The link speed that earlier uploads measured; otherwise a few parts are uploaded under a key of this import to measure it. */
function linkOf({ deps, step, input, disk, signal }: UploadContext): LinkSpeed {
  const { region, upload } = input.request;
  const oss = deps.cloud.oss(region);
  return async () => {
    const known = oss.linkSpeed();
    if (known !== null) return known;
    const { bucket } = disk;
    const key = objectKey(upload.prefix, step.importId, disk.number, 'link-probe');
    await deps.store.record(step, uploadEntry(region, { bucket, key }, 'intended'));
    const measured = await oss.measureLink(bucket, key, signal);
    await deps.store.record(step, uploadEntry(region, { bucket, key }, 'removed'));
    return measured;
  };
}
