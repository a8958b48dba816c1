/** Authorizes a request: RAM policies for users and roles, the bucket ACL for anonymous requests. */
import type { ApiError } from '../errors.js';
import { type Caller, permits } from '../identity.js';
import { effectiveAcl } from './acl-values.js';
import { copySourceOf, type OssCall, ossError } from './call.js';
import { cloudBoxOfHost, type ObjectLocation } from './location.js';

/** Operations whose permission has a different name. */
const permissions: Readonly<Record<string, string>> = {
  ListObjectsV2: 'ListObjects',
  HeadObject: 'GetObject',
  GetObjectMeta: 'GetObject',
  CopyObject: 'PutObject',
  InitiateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
};

/** With `versionId`, the permission is that of the version. */
function permissionOf(call: OssCall): string {
  const version = call.query.versionId === undefined ? '' : 'Version';
  return `${productOf(call)}:${permissions[call.action] ?? call.action}${version}`;
}

function productOf({ host }: OssCall): string {
  return cloudBoxOfHost(host) === null ? 'oss' : 'oss-cloudbox';
}

const ANONYMOUS_READS = new Set(['GetObject', 'HeadObject', 'GetObjectMeta']);
const ANONYMOUS_WRITES = new Set(['PutObject', 'DeleteObject']);

export function checkAccess(call: OssCall, caller: Caller | null): void {
  if (caller === null) {
    checkAnonymous(call);
    return;
  }
  if (caller.accountId !== call.world.accountId) throw otherAccount(call);
  // The body names the objects, so the operation checks the permission for each.
  if (call.action === 'DeleteMultipleObjects') return;
  requirePermission(call, caller, permissionOf(call), { bucket: call.bucket, key: call.key });
  const source = copySourceOf(call);
  if (source !== null) requirePermission(call, caller, `${productOf(call)}:GetObject`, source);
}

export function checkDeletion(
  call: OssCall,
  objects: readonly { readonly key: string; readonly versionId: string | undefined }[],
): void {
  for (const { key, versionId } of objects) {
    const action = `${productOf(call)}:DeleteObject${versionId === undefined ? '' : 'Version'}`;
    requirePermission(call, call.caller, action, { bucket: call.bucket, key });
  }
}

/** In a CloudBox, the resource has the ID of the CloudBox and names the kinds of its parts. */
function resourceOf(call: OssCall, { bucket, key }: ObjectLocation): string {
  const prefix = `acs:${productOf(call)}:*:${call.world.accountId}`;
  const cloudBox = cloudBoxOfHost(call.host);
  if (cloudBox === null) return `${prefix}:${key === '' ? bucket || '*' : `${bucket}/${key}`}`;
  const object = key === '' ? '' : `/object/${key}`;
  return `${prefix}:cloudbox/${cloudBox}/bucket/${bucket || '*'}${object}`;
}

function requirePermission(call: OssCall, caller: Caller, action: string, location: ObjectLocation): void {
  const verdict = permits(call.world, caller, action, resourceOf(call, location), {
    'acs:SourceIp': '127.0.0.1',
    'acs:SecureTransport': 'false',
    ...(call.query.prefix === undefined ? {} : { 'oss:Prefix': call.query.prefix }),
    ...(call.query.delimiter === undefined ? {} : { 'oss:Delimiter': call.query.delimiter }),
  });
  if (verdict !== 'allow') throw accessDenied(call, caller, action, verdict === 'explicit-deny');
}

/** Bucket policies, with which an account lets others in, are not emulated. */
function otherAccount({ action, bucket }: OssCall): ApiError {
  if (action === 'PutBucket') {
    const message = 'The requested bucket name is not available. Please select a different name and try again.';
    return ossError(409, 'BucketAlreadyExists', message, { BucketName: bucket });
  }
  return ossError(403, 'AccessDenied', 'The bucket you access does not belong to you.', {
    Bucket: bucket,
    EC: '0003-00000001',
  });
}

function accessDenied(call: OssCall, caller: Caller, action: string, explicit: boolean): ApiError {
  const message =
    call.key === ''
      ? 'You have no right to access this bucket because of user policy.'
      : 'You have no right to access this object because of user policy.';
  return ossError(403, 'AccessDenied', message, {
    EC: explicit ? '0003-00000201' : '0003-00000001',
    AccessDeniedDetail: {
      AuthAction: action,
      AuthPrincipalType: caller.type === 'RAMUser' ? 'SubUser' : caller.type,
      AuthPrincipalOwnerId: caller.accountId,
      AuthPrincipalDisplayName: caller.userId,
      NoPermissionType: explicit ? 'ExplicitDeny' : 'ImplicitDeny',
      PolicyType: caller.sessionPolicy === null ? 'AccountLevelIdentityBasedPolicy' : 'SessionPolicy',
      EncodedDiagnosticMessage: '',
    },
  });
}

function checkAnonymous(call: OssCall): void {
  const acl = effectiveAcl(call);
  if (acl !== 'private' && ANONYMOUS_READS.has(call.action)) return;
  if (acl === 'public-read-write' && ANONYMOUS_WRITES.has(call.action)) return;
  const what = call.key === '' ? 'bucket' : 'object';
  throw ossError(403, 'AccessDenied', `Anonymous user has no right to access this ${what}.`);
}
