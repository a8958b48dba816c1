/** Every error code that the vendor documents for what this service calls, transcribed; which of them the catalogue holds is tested. */

/** The whole error table of the ImportImage page (of 18 June 2026), status and code, in its order. */
export const IMPORT_IMAGE: readonly (readonly [status: number, code: string])[] = [
  [400, 'UnsupportedSuffix.OSSObject'],
  [400, 'MissingParameter'],
  [400, 'InvalidImageName.Malformed'],
  [400, 'InvalidOSSObject.Malformed'],
  [400, 'InvalidOSSBucket.Malformed'],
  [400, 'InvalidOSSObject.Size'],
  [400, 'InvalidDescription.Malformed'],
  [400, 'InvalidArchitecture.Malformed'],
  [400, 'InvalidPlatform.Malformed'],
  [400, 'InvalidOSType.Malformed'],
  [400, 'InvalidImageName.Duplicated'],
  [400, 'InvalidImageSize'],
  [400, 'InvalidDataDiskSize'],
  [400, 'InvalidImageFormat.Malformed'],
  [400, 'InvalidRegionId.NotFound'],
  [400, 'InvalidRegion.NotSupport'],
  [400, 'InvalidOSSBucket.NotFound'],
  [400, 'InvalidOSSObject.NotFound'],
  [400, 'InvalidOSSObject.NeedRestore'],
  [400, 'InvalidOSSBucket.NotMatched'],
  [400, 'InvalidLicenseType.NotSupported'],
  [400, 'InvalidLicenseType.BYOLOnly'],
  [400, 'InvalidOSSBucket.FlowLimit'],
  [400, 'InvalidImageFormat.RegionNotSupported'],
  [400, 'InvalidBootMode.Malformed'],
  [400, 'InvalidParameter.DetectionStrategy'],
  [400, 'InvalidBootMode.NotSupport'],
  [400, 'DRYRUN.SUCCESS'],
  [400, 'InvalidClientToken.Malformed'],
  [400, 'InvalidParameter.FeaturesImdsSupport'],
  [400, 'Account.Arrearage'],
  [403, 'ImageIsImporting'],
  [403, 'QuotaExceed.Image'],
  [403, 'ImportImageFailed'],
  [403, 'UserNotInTheWhiteList'],
  [403, 'NoSetRoletoECSServiceAcount'],
  [403, 'InvalidParameter.Malformed'],
  [403, 'MissingParameter.DiskDeviceMapping'],
  [403, 'InvalidOSS.NotAuthorized'],
  [403, 'InvalidBlockSize.NotSupport'],
  [403, 'InvalidImageFormat.Malformed'],
  [403, 'ImageCheckUnsupported.WindowsImage'],
  [403, 'InvalidVHDImage.IncorrectSize'],
  [403, 'InvalidOSSBucket.EncryptUnsupported'],
  [403, 'InvalidArchitecture.PlatformUnsupported'],
  [403, 'InvalidAccountStatus.OSSDisabled'],
  [403, 'InvalidStorageLocation.NotFound'],
  [403, 'InvalidOperation.CloudBoxImageImportRoleRequired'],
  [403, 'InvalidOperation.CloudBoxImageImportUnsupported'],
  [403, 'TagKey.Duplication'],
  [404, 'InvalidResourceGroup.NotFound'],
];

/** Of the other pages of ECS that the service calls. */
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
  ],
  // CopyImage, CancelCopyImage
  ...['IncorrectImageStatus', 'SourceRegion.NotFound', 'DestinationRegion.NotFound', 'IncorrectDestinationRegion'],
  ...['QuotaExceed.Snapshot', 'RegionNotSupportCopy', 'OperationDenied.SameRegionOnly', 'Forbbiden'],
  ...['ImageCreatedNotFromCopy', 'CancelNotSupported'],
  // ModifyImageSharePermission
  ...['InvalidAccount.NotFound', 'InvalidAccount.Forbbiden', 'QuotaExceed.ShareImage', 'QuotaExceed.ShareImageUser'],
  // In the SDK's own texts beside the page's
  ...['NoSetRoletoECSServiceAccount', 'DryRunOperation'],
];

/** Answered before any call, by the gateway that ECS, RAM and STS share. */
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
  ...['InternalError', 'ServiceUnavailable', 'ServiceUnavailable.RegionMaintaining'],
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
];

/** What the SDKs and Node throw without an answer. */
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
