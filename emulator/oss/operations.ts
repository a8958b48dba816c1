/** The OSS operations, and the routes from requests to operations. */
import { aclOperations } from './acl.js';
import { bucketOperations } from './buckets.js';
import type { OssOperation } from './call.js';
import { listingOperations } from './listing.js';
import type { ObjectLocation } from './location.js';
import { multipartOperations } from './multipart.js';
import { readOperations } from './object-reads.js';
import { objectOperations } from './objects.js';
import { retentionOperations } from './retention.js';
import { versioningOperations } from './versioning.js';

export const ossOperations: Readonly<Record<string, OssOperation>> = {
  ...bucketOperations,
  ...aclOperations,
  ...listingOperations,
  ...objectOperations,
  ...readOperations,
  ...multipartOperations,
  ...versioningOperations,
  ...retentionOperations,
};

type Scope = 'service' | 'bucket' | 'object';

interface Route {
  readonly action: string;
  readonly method: string;
  readonly scope: Scope;
  /** The only sub-resource in the query; absent: the query must contain no sub-resource. */
  readonly sub?: string;
  /** The query may also contain `versionId`. */
  readonly ofVersion?: true;
  readonly header?: string;
  readonly parameter?: readonly [string, string];
}

/** The first matching route applies. */
const routes: readonly Route[] = [
  { action: 'ListBuckets', method: 'GET', scope: 'service' },
  { action: 'PutBucketEncryption', method: 'PUT', scope: 'bucket', sub: 'encryption' },
  { action: 'GetBucketEncryption', method: 'GET', scope: 'bucket', sub: 'encryption' },
  { action: 'DeleteBucketEncryption', method: 'DELETE', scope: 'bucket', sub: 'encryption' },
  {
    action: 'PutBucketTransferAcceleration',
    ...{ method: 'PUT', scope: 'bucket', sub: 'transferAcceleration' },
  },
  {
    action: 'GetBucketTransferAcceleration',
    ...{ method: 'GET', scope: 'bucket', sub: 'transferAcceleration' },
  },
  { action: 'GetBucketInfo', method: 'GET', scope: 'bucket', sub: 'bucketInfo' },
  { action: 'GetBucketLocation', method: 'GET', scope: 'bucket', sub: 'location' },
  { action: 'GetBucketAcl', method: 'GET', scope: 'bucket', sub: 'acl' },
  { action: 'PutBucketAcl', method: 'PUT', scope: 'bucket', sub: 'acl' },
  { action: 'GetObjectAcl', method: 'GET', scope: 'object', sub: 'acl' },
  { action: 'PutObjectAcl', method: 'PUT', scope: 'object', sub: 'acl' },
  { action: 'PutBucketVersioning', method: 'PUT', scope: 'bucket', sub: 'versioning' },
  { action: 'GetBucketVersioning', method: 'GET', scope: 'bucket', sub: 'versioning' },
  { action: 'ListObjectVersions', method: 'GET', scope: 'bucket', sub: 'versions' },
  { action: 'InitiateBucketWorm', method: 'POST', scope: 'bucket', sub: 'worm' },
  { action: 'GetBucketWorm', method: 'GET', scope: 'bucket', sub: 'worm' },
  { action: 'AbortBucketWorm', method: 'DELETE', scope: 'bucket', sub: 'worm' },
  { action: 'CompleteBucketWorm', method: 'POST', scope: 'bucket', sub: 'wormId' },
  { action: 'ListMultipartUploads', method: 'GET', scope: 'bucket', sub: 'uploads' },
  { action: 'DeleteMultipleObjects', method: 'POST', scope: 'bucket', sub: 'delete' },
  { action: 'ListObjectsV2', method: 'GET', scope: 'bucket', parameter: ['list-type', '2'] },
  { action: 'ListObjects', method: 'GET', scope: 'bucket' },
  { action: 'PutBucket', method: 'PUT', scope: 'bucket' },
  { action: 'DeleteBucket', method: 'DELETE', scope: 'bucket' },
  { action: 'InitiateMultipartUpload', method: 'POST', scope: 'object', sub: 'uploads' },
  { action: 'UploadPartCopy', method: 'PUT', scope: 'object', sub: 'uploadId', header: 'x-oss-copy-source' },
  { action: 'UploadPart', method: 'PUT', scope: 'object', sub: 'uploadId' },
  { action: 'ListParts', method: 'GET', scope: 'object', sub: 'uploadId' },
  { action: 'CompleteMultipartUpload', method: 'POST', scope: 'object', sub: 'uploadId' },
  { action: 'AbortMultipartUpload', method: 'DELETE', scope: 'object', sub: 'uploadId' },
  { action: 'RestoreObject', method: 'POST', scope: 'object', sub: 'restore' },
  { action: 'GetObjectMeta', method: 'HEAD', scope: 'object', sub: 'objectMeta', ofVersion: true },
  { action: 'CopyObject', method: 'PUT', scope: 'object', header: 'x-oss-copy-source' },
  { action: 'PutObject', method: 'PUT', scope: 'object' },
  { action: 'GetObject', method: 'GET', scope: 'object', ofVersion: true },
  { action: 'HeadObject', method: 'HEAD', scope: 'object', ofVersion: true },
  { action: 'DeleteObject', method: 'DELETE', scope: 'object', ofVersion: true },
];

