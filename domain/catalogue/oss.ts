/** OSS: buckets, objects and multipart uploads. */
import { type CatalogueEntry, LINKS } from './entry.js';

const link = LINKS.ossErrors;
const ITSELF = 'Nothing to do: it is tried again.';

export const OSS: readonly CatalogueEntry[] = [
  {
    code: 'AccessDenied',
    meaning: 'The worker’s RAM user or role may not do this, or the bucket’s own policy or region forbids it',
    class: 'attention',
    remedy:
      'Attach a RAM policy that allows {permission}, e.g. {policy}; look for a Deny in the bucket’s policy (https://oss.console.aliyun.com/bucket), and that the bucket lies in the import’s region; then resume.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'UserDisable',
    meaning: 'OSS is switched off for the account, mostly by overdue bills',
    class: 'attention',
    remedy: 'Settle the bill at https://usercenter2.aliyun.com, then resume.',
    link,
  },
  {
    code: 'InvalidAccessKeyId',
    meaning: 'OSS knows no such access key, or it is switched off',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to a key that exists and is on (https://ram.console.aliyun.com/users), restart the worker, then resume.',
    link,
  },
  {
    code: 'SecurityTokenExpired',
    meaning: 'The temporary credentials have run out',
    class: 'attention',
    remedy:
      'Give the worker fresh ones, best from a source that renews itself (a RAM role of the instance, OIDC, or a credentials URI) instead of ALIBABA_CLOUD_SECURITY_TOKEN; then resume.',
    link,
  },
  {
    code: 'SecurityToken',
    prefix: true,
    meaning: 'OSS does not take the security token',
    class: 'attention',
    remedy: 'Set key, secret and token from one and the same answer of AssumeRole, restart the worker, then resume.',
    link,
  },
  {
    code: 'RequestTimeTooSkewed',
    meaning: 'The clock of this host is more than 15 minutes away from the cloud’s',
    class: 'attention',
    remedy: 'Set the clock of the worker’s host (chronyc makestep, or timedatectl set-ntp true), then resume.',
    link,
  },
  {
    code: 'NoSuchBucket',
    meaning: 'The bucket does not exist, or not in this region',
    class: 'request',
    remedy:
      'Check its name and region with ossutil stat oss://BUCKET, or make it: ossutil mb oss://BUCKET --region REGION.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'InvalidBucketName',
    meaning: 'The bucket name is not one that OSS allows',
    class: 'request',
    remedy: 'Name a bucket by 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'NoSuchKey',
    meaning: 'The object does not exist',
    class: 'request',
    remedy: 'Check the key with ossutil ls oss://BUCKET/PREFIX; keys are case-sensitive.',
    link,
    field: 'disks[0].source',
  },
  {
    code: 'InvalidObjectName',
    meaning: 'The object key is not one that OSS allows',
    class: 'request',
    remedy: 'Give upload.prefix, or the key in disks[].source, at most 1,023 bytes that do not start with “/” or “\\”.',
    link,
    field: 'upload.prefix',
  },
  {
    code: 'InvalidObjectState',
    meaning: 'The object is archived and has to be restored before anything can read it',
    class: 'attention',
    remedy:
      'Restore it with ossutil restore oss://BUCKET/KEY, wait until ossutil stat shows ongoing-request="false", then resume.',
    link: LINKS.ossRestore,
    field: 'disks[0].source',
  },
  {
    code: 'NoSuchUpload',
    meaning: 'The multipart upload is gone: completed, aborted, or swept away by a lifecycle rule of the bucket',
    class: 'attention',
    remedy:
      'Look for a lifecycle rule that aborts multipart uploads early (https://oss.console.aliyun.com/bucket, Lifecycle), then resume; the upload starts anew.',
    link,
  },
  {
    code: 'InvalidPart',
    also: ['InvalidPartOrder', 'FilePartNotExist', 'FilePartStale', 'EntityTooSmall'],
    meaning: 'OSS does not hold the parts that the upload was to be put together from',
    class: 'attention',
    remedy: 'See that nothing else writes to the same key, then resume; the upload starts anew.',
    link,
  },
  {
    code: 'FileAlreadyExists',
    also: ['FileImmutable', 'ObjectAlreadyExists'],
    meaning: 'The object is there and may not be overwritten',
    class: 'request',
    remedy: 'Give another upload.prefix, or delete the object.',
    link,
    field: 'upload.prefix',
  },
  {
    code: 'EntityTooLarge',
    meaning: 'The object is larger than OSS takes',
    class: 'request',
    remedy: 'Compress the image: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    link,
    field: 'disks[0].source',
  },
  {
    code: 'InvalidDigest',
    also: ['BadDigest'],
    meaning: 'The bytes that OSS received are not those that were sent',
    class: 'transient',
    remedy: ITSELF,
    link,
  },
  {
    code: 'RequestTimeout',
    meaning: 'OSS waited too long for bytes and gave up',
    class: 'transient',
    remedy: `${ITSELF} Where it lasts, see what limits the line between this host and the region.`,
    link,
    outcomeUnknown: true,
  },
  {
    code: 'QpsLimitExceeded',
    also: ['DownloadTrafficRateLimitExceeded', 'UploadTrafficRateLimitExceeded', 'SlowDown', 'ConnectionLimitExceeded'],
    meaning: 'OSS limits the bucket’s or the account’s traffic',
    class: 'throttled',
    remedy: 'Nothing to do: it is tried again more slowly. Where it lasts, import fewer images at a time.',
    link,
  },
  {
    code: 'RestoreAlreadyInProgress',
    meaning: 'The object is being restored from the archive',
    class: 'attention',
    remedy: 'Wait until ossutil stat oss://BUCKET/KEY shows ongoing-request="false", then resume.',
    link: LINKS.ossRestore,
  },
  {
    code: 'NoSuchServerSideEncryptionRule',
    meaning: 'The bucket does not encrypt its objects',
    class: 'request',
    remedy: 'Nothing to do: this is what an import needs.',
    link,
  },
  {
    code: 'KmsServiceNotEnabled',
    meaning: 'The bucket encrypts with KMS, which the account has not activated',
    class: 'request',
    remedy: 'Use a bucket without server-side encryption: ECS cannot import encrypted objects.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'PreconditionFailed',
    meaning: 'The object is not the one that was seen before: something else writes to it',
    class: 'request',
    remedy: 'See that nothing else writes to the same key, then start a new import.',
    link,
  },
  {
    code: 'InvalidArgument',
    also: ['MalformedXML', 'MissingArgument', 'MissingContentLength', 'MethodNotAllowed', 'InvalidRequest'],
    meaning: 'OSS does not understand the call',
    class: 'request',
    remedy:
      'See what the message names; where it is no field of the request, report the import id and the worker’s log.',
    link,
  },
];
