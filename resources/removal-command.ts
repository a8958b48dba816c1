/** The command with which an operator removes a resource manually. */
import type { EndpointView, OssApi } from '../alibaba/oss-api.js';
import type { LedgerEntry } from '../domain/ledger.js';
import { cloudBoxIdOf, type OssAccess } from '../domain/oss-access.js';
import { imageRemovalCommand, taskRemovalCommand } from './image.js';
import { uploadRemovalCommand } from './multipart-upload.js';
import { objectRemovalCommand } from './object.js';
import { type ObjectReach, PLAIN_REACH } from './shell-command.js';
import { snapshotRemovalCommand } from './snapshot.js';

/** Null for a resource of the account, which no import removes. */
export function removalCommand(entry: LedgerEntry, importId: string, reach = PLAIN_REACH): string | null {
  switch (entry.kind) {
    case 'multipart-upload':
      return uploadRemovalCommand(entry, reach);
    case 'object':
      return objectRemovalCommand(entry, reach);
    case 'task':
      return taskRemovalCommand(entry);
    case 'image':
    case 'copy':
      return imageRemovalCommand(entry, importId);
    case 'snapshot':
      return snapshotRemovalCommand(entry);
    case 'role':
    case 'policy-attachment':
      return null;
  }
}

/**
 * Where the object of an import is and whether it has versions, as far as the cloud answers. Without an answer, the command
 * deletes every version: in a bucket without versions, that is the object.
 */
export async function reachOf(
  oss: Pick<OssApi, 'endpoint' | 'getProtection'>,
  regionId: string,
  access: OssAccess,
  bucket: string,
): Promise<ObjectReach> {
  const [endpoint, hasVersions] = await Promise.all([
    oss.endpoint(bucket).then(
      (found) => endpointOptions(found, regionId, access),
      () => [],
    ),
    oss.getProtection(bucket).then(
      ({ versioning }) => versioning !== 'off',
      () => true,
    ),
  ]);
  return { endpoint, hasVersions };
}

function endpointOptions(
  { kind, host }: EndpointView,
  regionId: string,
  { storageLocationArn }: OssAccess,
): readonly string[] {
  if (kind === 'public') return [];
  const place = ['-e', host, '--region', regionId];
  if (kind === 'custom') return [...place, '--addressing-style', 'cname'];
  if (storageLocationArn !== null) return [...place, '--cloudbox-id', cloudBoxIdOf(storageLocationArn)];
  return place;
}

/** E.g. `image m-1 in cn-hangzhou`. */
export function describeResource(entry: LedgerEntry): string {
  const imageId = entry.kind === 'image' || entry.kind === 'copy' ? entry.detail.imageId : null;
  return `${entry.kind} ${imageId ?? entry.key} in ${entry.regionId}`;
}
