/** Joins an object as the upload phase does. */
import { uploadEntry } from '../../../resources/multipart-upload.js';
import { objectEntry } from '../../../resources/object.js';
import type { JoinedUpload, SharedUpload, UploadStore, WantedUpload } from '../../../store/uploads.js';

const LEASE_MS = 60_000;

export function join(
  uploads: Pick<UploadStore, 'join'>,
  importId: string,
  wanted: WantedUpload,
  version = 1,
): Promise<JoinedUpload> {
  return uploads.join({ importId, version, phase: 'upload' }, wanted, {
    ...{ holder: `${importId}/1`, leaseMs: LEASE_MS },
    object: objectEntry(wanted.regionId, wanted, 'intended'),
    upload: uploadEntry(wanted.regionId, wanted, 'intended'),
  });
}

/** As `join`; gives the lease back. */
export async function joinedUpload(
  uploads: Pick<UploadStore, 'join' | 'handOver'>,
  importId: string,
  wanted: WantedUpload,
): Promise<SharedUpload> {
  const { upload, isClaimed } = await join(uploads, importId, wanted);
  if (!isClaimed) return upload;
  await uploads.handOver(upload.id, `${importId}/1`);
  return { ...upload, holder: null };
}
