/** All error codes that the vendor documents for the calls of this service. A test checks that the catalogue contains them. */
import { documentedErrors } from '../vendor/import-image-document.js';

/** The error table of the ImportImage page: status and code, in its order. */
export const IMPORT_IMAGE: readonly (readonly [status: number, code: string])[] = documentedErrors.map(
  ({ status, code }) => [status, code],
);

/** From the pages of the other ECS calls. */
export const ECS: readonly string[] = [
  // CancelTask, DescribeTaskAttribute
  ...[
    'InvalidTaskId.NotFound',
    'InvalidTaskId.TaskActionNotSupport',
    'InvalidTaskId.IncorrectTaskStatus',
    'CancelTaskFailed',
  ],
  // DeleteImage
  ...[
    'ImageUsingByInstance',
    'ImageUseShared',
    'OperationDenied.ImageCopying',
    'ImageIsExporting',
    'InvalidImageId.NotFound',
    'ImageIsPublic',
  ],
  // CopyImage, CancelCopyImage
  ...['IncorrectImageStatus', 'SourceRegion.NotFound', 'DestinationRegion.NotFound', 'IncorrectDestinationRegion'],
  ...['QuotaExceed.Snapshot', 'RegionNotSupportCopy', 'OperationDenied.SameRegionOnly', 'Forbbiden'],
  ...['ImageCreatedNotFromCopy', 'CancelNotSupported'],
  ...['SizeExceed.Image', 'OperationDenied', 'OperationDeined.EncryptedSnapshot', 'OperationDenied.NotPublished'],
  ...[
    'InvalidSnapshotId.NotFound',
    'InvalidSnapshot.TooOld',
    'InvalidAliUid.IsNull',
    'InvalidParameter.KMSKeyId.CMKNotFound',
  ],
  ...['InvalidParameter.KMSKeyId.CMKUnauthorized', 'InvalidParameter.EncryptedIllegal'],
  // ModifyImageSharePermission
  ...['InvalidAccount.NotFound', 'InvalidAccount.Forbbiden', 'QuotaExceed.ShareImage', 'QuotaExceed.ShareImageUser'],
  // From the texts of the SDK
  ...['NoSetRoletoECSServiceAccount', 'DryRunOperation'],
];

/** From the API gateway that ECS, RAM and STS share. */
export const COMMON: readonly string[] = [
  ...['IncompleteSignature', 'SignatureDoesNotMatch', 'SignatureNonceUsed'],
  ...['InvalidTimeStamp.Format', 'InvalidTimeStamp.Expired', 'IllegalTimestamp'],
  ...[
    'InsufficientBalance',
    'Throttling',
    'Throttling.User',
    'Throttling.Api',
    'UnsupportedParameter',
    'MissingParameter',
  ],
  ...[
    'Forbidden.RAM',
    'Forbidden.Unauthorized',
    'Forbidden.SubUser',
    'Forbidden.RiskControl',
    'Forbidden.AccessKeyDisabled',
  ],
  ...[
    'LastTokenProcessing',
    'InvalidIdempotenceParameter.Mismatch',
    'IdempotentParameterMismatch',
    'IdempotentProcessing',
  ],
  ...['IdempotenceParamNotMatch', 'Idempotence.Processing', 'Idempotence.SignatureMismatch'],
  ...['InvalidApi.NotFound', 'InvalidProduct.NotFound', 'OperationConflict'],
  ...['InternalError', 'ServiceUnavailable', 'ServiceUnavailable.RegionMaintaining', 'SystemBusy', 'UnknownError'],
  ...['InvalidAccessKeySecret'],
  ...['InvalidAccessKeyId.NotFound', 'InvalidAccessKeyId.Inactive'],
  ...['InvalidSecurityToken.Expired', 'InvalidSecurityToken.Malformed', 'InvalidSecurityToken.MismatchWithAccessKey'],
  ...['MissingSecurityToken'],
];

export const RAM: readonly string[] = [
  ...['EntityNotExist.Role', 'EntityAlreadyExists.Role', 'EntityNotExist.Policy', 'EntityAlreadyExists.Policy'],
  ...['EntityAlreadyExists.Role.Policy', 'LimitExceeded.Role', 'LimitExceeded.Policy', 'NoPermission'],
];

export const OSS: readonly string[] = [
  ...['AccessDenied', 'BucketAlreadyExists', 'BucketNotEmpty', 'EntityTooLarge', 'EntityTooSmall', 'FileGroupTooLarge'],
  ...[
    'FilePartNotExist',
    'FilePartStale',
    'InvalidArgument',
    'InvalidAccessKeyId',
    'InvalidBucketName',
    'InvalidDigest',
  ],
  ...['InvalidObjectName', 'InvalidPart', 'InvalidPartOrder', 'InternalError', 'MalformedXML', 'MethodNotAllowed'],
  ...['MissingArgument', 'MissingContentLength', 'NoSuchBucket', 'NoSuchKey', 'NoSuchUpload', 'NotImplemented'],
  ...['PreconditionFailed', 'RequestTimeTooSkewed', 'RequestTimeout', 'SignatureDoesNotMatch', 'TooManyBuckets'],
  ...['InvalidEncryptionAlgorithmError', 'InvalidObjectState', 'RestoreAlreadyInProgress', 'UserDisable'],
  ...['SecurityTokenExpired', 'InvalidSecurityToken', 'FileAlreadyExists', 'NoSuchServerSideEncryptionRule'],
  ...['DownloadTrafficRateLimitExceeded', 'UploadTrafficRateLimitExceeded', 'MetaOperationQpsLimitExceeded'],
  ...['TotalQpsLimitExceeded', 'ServiceUnavailable'],
  ...[
    'PublicEndpointForbidden',
    'SecondLevelDomainForbidden',
    'FileImmutable',
    'NoSuchVersion',
    'NoSuchWORMConfiguration',
  ],
];

/** Thrown by the SDKs and Node.js without a response. */
export const NETWORK: readonly string[] = [
  ...['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...[
    'RequestTimeoutError',
    'ConnectionTimeoutError',
    'ResponseTimeoutError',
    'ResponseError',
    'RequestError',
    'SyntaxError',
  ],
  ...['CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID'],
];
