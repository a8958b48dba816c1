/** Checks in preflight that the object of an upload can be deleted for good afterwards: versions and retention of its bucket. */
import type { Cloud } from '../alibaba/cloud.js';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { Finding } from '../domain/import.js';
import type { ImportRequest } from '../domain/request/request.js';

const CODE = 'ECSIMPORT.BucketProtection';

/** The part of the findings that `checkProtection` returns. */
export const PROTECTION_FINDINGS = { source: 'inspection', disk: null, codes: [CODE] } as const;

/** Throws if the object could not be deleted. An unknown state is a finding. */
export async function checkProtection(
  cloud: Cloud,
  { region, upload: { bucket, keepObject } }: ImportRequest,
  importId: string,
): Promise<readonly Finding[]> {
  const oss = cloud.oss(region);
  const { versioning, retentionDays } = await oss.getProtection(bucket);
  if (retentionDays !== 'unknown' && retentionDays > 0 && !keepObject) {
    throw fail('Bucket.Retained', `bucket ${bucket} retains every object for ${retentionDays} days`, {
      ...{ service: 'oss', action: 'GetBucketWorm', field: 'upload.bucket', values: { bucket, region, importId } },
    });
  }
  if (versioning === 'enabled' || versioning === 'suspended') await requireVersions(cloud, region, bucket, importId);
  const unread = [
    ...(versioning === 'unknown' ? ['oss:GetBucketVersioning'] : []),
    ...(retentionDays === 'unknown' && !keepObject ? ['oss:GetBucketWorm'] : []),
  ];
  return unread.length === 0 ? [] : [unknownProtection(bucket, unread)];
}

/** Without this permission, the versions of the object would stay in the bucket, which bills them. */
async function requireVersions(cloud: Cloud, region: string, bucket: string, importId: string): Promise<void> {
  try {
    await cloud.oss(region).tryListVersions(bucket, importId);
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    const message = `bucket ${bucket} is versioned, so the versions of the object must be listed to delete it: ${error.failure.message}`;
    throw new FailureError({ ...error.failure, message }, { cause: error });
  }
}

function unknownProtection(bucket: string, permissions: readonly string[]): Finding {
  return {
    code: CODE,
    severity: 'warning',
    message: `The service may not read whether bucket ${bucket} keeps objects that are deleted`,
    evidence: `denied: ${permissions.join(', ')}`,
    remedy: `Allow ${permissions.join(' and ')} (ecs-image-import policy prints the whole policy). Otherwise, check in the OSS console that the bucket has neither versions nor a retention policy, which keep the data of deleted objects.`,
    source: 'inspection',
  };
}
