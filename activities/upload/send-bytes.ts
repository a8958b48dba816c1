/** Sends an object's bytes under its lease, from wherever an earlier run left off, converted before where that was chosen. */
import { formatObjectLocation } from '../../domain/object-location.js';
import type { Inspection } from '../../images/inspection.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { openFileSource } from '../../sources/file.js';
import type { ByteSource } from '../../sources/source.js';
import type { SharedUpload } from '../../store/uploads.js';
import { isShutdown } from '../step.js';
import type { Choice } from './choose-form.js';
import { judge } from './late-inspection.js';
import type { Lease } from './lease.js';
import type { Origin } from './origin.js';
import type { Sending } from './upload-context.js';

export async function sendBytes(
  sending: Sending,
  upload: SharedUpload,
  origin: Origin,
  choice: Choice,
  lease: Lease,
): Promise<void> {
  if (choice.form === 'as-is') return send(sending, upload, origin.source, null, lease);
  const { deps, step, input, disk, progress } = sending;
  const { file, sha256 } = origin;
  if (file === null || choice.inspection === null) throw new Error('what is converted has to be a file of this host');
  const { convert: mode } = input.request.upload;
  const converted = await deps.uploading.convert({
    ...{ file, inspection: choice.inspection, mode, signal: lease.signal },
    name: `${sha256 ?? upload.id}-${mode}.image`,
    role: disk.number === 1 ? 'system' : 'data',
    onProgress: (fraction) => progress.converting(fraction),
  });
  let how: 'delete' | 'keep' = 'delete';
  try {
    await judge(deps, step, input.request, { ...disk, conversion: 'converted' }, converted.inspection);
    const source = await openFileSource(converted.file.path);
    await send(sending, upload, source, converted.inspection, lease).finally(() => source.close());
  } catch (error) {
    // After a restart, or another pause, it need not be made again; who cancels wants nothing left.
    if (!sending.signal.aborted || isShutdown(sending.signal)) how = 'keep';
    throw error;
  } finally {
    await converted.file.release(how);
  }
}

async function send(
  { deps, step, input, progress }: Sending,
  upload: SharedUpload,
  source: ByteSource,
  inspection: Inspection | null,
  lease: Lease,
): Promise<void> {
  const { region } = input.request;
  const { uploads } = deps.uploading;
  const { id, bucket, key } = upload;
  await deps.store.record(step, uploadEntry(region, upload, 'intended'));
  const sameSource = source.version !== null && source.version === upload.sourceVersion;
  const notes = {
    wholeCrc64: sameSource ? upload.crc64 : null,
    parts: sameSource && source.remote ? await uploads.parts(id) : [],
  };
  const result = await deps.cloud.oss(region).upload({
    ...{ bucket, key, source, notes, uploadId: upload.uploadId, signal: lease.signal },
    // What begins an upload and dies before it is written down is an earlier try, or the import whose id the key holds.
    isFirst: !step.repeated && upload.uploadId === null && key.includes(step.importId),
    meta: { 'ecs-image-import': step.importId },
    onUploadId: async (uploadId) => {
      await deps.store.record(step, uploadEntry(region, upload, 'created', { uploadId }));
      await uploads.noteUploadId(id, uploadId, source.version);
    },
    onPart: (part) => {
      // A note that is missing costs a look at the part, no more.
      if (source.remote) uploads.notePart(id, part).catch(() => undefined);
    },
    onWhole: (crc64) => uploads.noteWhole(id, crc64),
    onProgress: ({ bytesDone, bytesTotal }) => {
      lease.progress(bytesDone, bytesTotal);
      progress.sending(bytesDone, bytesTotal);
    },
  });
  await uploads.finish(id, { size: result.size, crc64: result.crc64, inspection });
  // A completed upload is an object now; what completing did not use up was never more than an id.
  await deps.store.record(step, uploadEntry(region, upload, 'removed'));
  step.log('uploaded', {
    location: formatObjectLocation(upload),
    size: result.size,
    bytesSent: result.bytesSent,
    crc64: result.crc64,
  });
}
