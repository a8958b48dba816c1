/** One disk of an import into the bucket: sent by this worker, or by whoever sends the same content already. */
import { objectKey } from '../../domain/ids.js';
import type { DiskPlan } from '../../domain/plan.js';
import type { Inspection } from '../../images/inspection.js';
import { objectEntry } from '../../resources/object.js';
import { requireDigest, sha256Of } from '../../sources/digest.js';
import type { SharedUpload } from '../../store/uploads.js';
import { readableObject } from '../preflight-cloud.js';
import { isShutdown } from '../step.js';
import { type Choice, chooseForm } from './choose-form.js';
import { judge } from './late-inspection.js';
import { underLease } from './lease.js';
import { objectSource } from './object-source.js';
import { type Origin, openOrigin } from './origin.js';
import { sendBytes } from './send-bytes.js';
import type { Sending } from './upload-context.js';

export interface SentDisk {
  readonly plan: DiskPlan;
  /** What was told of it only after preflight; null: nothing. */
  readonly inspection: Inspection | null;
}

/** Between two looks at an upload that another one makes. */
const LOOK_EVERY_MS = 1_000;

export async function sendDisk(sending: Sending): Promise<SentDisk> {
  const { deps, input, disk, signal, progress } = sending;
  const { sha256 } = input.request.disks[disk.number - 1] ?? {};
  if (disk.source.kind === 'object') {
    if (sha256 !== undefined) await requireDigestOfObject(sending, disk.source, sha256);
    return { plan: disk, inspection: null };
  }
  const asFile = disk.conversion === 'converted' || disk.conversion === 'unknown';
  const onProgress = (fraction: number) => progress.reading(fraction);
  const origin = await openOrigin(deps, disk.source, { sha256, asFile, signal, onProgress });
  let how: 'delete' | 'keep' = 'delete';
  try {
    return await sendOrigin(sending, origin);
  } catch (error) {
    // After a restart, or another pause, it need not be fetched again; who cancels wants nothing left.
    if (!signal.aborted || isShutdown(signal)) how = 'keep';
    throw error;
  } finally {
    await origin.release(how);
  }
}

/** An object is used where it lies; its digest takes a reading of the whole. */
async function requireDigestOfObject(
  { deps, input, disk, signal, progress }: Sending,
  place: { readonly bucket: string; readonly key: string },
  wanted: string,
): Promise<void> {
  const oss = deps.cloud.oss(input.request.region);
  // It may have gone, or been archived, since preflight.
  const object = await readableObject(oss, place, disk.number);
  const source = objectSource(oss, place.bucket, object);
  const digest = await sha256Of(source, signal, (done) => progress.reading(done / object.size));
  requireDigest(digest, wanted, source.name);
}

async function sendOrigin(sending: Sending, origin: Origin): Promise<SentDisk> {
  const { deps, step, input, disk } = sending;
  const { request } = input;
  const choice = await chooseForm(sending, origin);
  // Told now of what preflight could not look at: refused before a byte is sent.
  const late = disk.conversion === 'unknown' && choice.form === 'as-is' ? choice.inspection : null;
  const judged = late === null ? null : await judge(deps, step, request, disk, late);

  const { bucket, prefix } = request.upload;
  const sha256 = origin.sha256 ?? undefined;
  const upload = await deps.uploading.uploads.join({
    ...{ importId: step.importId, regionId: request.region, bucket, sha256: origin.sha256, form: choice.form },
    key: objectKey(prefix, step.importId, disk.number, choice.format, sha256),
  });
  await deps.store.record(step, objectEntry(request.region, upload, 'intended'));
  const whole = await untilWhole(sending, upload, origin, choice);
  const { size, crc64 } = whole;
  await deps.store.record(step, objectEntry(request.region, upload, 'created', { size, crc64 }));

  const place = { bucket, key: upload.key, size, format: choice.format };
  const converted = isInspection(whole.inspection) ? whole.inspection : null;
  if (converted === null) return { plan: { ...disk, ...judged, ...place }, inspection: late };
  const plan = await judge(deps, step, request, { ...disk, conversion: 'converted' }, converted);
  return { plan: { ...plan, ...place }, inspection: converted };
}

/** Sends it, or waits while another one does; returns it when it is in the bucket, whole. */
async function untilWhole(
  sending: Sending,
  { id }: SharedUpload,
  origin: Origin,
  choice: Choice,
): Promise<SharedUpload> {
  const { deps, step, disk, signal, progress } = sending;
  const { uploads, leaseMs, slots } = deps.uploading;
  const holder = `${step.importId}/${disk.number}`;
  for (;;) {
    signal.throwIfAborted();
    const upload = await uploads.get(id);
    if (upload === null) throw new Error(`upload ${id} is gone although this import holds it`);
    if (upload.state === 'whole') {
      if (await isThere(sending, upload)) return upload;
      await uploads.reopen(id);
      continue;
    }
    const claimed = await uploads.claim(id, holder, leaseMs);
    if (claimed === null) {
      progress.sending(upload.bytesDone, upload.bytesTotal);
      await step.sleep(LOOK_EVERY_MS);
      continue;
    }
    await underLease(uploads, claimed, holder, leaseMs, signal, (lease) =>
      slots.use(lease.signal, () => sendBytes(sending, claimed, origin, choice, lease)),
    );
    // Sent just now and compared end to end: no need to ask whether it is there.
    const sent = await uploads.get(id);
    if (sent?.state === 'whole') return sent;
  }
}

async function isThere({ deps, input }: Sending, upload: SharedUpload): Promise<boolean> {
  const object = await deps.cloud.oss(input.request.region).headObject(upload.bucket, upload.key);
  return object !== null && object.size === upload.size && object.crc64 === upload.crc64;
}

/** The record's own, written by `finish`. */
function isInspection(value: object | null): value is Inspection {
  return value !== null && 'format' in value && 'findings' in value;
}
