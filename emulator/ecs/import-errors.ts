/** The error codes of ImportImage, verbatim from the section "Error codes" of the vendor's document. */
import { ApiError } from '../errors.js';

export const importErrors = {
  'UnsupportedSuffix.OSSObject': [400, 'The specified OSS object suffix is not supported.'],
  MissingParameter: [400, 'An input parameter "%s" that is mandatory for processing the request is not supplied.'],
  'InvalidImageName.Malformed': [400, 'The specified Image name is wrongly formed.'],
  'InvalidOSSObject.Malformed': [400, 'The specified OSS object is wrongly formed.'],
  'InvalidOSSBucket.Malformed': [400, 'The specified OSS bucket is wrongly formed.'],
  'InvalidOSSObject.Size': [400, 'The specified OSS object size is zero.'],
  'InvalidDescription.Malformed': [400, 'The specified Image description is wrongly formed.'],
  'InvalidArchitecture.Malformed': [400, 'The specified Architecture is wrongly formed.'],
  'InvalidPlatform.Malformed': [400, 'The specified Platform is wrongly formed.'],
  'InvalidOSType.Malformed': [400, 'The specified OSType is wrongly formed.'],
  'InvalidImageName.Duplicated': [400, 'The destination image is exist.'],
  InvalidImageSize: [400, '%s'],
  InvalidDataDiskSize: [400, 'The specified DiskDeviceMapping.N.DiskImSize should be in the specified range.'],
  'InvalidImageFormat.Malformed': [400, 'The specified Image Format is wrongly formed.'],
  'InvalidRegionId.NotFound': [400, 'The specified RegionId does not exist.'],
  'InvalidRegion.NotSupport': [400, 'The specified region does not support image import or export.'],
  'InvalidOSSBucket.NotFound': [400, 'The specified OSS bucket does not exist in this region.'],
  'InvalidOSSObject.NotFound': [400, 'The specified OSS object does not exist in this region.'],
  'InvalidOSSObject.NeedRestore': [400, 'The specified OSS object is a archive object, need restore first.'],
  'InvalidOSSBucket.NotMatched': [400, 'The specified OSS bucket is incorrect, %s.'],
  'InvalidLicenseType.NotSupported': [400, 'The specified LicenseType is not supported.'],
  'InvalidLicenseType.BYOLOnly': [400, 'Only BYOL LicenseType is supported for the current platform provided.'],
  'InvalidOSSBucket.FlowLimit': [400, '%s'],
  'InvalidImageFormat.RegionNotSupported': [400, 'The specified image format is not supported in current region.'],
  'InvalidBootMode.Malformed': [400, 'The specified parameter "BootMode" is malformed.'],
  'InvalidParameter.DetectionStrategy': [400, 'The specified parameter DetectionStrategy is invalid.'],
  'InvalidBootMode.NotSupport': [
    400,
    'The specified parameter BootMode is not supported for current image architecture.',
  ],
  'DRYRUN.SUCCESS': [400, 'This request is a dryrun request with successful result.'],
  'InvalidClientToken.Malformed': [400, 'The specified parameter clientToken is not valid.'],
  'InvalidParameter.FeaturesImdsSupport': [400, 'The specified parameter Features.ImdsSupport is not supported.'],
  'Account.Arrearage': [400, 'Your account has an outstanding payment.'],
  ImageIsImporting: [403, 'The specified Image is importing.'],
  'QuotaExceed.Image': [403, 'The Image Quota exceeds.'],
  ImportImageFailed: [403, 'Importing image is failed, Please contact the administrator.'],
  UserNotInTheWhiteList: [403, 'The user is not in the white list of importing image.'],
  NoSetRoletoECSServiceAcount: [
    403,
    'ECS service account Have no right to access your OSS.please attach a role of access your oss to ECS service account.',
  ],
  'InvalidParameter.Malformed': [403, 'The specified parameter "DiskDeviceMapping.n.Device " is not valid.'],
  'MissingParameter.DiskDeviceMapping': [403, 'The specified parameter DiskDeviceMapping is not supplied.'],
  'InvalidOSS.NotAuthorized': [403, 'The specified OSS bucket or object is not allowed to access.'],
  'InvalidBlockSize.NotSupport': [403, '%s'],
  'ImageCheckUnsupported.WindowsImage': [403, 'Image check is unsupported for windows image.'],
  'InvalidVHDImage.IncorrectSize': [
    403,
    "The specified size of the VHD image does not meet the 'header.MaxTableEntries * header.BlockSize' specification.",
  ],
  'InvalidOSSBucket.EncryptUnsupported': [403, 'Accessing objects from encrypted OSS bucket is not supported.'],
  'InvalidArchitecture.PlatformUnsupported': [
    403,
    'The OS platform you selected does not support the specified architecture.',
  ],
  'InvalidAccountStatus.OSSDisabled': [403, 'OSS is disabled due to invalid account status.'],
  'InvalidStorageLocation.NotFound': [403, 'The specified cloud box storage location %s could not be found.'],
  'InvalidOperation.CloudBoxImageImportRoleRequired': [
    403,
    'The role for cloud box image import is not set to the ECS service.',
  ],
  'InvalidOperation.CloudBoxImageImportUnsupported': [403, 'Importing cloud box images is not supported.'],
  'TagKey.Duplication': [403, 'The TagKey has duplication with others, case-insensitive.'],
  'InvalidResourceGroup.NotFound': [404, 'The ResourceGroup provided does not exist in our records.'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type ImportErrorCode = keyof typeof importErrors;

/** `detail` replaces `%s`. */
export function importError(code: ImportErrorCode, detail = ''): ApiError {
  const [status, message] = importErrors[code];
  return new ApiError(status, code, message.replace('%s', detail));
}

/** The vendor's document lists this code twice: 400 for the parameter, 403 with a different message for the content. */
export function contentError(detail: string): ApiError {
  return new ApiError(403, 'InvalidImageFormat.Malformed', detail);
}