/** Query parameters that select an operation. Those without a route are not emulated. */
const SUB_RESOURCES = new Set(
  (
    'accessPoint accessPointPolicy accessmonitor acl append archiveDirectRead asyncFetch bucketInfo callback cname comp ' +
    'cors dataRedundancyTransition delete encryption httpsConfig img inventory inventoryId lifecycle live location ' +
    'logging metaQuery objectInfo objectMeta policy policyStatus publicAccessBlock qosInfo referer regions replication ' +
    'replicationLocation replicationProgress requestPayment resourceGroup responseHeader restore rtc seal select stat ' +
    'status style symlink tagging transferAcceleration uploadId uploads userDefinedLogFieldsConfig versionId ' +
    'versioning versions vod website worm wormExtend wormId x-oss-async-process x-oss-process'
  ).split(' '),
);

export interface RoutedRequest {
  readonly method: string;
  readonly location: ObjectLocation;
  readonly query: Readonly<Record<string, string>>;
  readonly hasHeader: (name: string) => boolean;
}

/** The name of the operation; if it is not emulated, method, scope and sub-resource: `PUT object ?tagging`. */
export function actionOf({ method, location, query, hasHeader }: RoutedRequest): string {
  const scope = location.key !== '' ? 'object' : location.bucket !== '' ? 'bucket' : 'service';
  const subs = Object.keys(query).filter((name) => SUB_RESOURCES.has(name));
  const route = routes.find((known) => {
    const named = known.ofVersion ? subs.filter((sub) => sub !== 'versionId') : subs;
    return (
      known.method === method &&
      known.scope === scope &&
      (known.sub === undefined ? named.length === 0 : named.length === 1 && named[0] === known.sub) &&
      (known.header === undefined || hasHeader(known.header)) &&
      (known.parameter === undefined || query[known.parameter[0]] === known.parameter[1])
    );
  });
  return route?.action ?? `${method} ${scope}${subs.map((name) => ` ?${name}`).join('')}`;
}

/** Headers of features that are not emulated. The request is rejected, because the feature would silently not work. */
export const HEADERS_NOT_EMULATED = [
  'x-oss-callback',
  'x-oss-tagging',
  'x-oss-server-side-encryption-customer-algorithm',
  'x-oss-copy-source-version-id',
];

/** What an operation does not emulate, for `GET /_emulator/coverage`. */
export const ossLimits: Readonly<Record<string, string>> = {
  PutBucketEncryption: 'the rule is stored and returned, but nothing is encrypted; KMS keys are not checked',
  RestoreObject: 'Days applies, Tier does not; the setting restoreSeconds is the duration of the restore',
  PutObject: 'no callbacks or tags',
  GetObject: 'no image processing',
  InitiateBucketWorm: 'the days count from the last change of an object; ExtendBucketWorm is not supported',
  ListObjects: 'scans all objects of the account: suitable for tens of thousands',
  ListObjectsV2: 'same as ListObjects',
  CopyObject: 'the copy shares the content of the source, at any size',
};

/** For `GET /_emulator/coverage`. */
export function notEmulated(): readonly string[] {
  const emulated = new Set(['versionId', ...routes.flatMap(({ sub }) => (sub === undefined ? [] : [sub]))]);
  const subs = [...SUB_RESOURCES].filter((name) => !emulated.has(name)).map((name) => `?${name}`);
  return [...subs, ...HEADERS_NOT_EMULATED];
}
