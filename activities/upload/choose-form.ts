/** Whether a disk is sent as it is or converted first: by what it is, by what is there already, by what takes less time. */
import type { Finding } from '../../domain/import.js';
import { expectedFormat } from '../../images/convert/converter.js';
import { conversionNeed } from '../../images/convert/need.js';
import { type LinkSpeed, weighConversion } from '../../images/convert/worth.js';
import type { Inspection } from '../../images/inspection.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import type { UploadForm } from '../../store/uploads.js';
import { asStated } from '../preflight-disk.js';
import type { Origin } from './origin.js';
import type { Sending } from './upload-context.js';

export interface Choice {
  readonly form: UploadForm;
  /** Of the object, as the cloud is told. */
  readonly format: string;
  /** Of the source; null where preflight's word stands and nobody has to look again. */
  readonly inspection: Inspection | null;
}

export async function chooseForm(sending: Sending, origin: Origin): Promise<Choice> {
  const { disk } = sending;
  if (disk.conversion === 'as-is' || origin.file === null) {
    return { form: 'as-is', format: disk.format ?? 'RAW', inspection: null };
  }
  const inspection = await look(sending, origin.file);
  const need = await needOf(sending, inspection);
  const form = need === 'if-worth' ? await cheaperForm(sending, origin, origin.file, inspection) : need;
  if (form === 'as-is') return { form, format: inspection.format, inspection };
  if (need === 'converted') await tell(sending, `${inspection.format} becomes a compressed qcow2 before it is sent`);
  return { form, format: await expectedFormat(inspection, sending.deps.uploading.programs), inspection };
}

async function look({ deps, input, disk, signal }: Sending, file: string): Promise<Inspection> {
  const { disks } = input.request;
  const role = disk.number === 1 ? ('system' as const) : ('data' as const);
  const inspection = await deps.inspect(file, { signal, role, moreDisks: disks.length > 1 });
  return asStated(disks[disk.number - 1], inspection);
}

async function needOf({ deps, input, disk }: Sending, inspection: Inspection) {
  if (disk.conversion !== 'unknown') return disk.conversion;
  return conversionNeed(inspection, input.request.upload.convert, deps.uploading.programs);
}

async function cheaperForm(
  sending: Sending,
  origin: Origin,
  file: string,
  inspection: Inspection,
): Promise<UploadForm> {
  const { deps, disk, signal } = sending;
  const [there] = origin.sha256 === null ? [] : await deps.uploading.uploads.find(disk.bucket, origin.sha256);
  if (there !== undefined) return there.form;
  const qemuImg = await deps.uploading.programs.qemuImg();
  if (qemuImg === null) return 'as-is';
  const verdict = await weighConversion(file, inspection, qemuImg, linkOf(sending), signal);
  if (verdict === null) return 'as-is';
  await tell(sending, verdict.reason);
  return verdict.convert ? 'converted' : 'as-is';
}

/** Says in the log and with the findings why a disk is converted, or why not. */
async function tell({ deps, step, disk }: Sending, reason: string): Promise<void> {
  step.log('conversion', { disk: disk.number, reason });
  const finding: Finding = {
    code: 'ECSIMPORT.Conversion',
    severity: 'info',
    message: reason,
    evidence: `disk ${disk.number}: format, allocation, compression of a sample, measured speed of the link`,
    remedy: 'upload.convert "never" sends images as they are where ECS takes them so, "qcow2" converts all of them.',
    source: 'inspection',
    disk: disk.number,
  };
  const scope = { source: 'inspection' as const, disk: disk.number, codes: [finding.code] };
  await deps.store.replaceFindings(step, scope, [finding]);
}

/** As measured by uploads before; else a few parts are sent to find out, under a key of this import's own. */
function linkOf({ deps, step, input, disk, signal }: Sending): LinkSpeed {
  const { region } = input.request;
  const oss = deps.cloud.oss(region);
  return async () => {
    const known = oss.linkSpeed();
    if (known !== null) return known;
    const { bucket } = disk;
    const key = `${disk.key}.link-probe`;
    await deps.store.record(step, uploadEntry(region, { bucket, key }, 'intended'));
    const measured = await oss.measureLink(bucket, key, signal);
    await deps.store.record(step, uploadEntry(region, { bucket, key }, 'removed'));
    return measured;
  };
}
