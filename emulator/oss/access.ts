/** Whether the caller may do this: RAM policies for users and roles, the bucket's ACL for anonymous requests. */
import type { ApiError } from '../errors.js';
import { type Caller, permits } from '../identity.js';
import { ACCOUNT_ID } from '../world.js';
import { copySourceOf, type OssCall, ossError } from './call.js';
import type { Place } from './place.js';

/** Where the name of the permission is not the operation's. */
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

function permissionOf(action: string): string {
  return `oss:${permissions[action] ?? action}`;
}
const ANONYMOUS_READS = new Set(['GetObject', 'HeadObject', 'GetObjectMeta']);
const ANONYMOUS_WRITES = new Set(['PutObject', 'DeleteObject']);

export function checkAccess(call: OssCall, caller: Caller | null): void {
  if (caller === null) {
    checkAnonymous(call);
    return;
  }
  // Its objects are named in the body: the operation asks for each.
  if (call.action === 'DeleteMultipleObjects') return;
  demand(call, caller, permissionOf(call.action), { bucket: call.bucket, key: call.key });
  const source = copySourceOf(call);
  if (source !== null) demand(call, caller, 'oss:GetObject', source);
}

export function checkDeletion(call: OssCall, keys: readonly string[]): void {
  for (const key of keys) demand(call, call.caller, 'oss:DeleteObject', { bucket: call.bucket, key });
}

function demand(call: OssCall, caller: Caller, action: string, { bucket, key }: Place): void {
  const path = key === '' ? bucket || '*' : `${bucket}/${key}`;
  const verdict = permits(call.world, caller, action, `acs:oss:*:${ACCOUNT_ID}:${path}`, {
    'acs:SourceIp': '127.0.0.1',
    'acs:SecureTransport': 'false',
    ...(call.query.prefix === undefined ? {} : { 'oss:Prefix': call.query.prefix }),
    ...(call.query.delimiter === undefined ? {} : { 'oss:Delimiter': call.query.delimiter }),
  });
  if (verdict !== 'allow') throw refusal(call, caller, action, verdict === 'explicit-deny');
}

function refusal(call: OssCall, caller: Caller, action: string, explicit: boolean): ApiError {
  const message =
    call.key === ''
      ? 'You have no right to access this bucket because of user policy.'
      : 'You have no right to access this object because of user policy.';
  return ossError(403, 'AccessDenied', message, {
    AccessDeniedDetail: {
      AuthAction: action,
      AuthPrincipalType: caller.type === 'RAMUser' ? 'SubUser' : caller.type,
      AuthPrincipalOwnerId: ACCOUNT_ID,
      AuthPrincipalDisplayName: caller.userId,
      NoPermissionType: explicit ? 'ExplicitDeny' : 'ImplicitDeny',
      PolicyType: caller.sessionPolicy === null ? 'AccountLevelIdentityBasedPolicy' : 'SessionPolicy',
      EncodedDiagnosticMessage: '',
    },
  });
}

function checkAnonymous(call: OssCall): void {
  const acl = call.world.buckets.get(call.bucket)?.acl ?? 'private';
  if (acl !== 'private' && ANONYMOUS_READS.has(call.action)) return;
  if (acl === 'public-read-write' && ANONYMOUS_WRITES.has(call.action)) return;
  const what = call.key === '' ? 'bucket' : 'object';
  throw ossError(403, 'AccessDenied', `Anonymous user has no right to access this ${what}.`);
}
