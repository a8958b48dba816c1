/** An object in OSS that an import uploaded. Imports of the same content share one; the last of them removes it. */
import type { OssApi } from '../alibaba/oss-api.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { formatObjectLocation, hasDotSegment, isSameObject, type ObjectLocation } from '../domain/object-location.js';
import type { SharedUpload, UploadStore } from '../store/uploads.js';
import { abortUploads } from './multipart-upload.js';
import { hasCode, orGoneWithParent } from './refusal.js';
import { type ObjectReach, ossutilRemove } from './shell-command.js';
import type { ResourceDependencies, Work } from './work.js';

type ObjectWrite = LedgerWrite<'object'>;

/** The ledger entry of an object, written before the object can exist. */
export function objectEntry(
  regionId: string,
  { bucket, key }: ObjectLocation,
  status: ObjectWrite['status'],
  detail: Omit<ObjectWrite['detail'] & object, 'location'> = {},
): ObjectWrite {
  const location = { bucket, key };
  return { kind: 'object', key: formatObjectLocation(location), regionId, status, detail: { location, ...detail } };
}

/** `if-retained`: the object is deleted, and stays only if a retention policy of the bucket does not allow that. */
export type Keeping = 'no' | 'if-retained' | 'yes';

/** Removes an object that no other import uses. */
export async function removeObject(
  deps: ResourceDependencies,
  work: Work,
  entry: LedgerEntry<'object'>,
  keep: Keeping,
): Promise<void> {
  const { kind, key, regionId, detail } = entry;
  const oss = deps.cloud.oss(regionId);
  const isKept = await removeOrKeep(
    oss,
    detail.location,
    keep === 'yes' && entry.status === 'intended' ? 'if-retained' : keep,
  );
  await deps.store.recordSoon(work, { kind, key, regionId, status: isKept ? 'kept' : 'removed' });
}

/** @returns whether the object stays */
async function removeOrKeep(oss: OssApi, location: ObjectLocation, keep: Keeping): Promise<boolean> {
  if (keep === 'yes') {
    await deleteOldVersions(oss, location);
    return true;
  }
  try {
    await deleteObject(oss, location);
    return false;
  } catch (error) {
    if (keep === 'if-retained' && hasCode(error, ['FileImmutable'])) return true;
    throw error;
  }
}

/** An object whose bucket does not exist counts as deleted, and so does one that no request can address. */
async function deleteObject(oss: OssApi, { bucket, key }: ObjectLocation): Promise<void> {
  if (hasDotSegment(key)) return;
  await orGoneWithParent(oss.deleteObject(bucket, key), undefined);
}

/** Repeated uploads of a kept object leave older versions in a versioned bucket. */
async function deleteOldVersions(oss: OssApi, { bucket, key }: ObjectLocation): Promise<void> {
  if (hasDotSegment(key)) return;
  await orGoneWithParent(oss.deleteOldVersions(bucket, key), undefined);
}

export function usesObject(
  { bucket, key }: ObjectLocation,
  entry: LedgerEntry<'object' | 'multipart-upload'>,
): boolean {
  return isSameObject(entry.detail.location, { bucket, key });
}

/** The import no longer uses it: the object and every unfinished upload of it are removed, unless another import uses it. */
export async function releaseObject(
  deps: ResourceDependencies & { readonly uploads: Pick<UploadStore, 'release'> },
  work: Work,
  entries: readonly LedgerEntry<'object' | 'multipart-upload'>[],
  upload: SharedUpload,
  keep: Keeping,
): Promise<void> {
  const { regionId, bucket, key } = upload;
  const released = await deps.uploads.release(work.importId, bucket, key, keep === 'yes');
  let isRetained = false;
  if (released.kind === 'remove') {
    const oss = deps.cloud.oss(regionId);
    await abortUploads(oss, upload);
    isRetained = await removeOrKeep(oss, upload, keep);
    await deps.store.later(work, { kind: 'upload-gone', upload: released.id });
  } else if (released.kind === 'kept') {
    await deleteOldVersions(deps.cloud.oss(regionId), upload);
  }
  const isKept = released.kind === 'kept' || (released.kind === 'in-use' && keep === 'yes') || isRetained;
  const status = isKept ? 'kept' : 'removed';
  // Another import still uses it and will remove it: for this import it counts as removed.
  const detail = released.kind === 'in-use' ? { usedBy: released.by } : {};
  for (const { kind, key: entryKey } of entries.filter((entry) => usesObject(upload, entry))) {
    // An unfinished upload is never kept: another import finishes it, or it is removed.
    const own = kind === 'multipart-upload' ? 'removed' : status;
    await deps.store.recordSoon(work, { kind, key: entryKey, regionId, status: own, detail });
  }
}

export function objectRemovalCommand({ detail }: LedgerEntry<'object'>, reach: ObjectReach): string {
  const versions = reach.hasVersions ? ['--all-versions'] : [];
  return ossutilRemove(detail.location, '-f', ...versions, ...reach.endpoint);
}
