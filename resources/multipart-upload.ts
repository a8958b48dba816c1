/** An unfinished multipart upload: its parts are billed until it is completed or aborted. */
import type { OssApi } from '../alibaba/oss-api.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { formatObjectLocation, type ObjectLocation } from '../domain/object-location.js';
import { orGoneWithParent } from './refusal.js';
import { type ObjectReach, ossutilRemove } from './shell-command.js';
import type { ResourceDependencies, Work } from './work.js';

type UploadWrite = LedgerWrite<'multipart-upload'>;

/** The ledger entry of an upload, written before the upload can exist. */
export function uploadEntry(
  regionId: string,
  { bucket, key }: ObjectLocation,
  status: UploadWrite['status'],
  detail: Omit<UploadWrite['detail'] & object, 'location'> = {},
): UploadWrite {
  const location = { bucket, key };
  const entryKey = formatObjectLocation(location);
  return { kind: 'multipart-upload', key: entryKey, regionId, status, detail: { location, ...detail } };
}

/** Removes an upload that no other import may continue. */
export async function removeUpload(
  deps: ResourceDependencies,
  work: Work,
  { kind, key, regionId, detail }: LedgerEntry<'multipart-upload'>,
): Promise<void> {
  await abortUploads(deps.cloud.oss(regionId), detail.location, detail.uploadId);
  await deps.store.recordSoon(work, { kind, key, regionId, status: 'removed' });
}

/**
 * Aborts every unfinished upload of the key. An upload whose id was never recorded, because the response was lost or the
 * process died, is found by its key, which belongs to one import. A missing bucket has no uploads.
 */
export async function abortUploads(
  oss: OssApi,
  { bucket, key }: ObjectLocation,
  knownId: string | null = null,
): Promise<void> {
  const listed = await orGoneWithParent(oss.listUploads(bucket, key), null);
  if (listed === null) return;
  const ids = new Set([...listed, ...(knownId === null ? [] : [knownId])]);
  for (const id of ids) await orGoneWithParent(oss.abortUpload(bucket, key, id), undefined);
}

export function uploadRemovalCommand(
  { detail: { location } }: LedgerEntry<'multipart-upload'>,
  { endpoint }: ObjectReach,
): string {
  return ossutilRemove(location, '-m', '-f', ...endpoint);
}
