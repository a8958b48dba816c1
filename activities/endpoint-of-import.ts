/** The endpoint of OSS that an import uses: checked before a disk is read, and reported with the reason for it. */
import type { OssApi } from '../alibaba/oss-api.js';
import { FailureError } from '../domain/errors/failure.js';
import { parseObjectLocation } from '../domain/object-location.js';
import type { ImportRequest } from '../domain/request/request.js';
import type { ImportStore } from '../store/imports.js';
import { ofDisk } from './disk-failure.js';
import type { Step } from './step.js';

/** An import into a CloudBox reads its disks from the OSS of the CloudBox: a disk from elsewhere must be uploaded there. */
export async function requireCloudBoxEndpoint(oss: OssApi, request: ImportRequest): Promise<void> {
  if (request.storageLocationArn === undefined) return;
  const uploaded = request.disks.findIndex(({ source }) => parseObjectLocation(source) === null);
  if (uploaded < 0) return;
  try {
    await oss.endpoint(request.upload.bucket);
  } catch (error) {
    throw ofDisk(error, uploaded + 1);
  }
}

/** False: the objects are in a CloudBox whose OSS this worker does not reach. ECS does, so only its dry run can check them. */
export async function isInReach(oss: OssApi, { storageLocationArn, upload }: ImportRequest): Promise<boolean> {
  if (storageLocationArn === undefined) return true;
  try {
    await oss.endpoint(upload.bucket);
    return true;
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'CloudBox.NoEndpoint') return false;
    throw error;
  }
}

/** In the log, and in the timeline unless the operator set one endpoint for everything. */
export async function reportEndpoint(
  store: Pick<ImportStore, 'note'>,
  step: Pick<Step, 'importId' | 'log' | 'repeated'>,
  oss: OssApi,
  bucket: string,
): Promise<void> {
  const { kind, host, reason } = await oss.endpoint(bucket);
  step.log('endpoint of OSS', { kind, host, reason });
  if (kind === 'configured' || step.repeated) return;
  await store.note(step.importId, `disks are uploaded to ${host}: ${reason}`, { endpoint: kind });
}
