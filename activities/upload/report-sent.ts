/** Records that an object is complete. */
import type { UploadResult } from '../../alibaba/oss-api.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import type { Inspection } from '../../images/inspection.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import type { SharedUpload } from '../../store/uploads.js';
import { withReader } from './stored-inspection.js';
import type { UploadContext } from './upload-context.js';

/**
 * @returns the complete upload; null: it was complete before
 * @param inspection of an image that was converted first; other imports that share the object have no copy of it
 */
export async function reportSent(
  { deps, step, input }: UploadContext,
  upload: SharedUpload,
  { size, bytesSent, crc64 }: UploadResult,
  inspection: Inspection | null,
): Promise<SharedUpload | null> {
  await step.requireCurrent();
  const finished = await deps.uploading.uploads.finish(upload.id, {
    ...{ size, crc64 },
    inspection: inspection === null ? null : withReader(inspection),
  });
  // The completed upload is now an object; its upload id is no longer valid.
  await deps.store.recordSoon(step, uploadEntry(input.request.region, upload, 'removed'));
  step.log('uploaded', { location: formatObjectLocation(upload), size, bytesSent, crc64 });
  return finished;
}
