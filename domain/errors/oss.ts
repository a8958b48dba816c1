/** OSS: buckets, objects and multipart uploads. */
import { type CatalogueEntry, LINKS } from './entry.js';

const link = LINKS.ossErrors;
const RETRIED = 'Nothing to do: the call is retried.';

export const OSS = [
  {
    code: 'AccessDenied',
    meaning: 'The worker’s RAM user or role is not allowed to do this, or the bucket policy or the region denies it',
    class: 'attention',
    remedy:
      'Attach a RAM policy that allows {permission}, e.g. {policy}. Check the bucket policy for a Deny (https://oss.console.aliyun.com/bucket), and that the bucket is in the region of the import. Then resume.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'PublicEndpointForbidden',
    meaning:
      'OSS does not accept uploads and downloads at the public endpoints of the Chinese mainland for accounts that activated it after 2025-03-20',
    class: 'attention',
    remedy:
      'Run the worker on an ECS instance in {region}: without OSS_ENDPOINT it uses the internal endpoint. Or enable transfer acceleration, which costs a fee (ossutil api put-bucket-transfer-acceleration --bucket {bucket} --transfer-acceleration-configuration \'{"Enabled":"true"}\'), and set upload.endpoint to accelerate. Or bind a domain to the bucket (https://oss.console.aliyun.com/bucket), set OSS_BUCKET_ENDPOINTS={bucket}=https://DOMAIN for the worker and restart it. Or import into a region outside the Chinese mainland. Then resume.',
    option: {
      path: 'upload.endpoint',
      value: 'accelerate',
      effect: 'if transfer acceleration of bucket {bucket} is enabled',
    },
    link: `${LINKS.ossHelp}/publicendpointforbidden-error-when-upload-object`,
    field: 'upload.endpoint',
  },
  {
    code: 'SecondLevelDomainForbidden',
    meaning: 'The bucket must be addressed as part of the host name, not of the path',
    class: 'attention',
    remedy:
      'Set OSS_ENDPOINT to a host of OSS by name, not by IP address, or unset it; restart the worker, then resume.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'FileImmutable',
    meaning: 'A retention policy of the bucket does not allow objects to be changed or deleted yet',
    class: 'attention',
    remedy:
      'Wait for the end of the retention period of {object} (https://oss.console.aliyun.com/bucket, Retention Policy), then resume.',
    option: {
      path: 'upload.keepObject',
      value: 'true',
      effect: 'to leave the object in the bucket, which bills it',
    },
    link: `${LINKS.ossHelp}/oss-retention-policies`,
    field: 'upload.bucket',
  },
  {
    code: 'NoSuchVersion',
    meaning: 'The version of the object does not exist',
    class: 'request',
    remedy: 'Nothing to do: a version that does not exist counts as deleted.',
    link,
  },
  {
    code: 'NoSuchWORMConfiguration',
    meaning: 'The bucket has no retention policy',
    class: 'request',
    remedy: 'Nothing to do: an import requires this.',
    link,
  },
  {
    code: 'UserDisable',
    meaning: 'OSS is disabled for the account, usually because of overdue payments',
    class: 'attention',
    remedy: 'Pay the bill at https://usercenter2.aliyun.com, then resume.',
    link,
  },
  {
    code: 'InvalidAccessKeyId',
    meaning: 'The access key does not exist or is disabled',
    class: 'attention',
    remedy:
      'Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to an existing, enabled access key (https://ram.console.aliyun.com/users), restart the worker, then resume.',
    link,
  },
  {
    code: 'SecurityTokenExpired',
    meaning: 'The temporary credentials have expired',
    class: 'attention',
    remedy:
      'Configure new credentials for the worker, preferably from a source that renews itself (the RAM role of the instance, OIDC, or a credentials URI) instead of ALIBABA_CLOUD_SECURITY_TOKEN; then resume.',
    link,
  },
  {
    code: 'SecurityToken',
    prefix: 'any',
    meaning: 'The security token is not valid',
    class: 'attention',
    remedy: 'Set access key id, secret and token from the same AssumeRole response, restart the worker, then resume.',
    link,
  },
  {
    code: 'RequestTimeTooSkewed',
    meaning: 'The clock of this host differs from the cloud’s by more than 15 minutes',
    class: 'attention',
    remedy: 'Set the clock of the worker’s host (chronyc makestep, or timedatectl set-ntp true), then resume.',
    link,
  },
  {
    code: 'NoSuchBucket',
    meaning: 'The bucket does not exist in this region',
    class: 'request',
    remedy:
      'Check its name and region with ossutil stat oss://{bucket}, or create it: ossutil mb oss://{bucket} --region {region}.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'InvalidBucketName',
    meaning: 'The bucket name is not valid',
    class: 'request',
    remedy: 'Use 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'NoSuchKey',
    meaning: 'The object does not exist',
    class: 'request',
    remedy: 'Check the key with ossutil ls {object}; keys are case-sensitive.',
    link,
    field: 'disks[].source',
  },
  {
    code: 'InvalidObjectName',
    meaning: 'The object key is not valid',
    class: 'request',
    remedy:
      'Set upload.prefix, or the key in disks[].source, to at most 1,023 bytes that do not start with “/” or “\\” and contain no segment “.” or “..”.',
    link,
    field: 'upload.prefix',
  },
  {
    code: 'InvalidObjectState',
    meaning: 'The object is archived and must be restored before it can be read',
    class: 'attention',
    remedy:
      'Restore it with ossutil restore {object}, wait until ossutil stat {object} shows ongoing-request="false", then resume.',
    link: LINKS.ossRestore,
    field: 'disks[].source',
  },
  {
    code: 'NoSuchUpload',
    meaning:
      'The multipart upload no longer exists: it was completed, aborted, or removed by a lifecycle rule of the bucket',
    class: 'attention',
    repairedIn: 'upload',
    remedy:
      'Check for a lifecycle rule that aborts multipart uploads early (https://oss.console.aliyun.com/bucket, Lifecycle), then resume. The upload starts from the beginning.',
    link,
  },
  {
    code: 'InvalidPart',
    also: ['InvalidPartOrder', 'FilePartNotExist', 'FilePartStale', 'FilePartInterity', 'EntityTooSmall'],
    meaning: 'OSS does not have the parts that the upload consists of',
    class: 'attention',
    repairedIn: 'upload',
    remedy:
      'Make sure that no other program writes to the same key, then resume. The upload starts from the beginning.',
    link,
  },
  {
    code: 'FileAlreadyExists',
    meaning: 'The object already exists and must not be overwritten',
    class: 'request',
    remedy: 'Use another upload.prefix, or delete the object.',
    link,
    field: 'upload.prefix',
  },
  {
    code: 'EntityTooLarge',
    also: ['FileGroupTooLarge'],
    meaning: 'The object exceeds the maximum size of OSS',
    class: 'request',
    remedy: 'Compress the image: qemu-img convert -O qcow2 -c {source} {target}.',
    link,
    field: 'disks[].source',
  },
  {
    code: 'InvalidDigest',
    also: ['BadDigest'],
    meaning: 'The bytes that OSS received differ from those that were sent',
    class: 'transient',
    remedy: RETRIED,
    lasting: 'Test the memory of this host and the proxies between it and OSS.',
    link,
  },
  {
    code: 'RequestTimeout',
    meaning: 'OSS timed out while it waited for bytes',
    class: 'transient',
    remedy: `${RETRIED}`,
    lasting: `Check the bandwidth between this host and the region.`,
    link,
    outcomeUnknown: true,
  },
  {
    code: 'QpsLimitExceeded',
    also: [
      'MetaOperationQpsLimitExceeded',
      'TotalQpsLimitExceeded',
      'DownloadTrafficRateLimitExceeded',
      'UploadTrafficRateLimitExceeded',
      'SlowDown',
    ],
    meaning: 'The rate limit of the bucket or the account is exceeded',
    class: 'throttled',
    remedy: 'Nothing to do: the call is retried more slowly.',
    lasting: 'Import fewer images concurrently.',
    link,
  },
  {
    code: 'RestoreAlreadyInProgress',
    meaning: 'The object is being restored from the archive',
    class: 'attention',
    remedy: 'Wait until ossutil stat {object} shows ongoing-request="false", then resume.',
    link: LINKS.ossRestore,
  },
  {
    code: 'NoSuchServerSideEncryptionRule',
    meaning: 'The bucket does not encrypt its objects',
    class: 'request',
    remedy: 'Nothing to do: an import requires this.',
    link,
  },
  {
    code: 'KmsServiceNotEnabled',
    meaning: 'The bucket encrypts with KMS, which is not activated for the account',
    class: 'request',
    remedy: 'Use a bucket without server-side encryption: ECS cannot import encrypted objects.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'PreconditionFailed',
    meaning: 'The object changed: another program writes to it',
    class: 'request',
    remedy: 'Make sure that no other program writes to the same key, then start a new import.',
    link,
  },
  {
    code: 'BucketAlreadyExists',
    meaning: 'The bucket name is already taken, by this account or another',
    class: 'request',
    remedy: 'Use another name: bucket names are shared by all accounts.',
    link,
    field: 'upload.bucket',
  },
  {
    code: 'TooManyBuckets',
    meaning: 'Bucket quota of the region exceeded',
    class: 'attention',
    remedy: 'Delete buckets that are no longer needed at https://oss.console.aliyun.com/bucket, then resume.',
    link,
  },
  {
    code: 'BucketNotEmpty',
    meaning: 'The bucket cannot be deleted because it has objects or unfinished uploads',
    class: 'request',
    remedy: 'Delete them first: ossutil rm -r -m oss://{bucket}.',
    link,
  },
  {
    code: 'InvalidArgument',
    also: [
      'MalformedXML',
      'MissingArgument',
      'MissingContentLength',
      'MethodNotAllowed',
      'NotImplemented',
      'InvalidEncryptionAlgorithmError',
    ],
    meaning: 'OSS rejected the call as invalid',
    class: 'request',
    remedy:
      'Check what the message names. If it is not a field of the request, report the import id and the worker’s log.',
    link,
  },
] as const satisfies readonly CatalogueEntry[];
