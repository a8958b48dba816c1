/**
 * The EC of an error: "each error cause corresponds to a unique error code". The vendor publishes them in groups, of which
 * the first four digits are the number: https://help.aliyun.com/zh/oss/support/error-codes
 */

/** The published ECs that belong to a code as a whole. Where the cause decides, the error itself names its EC. */
const PUBLISHED: Readonly<Record<string, string>> = {
  NoSuchBucket: '0015-00000101',
  InvalidBucketName: '0015-00000001',
  NoSuchKey: '0026-00000001',
  FileAlreadyExists: '0026-00000002',
  RestoreAlreadyInProgress: '0016-00000701',
  PreconditionFailed: '0017-00001001',
  NotModified: '0017-00001001',
  InvalidPartOrder: '0042-00000209',
  EntityTooSmall: '0042-00000213',
  AccessDenied: '0003-00000001',
};

/** The group of codes for whose causes the vendor publishes no EC. */
const GROUPS: Readonly<Record<string, string>> = {
  InternalError: '0001',
  QpsLimitExceeded: '0004',
  InvalidEncryptionAlgorithmError: '0005',
  NoSuchServerSideEncryptionRule: '0005',
  InvalidStorageClass: '0013',
  InvalidObjectState: '0013',
  BucketAlreadyExists: '0015',
  BucketNotEmpty: '0015',
  InvalidObjectName: '0016',
  OperationNotSupported: '0016',
  InvalidPart: '0042',
};

const GROUP_OF_REQUESTS = '0017';

/** The emulator's own number, for an EC that the vendor does not publish. */
const UNPUBLISHED = '00009999';

export function causeOf(code: string, named: unknown): string {
  if (typeof named === 'string') return named;
  return PUBLISHED[code] ?? `${GROUPS[code] ?? GROUP_OF_REQUESTS}-${UNPUBLISHED}`;
}
