/** Removes the objects and unfinished uploads that calls of an ended import created after its end. */
import type { LedgerEntry } from '../../domain/ledger.js';
import { formatObjectLocation, type ObjectLocation } from '../../domain/object-location.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { objectEntry } from '../../resources/object.js';
import { orGoneWithParent } from '../../resources/refusal.js';
import type { LateCheckContext } from './context.js';

type UploadedEntry = LedgerEntry<'object' | 'multipart-upload'>;

/** @returns how many were found */
export async function removeLateUploads({ deps, check, work }: LateCheckContext): Promise<number> {
  const ledger = await deps.store.ledger(check.importId);
  const own = ledger.filter(
    (entry): entry is UploadedEntry =>
      (entry.kind === 'object' || entry.kind === 'multipart-upload') &&
      entry.detail.location.key.includes(`${check.importId}/`),
  );
  const keys = new Map(own.map((entry) => [formatObjectLocation(entry.detail.location), entry]));
  let found = 0;
  for (const [key, { regionId, detail }] of keys) {
    if (own.some((entry) => entry.key === key && entry.status === 'kept')) continue;
    found += await orGoneWithParent(removeAt({ deps, check, work }, regionId, detail.location), 0);
  }
  return found;
}

/** Imports of the same content share an object, also after the end of the import that uploaded it: theirs stays. */
async function removeAt(
  { deps, check, work }: LateCheckContext,
  regionId: string,
  location: ObjectLocation,
): Promise<number> {
  const { uploads } = deps.uploading;
  const oss = deps.cloud.oss(regionId);
  const { bucket, key } = location;
  const object = await oss.headObject(bucket, key);
  const isOurs = object?.meta['ecs-image-import'] === check.importId;
  // In a versioned bucket: below a delete marker, or a delete marker alone.
  const hasOldVersions = object === null && (await oss.listVersions(bucket, key)).length > 0;
  const isRemoving = isOurs || hasOldVersions;
  const uploadIds = await oss.listUploads(bucket, key);
  if (!isRemoving && uploadIds.length === 0) return 0;
  const released = await uploads.release(check.importId, bucket, key, false);
  if (released.kind === 'in-use' || released.kind === 'kept') return 0;
  for (const uploadId of uploadIds) {
    await deps.store.record(work, uploadEntry(regionId, location, 'created', { uploadId }));
    await oss.abortUpload(bucket, key, uploadId);
    await deps.store.record(work, uploadEntry(regionId, location, 'removed'));
  }
  if (isRemoving) {
    await deps.store.record(work, objectEntry(regionId, location, 'created'));
    await oss.deleteObject(bucket, key);
    await deps.store.record(work, objectEntry(regionId, location, 'removed'));
  }
  if (released.kind === 'remove') await uploads.forget(released.id);
  return uploadIds.length + (isRemoving ? 1 : 0);
}
