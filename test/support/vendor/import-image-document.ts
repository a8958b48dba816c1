/**
 * Data from the vendor's document of ImportImage (last updated 18 June 2026): the parameters, the rules, and the table
 * of error codes with message and description concatenated.
 */

export interface DocumentedError {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

export const documentedErrors: readonly DocumentedError[] = [
  { status: 400, code: 'UnsupportedSuffix.OSSObject', text: 'The specified OSS object suffix is not supported.' },
  {
    status: 400,
    code: 'MissingParameter',
    text: 'An input parameter "RegionId" that is mandatory for processing the request is not supplied.',
  },
  {
    status: 400,
    code: 'InvalidImageName.Malformed',
    text: 'The specified Image name is wrongly formed. The specified image name is invalid. The name must be 2 to 128 characters in length. It must start with a letter and cannot start with acs: or aliyun. It can contain letters, digits, periods (.), colons (:), underscores (_), and hyphens (-). It cannot contain http:// or https://.',
  },
  {
    status: 400,
    code: 'InvalidOSSObject.Malformed',
    text: 'The specified OSS object is wrongly formed. The specified OSS object is invalid.',
  },
  { status: 400, code: 'InvalidOSSBucket.Malformed', text: 'The specified OSS bucket is wrongly formed.' },
  {
    status: 400,
    code: 'InvalidOSSObject.Size',
    text: 'The specified OSS object size is zero. The specified OSSObject is empty',
  },
  {
    status: 400,
    code: 'InvalidDescription.Malformed',
    text: 'The specified Image description is wrongly formed. The image description is invalid.',
  },
  {
    status: 400,
    code: 'InvalidArchitecture.Malformed',
    text: 'The specified Architecture is wrongly formed. The specified Architecture parameter is invalid.',
  },
  { status: 400, code: 'InvalidPlatform.Malformed', text: 'The specified Platform is wrongly formed.' },
  {
    status: 400,
    code: 'InvalidOSType.Malformed',
    text: 'The specified OSType is wrongly formed. The specified OS type is invalid.',
  },
  { status: 400, code: 'InvalidImageName.Duplicated', text: 'The destination image is exist.' },
  { status: 400, code: 'InvalidImageSize', text: '%s The specified image size is invalid.' },
  {
    status: 400,
    code: 'InvalidDataDiskSize',
    text: 'The specified DiskDeviceMapping.N.DiskImSize should be in the specified range. The specified DiskDeviceMapping.N.DiskImSize parameter is invalid.',
  },
  {
    status: 400,
    code: 'InvalidImageFormat.Malformed',
    text: 'The specified Image Format is wrongly formed. The specified image format is invalid.',
  },
  { status: 400, code: 'InvalidRegionId.NotFound', text: 'The specified RegionId does not exist.' },
  {
    status: 400,
    code: 'InvalidRegion.NotSupport',
    text: 'The specified region does not support image import or export. The specified region does not support the operation.',
  },
  {
    status: 400,
    code: 'InvalidOSSBucket.NotFound',
    text: 'The specified OSS bucket does not exist in this region. The specified bucket does not exist.',
  },
  { status: 400, code: 'InvalidOSSObject.NotFound', text: 'The specified OSS object does not exist in this region.' },
  {
    status: 400,
    code: 'InvalidOSSObject.NeedRestore',
    text: 'The specified OSS object is a archive object, need restore first.',
  },
  {
    status: 400,
    code: 'InvalidOSSBucket.NotMatched',
    text: 'The specified OSS bucket is incorrect, %s. The specified DiskDeviceMapping.N.OSSBucket parameter is invalid. For more information, see the return value of the %s placeholder in the error message.',
  },
  { status: 400, code: 'InvalidLicenseType.NotSupported', text: 'The specified LicenseType is not supported.' },
  {
    status: 400,
    code: 'InvalidLicenseType.BYOLOnly',
    text: 'Only BYOL LicenseType is supported for the current platform provided.',
  },
  { status: 400, code: 'InvalidOSSBucket.FlowLimit', text: '%s' },
  {
    status: 400,
    code: 'InvalidImageFormat.RegionNotSupported',
    text: 'The specified image format is not supported in current region.',
  },
  { status: 400, code: 'InvalidBootMode.Malformed', text: 'The specified parameter "BootMode" is malformed.' },
  {
    status: 400,
    code: 'InvalidParameter.DetectionStrategy',
    text: 'The specified parameter DetectionStrategy is invalid.',
  },
  {
    status: 400,
    code: 'InvalidBootMode.NotSupport',
    text: 'The specified parameter BootMode is not supported for current image architecture. The current image architecture does not support setting this boot mode.',
  },
  {
    status: 400,
    code: 'DRYRUN.SUCCESS',
    text: 'This request is a dryrun request with successful result. The request is checked and determined as valid.',
  },
  { status: 400, code: 'InvalidClientToken.Malformed', text: 'The specified parameter clientToken is not valid.' },
  {
    status: 400,
    code: 'InvalidParameter.FeaturesImdsSupport',
    text: 'The specified parameter Features.ImdsSupport is not supported. The specified parameter Features.ImdsSupport is not supported.',
  },
  {
    status: 400,
    code: 'Account.Arrearage',
    text: 'Your account has an outstanding payment. Your account has overdue payments.',
  },
  { status: 403, code: 'ImageIsImporting', text: 'The specified Image is importing.' },
  { status: 403, code: 'QuotaExceed.Image', text: 'The Image Quota exceeds.' },
  {
    status: 403,
    code: 'ImportImageFailed',
    text: 'Importing image is failed, Please contact the administrator. The image cannot be imported. Contact your system administrator.',
  },
  { status: 403, code: 'UserNotInTheWhiteList', text: 'The user is not in the white list of importing image.' },
  {
    status: 403,
    code: 'NoSetRoletoECSServiceAcount',
    text: 'ECS service account Have no right to access your OSS.please attach a role of access your oss to ECS service account.',
  },
  {
    status: 403,
    code: 'InvalidParameter.Malformed',
    text: 'The specified parameter "DiskDeviceMapping.n.Device " is not valid.',
  },
  {
    status: 403,
    code: 'MissingParameter.DiskDeviceMapping',
    text: 'The specified parameter DiskDeviceMapping is not supplied. A parameter that starts with DiskDeviceMapping must be specified.',
  },
  {
    status: 403,
    code: 'InvalidOSS.NotAuthorized',
    text: 'The specified OSS bucket or object is not allowed to access. You do not have the permission to access the specified OSS bucket and object.',
  },
  { status: 403, code: 'InvalidBlockSize.NotSupport', text: '%s' },
  { status: 403, code: 'InvalidImageFormat.Malformed', text: '%s' },
  { status: 403, code: 'ImageCheckUnsupported.WindowsImage', text: 'Image check is unsupported for windows image.' },
  {
    status: 403,
    code: 'InvalidVHDImage.IncorrectSize',
    text: "The specified size of the VHD image does not meet the 'header.MaxTableEntries * header.BlockSize' specification. The size of the specified VHD image does not meet the header.MaxTableEntries × header.BlockSize size limit.",
  },
  {
    status: 403,
    code: 'InvalidOSSBucket.EncryptUnsupported',
    text: 'Accessing objects from encrypted OSS bucket is not supported. You cannot read objects from encrypted OSS buckets.',
  },
  {
    status: 403,
    code: 'InvalidArchitecture.PlatformUnsupported',
    text: 'The OS platform you selected does not support the specified architecture. The selected operating system does not support the specified architecture type.',
  },
  { status: 403, code: 'InvalidAccountStatus.OSSDisabled', text: 'OSS is disabled due to invalid account status.' },
  {
    status: 403,
    code: 'InvalidStorageLocation.NotFound',
    text: 'The specified cloud box storage location %s could not be found. The specified cloud box storage location could not be found.',
  },
  {
    status: 403,
    code: 'InvalidOperation.CloudBoxImageImportRoleRequired',
    text: 'The role for cloud box image import is not set to the ECS service. The role for cloud box image import is not set to the ECS service.',
  },
  {
    status: 403,
    code: 'InvalidOperation.CloudBoxImageImportUnsupported',
    text: 'Importing cloud box images is not supported. Importing cloud box images is not supported.',
  },
  {
    status: 403,
    code: 'TagKey.Duplication',
    text: 'The TagKey has duplication with others, case-insensitive. Duplicate values exist in the specified Tag.N.Key parameter. The value of this parameter is not case sensitive. Check whether duplicate parameter values are passed in.',
  },
  {
    status: 404,
    code: 'InvalidResourceGroup.NotFound',
    text: 'The ResourceGroup provided does not exist in our records. The specified resource group does not exist.',
  },
];

/** Codes that appear only in the text of the document: a different spelling and a different name of two codes. */
export const codesInProse: readonly string[] = ['NoSetRoletoECSServiceAccount', 'DryRunOperation'];

/** In the order of the document; `N` is a number. */
export const documentedParameters: readonly string[] = [
  'RegionId',
  'ImageName',
  'Description',
  'Architecture',
  'OSType',
  'Platform',
  'BootMode',
  'RoleName',
  'LicenseType',
  'ResourceGroupId',
  'DiskDeviceMapping.N.DiskImSize',
  'DiskDeviceMapping.N.Device',
  'DiskDeviceMapping.N.OSSBucket',
  'DiskDeviceMapping.N.Format',
  'DiskDeviceMapping.N.OSSObject',
  'DiskDeviceMapping.N.DiskImageSize',
  'Tag.N.Key',
  'Tag.N.Value',
  'DetectionStrategy',
  'StorageLocationArn',
  'DryRun',
  'Features.NvmeSupport',
  'Features.ImdsSupport',
  'ClientToken',
];

/** Rules in the text of the page: the key is this project's name of the rule, the value quotes the page. */
export const documentedRules: Readonly<Record<string, string>> = {
  'upload-first': 'You must upload the image file to Object Storage Service (OSS) in advance.',
  virtio: '… check whether you need to install the virtio driver on the source server before importing the image.',
  'role.authorize':
    'When you import an image for the first time, you must authorize ECS to access your OSS bucket by using Resource Access Management (RAM). Otherwise, the NoSetRoletoECSServiceAccount or InvalidOperation.CloudBoxImageImportRoleRequired error is returned.',
  'role.name':
    'Create a role named AliyunECSImageImportDefaultRole. You must use this exact name. Otherwise, the image import fails.',
  'role.trust': '"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": { "Service": [ "ecs.aliyuncs.com" ] }',
  'role.policy':
    'Attach the system policy AliyunECSImageImportRolePolicy to the role. You can also create a custom policy that includes the following permissions: "oss:GetObject", "oss:GetBucketLocation", "oss:GetBucketInfo"',
  'cloudbox.role.name':
    'Create a role named AliyunECSCloudBoxImageImportDefaultRole. You must use this exact name. Otherwise, the image import fails.',
  'cloudbox.role.trust':
    '"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": { "Service": [ "ecs.aliyuncs.com" ] }',
  'cloudbox.role.policy':
    'Attach the system policy AliyunECSCloudBoxImageImportRolePolicy to the role. You can also create a custom policy that includes the following permissions: "oss-cloudbox:GetObject", "oss-cloudbox:GetBucketLocation", "oss-cloudbox:GetBucketInfo"',
  'no-delete-while-importing':
    'You cannot delete an image that is being imported. You can only call CancelTask to cancel the image import task.',
  'same-region':
    'The region into which you import the image must be the same as the region of the OSS bucket to which the image file is uploaded.',
  'disks.number':
    'Valid values of N in the DiskDeviceMapping.N parameter: 1 to 17. When N is 1, the disk is a system disk. When N is 2 to 17, the disk is a data disk.',
  'disks.beyond-17': 'When N is greater than 17, the system automatically ignores the value.',
  'guest.which':
    'When the Architecture parameter is set to arm64, or the Platform parameter is set to CentOS Stream, Anolis, AlmaLinux, UOS, Kylin, or Rocky Linux, take note of the following items',
  'guest.fw-cfg': 'The operating system kernel must support the CONFIG_FW_CFG_SYSFS feature.',
  'guest.cloud-init':
    'The latest version of Alibaba Cloud cloud-init is installed on the operating system. Cloud-init 19.1 must [be] version 19.1.3 or later. Cloud-init 0.7.6a on some earlier operating systems must [be] version 0.7.6a15 or later.',
  'guest.sha-512': 'The operating system must support the SHA-512 encryption algorithm.',
  'guest.kernel': 'The operating system kernel version must be later than 3.6.',
  'guest.growpart': 'The growpart command is supported.',
  'guest.resize2fs': 'The resize2fs command is supported.',
  'guest.resize.cloud-init': 'The latest version of Alibaba Cloud cloud-init is installed on the operating system.',
  'guest.rtc':
    'If the system architecture of the custom image that you want to import is arm64, set the RTC clock to use the UTC time standard.',
  detection: 'Configure the image detection parameters when you import an image.',
  'ram.action': 'ecs:ImportImage | update | *Image | acs:ecs:{#regionId}:{#accountId}:image/*',
  response: 'RequestId, ImageId, TaskId, RegionId',
};
