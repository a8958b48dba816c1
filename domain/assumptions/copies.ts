/** ECS: copies, sharing, detection, tags. */
import type { Assumption } from './entry.js';

export const COPIES = [
  {
    id: 'copy-unknown-image',
    assumed: 'CopyImage of an image that does not exist answers InvalidImageId.NotFound and creates nothing.',
    source: 'Reference of CopyImage (2021).',
    checkedBy: 'hand',
    steps: [
      'aliyun ecs CopyImage --RegionId REGION --ImageId m-nosuchimage --DestinationRegionId OTHER-REGION --DestinationImageName check',
    ],
    otherwise: 'The check of the permission ecs:CopyImage in doctor reads “not verified”, with the code.',
  },
  {
    id: 'copy-attributes',
    assumed:
      'A copy does not have Features.NvmeSupport of its source, and perhaps not Features.ImdsSupport and BootMode. ModifyImageAttribute sets them, and DescribeImages shows them at once.',
    source:
      'Pull requests 204 and 207 of bosh-alicloud-cpi-release (June 2026) for NvmeSupport; no page names BootMode.',
    checkedBy: 'hand',
    steps: [
      'Import an image with features.nvmeSupport=supported, bootMode=UEFI and distribute.regions=[OTHER-REGION]',
      'ecs-image-import report IMPORT: the finding ECSIMPORT.CopyAttributes lists what the cloud did not carry over',
    ],
    otherwise: 'What is carried over is not set again. What stays different is a warning with the commands.',
  },
  {
    id: 'default-encryption',
    assumed:
      'DescribeDiskEncryptionByDefaultStatus reports whether the account encrypts every copy in the region, and such a copy has the service key if CopyImage names no key.',
    source: 'Comments of the SDK 7.11.6; help page on account-level default encryption (2025-06-30).',
    checkedBy: 'doctor',
    steps: ['aliyun ecs DescribeDiskEncryptionByDefaultStatus --RegionId REGION'],
    otherwise: 'A finding of preflight reads “not verified”. Sharing the copy reports what the cloud refuses.',
  },
  {
    id: 'share-dry-run',
    assumed: 'ModifyImageSharePermission with DryRun=true shares nothing, and answers as the call itself would.',
    source: 'The parameter is in the SDK 7.11.6 without a description.',
    checkedBy: 'hand',
    steps: [
      'aliyun ecs ModifyImageSharePermission --RegionId REGION --ImageId IMAGE --AddAccount.1 ACCOUNT --DryRun true',
      'aliyun ecs DescribeImageSharePermission --RegionId REGION --ImageId IMAGE lists no account',
    ],
    otherwise: 'The image is shared before its copies are made, or the refusal comes after the copies.',
  },
  {
    id: 'resource-share',
    assumed:
      'AssociateResourceShare with the resource type Image adds an image to a resource share of its region, ListResourceShareAssociations then lists it as Associated, and DeleteImage refuses an image in a share with ImageUseShared. Without a share, the list has every share of the image.',
    source:
      'Help pages “Share a custom image” and “AssociateResourceShare”; no page names the resource type of images.',
    checkedBy: 'hand',
    steps: [
      'Create a resource share with your resource directory in the Resource Sharing console of REGION',
      'Import an image with distribute.resourceShares={REGION: SHARE}, and look for it in an account of the directory',
    ],
    otherwise: 'The import stops in attention with the code, and can continue without the share.',
  },
  {
    id: 'families-of-image',
    assumed:
      'DescribeImageSupportInstanceTypes lists the instance types that start the image in its region, and answers InvalidImageId.NotFound for an image that does not exist.',
    source: 'Comments of the SDK 7.11.6; no page documents the answer for an unknown image.',
    checkedBy: 'doctor',
    steps: ['aliyun ecs DescribeImageSupportInstanceTypes --RegionId REGION --ImageId m-nosuchimage'],
    otherwise: 'The finding ECSIMPORT.InstanceFamilies reads “not verified”. The import does not depend on it.',
  },
  {
    id: 'dual-boot-mode',
    assumed: 'ImportImage does not take UEFI-Preferred; ModifyImageAttribute sets it on an available image.',
    source: 'Reference of ImportImage; comments of the SDK 7.11.6 on ModifyImageAttribute.',
    checkedBy: 'hand',
    steps: [
      'Import an image that boots by BIOS and by UEFI with bootMode=UEFI-Preferred',
      'aliyun ecs DescribeImages --RegionId REGION --ImageId IMAGE shows BootMode UEFI-Preferred',
    ],
    otherwise: 'The import ends with a warning and the command, and the image starts by UEFI.',
  },
  {
    id: 'copy-tags',
    assumed:
      'CopyImage gives the copy the tags of the request from the first moment, and CancelCopyImage removes the copy.',
    source: 'References of CopyImage and CancelCopyImage (2021).',
    checkedBy: 'hand',
    steps: [
      'Import with distribute.regions=[OTHER-REGION] and cancel during the phase distribution',
      'aliyun ecs DescribeImages --RegionId OTHER-REGION --Status Creating,Waiting,Available --Tag.1.Key ecs-image-import',
    ],
    otherwise: 'The service sets missing tags. A copy that remains is deleted by the cleanup, or found by orphans.',
  },
  {
    id: 'tag-listing',
    assumed:
      'ListTagResources lists all images and snapshots with a tag key, in pages with NextToken, also more than 1,000.',
    source: 'Comments of SDK 7.11.6: DescribeImages by tag works for fewer than 1,000 resources.',
    checkedBy: 'doctor',
    steps: ['aliyun ecs ListTagResources --RegionId REGION --ResourceType snapshot --Tag.1.Key ecs-image-import'],
    otherwise: 'The sweep of orphans reports the places that it could not search, with the code.',
  },
  {
    id: 'detection-result',
    assumed:
      'A requested check of the image starts when it is Available. DescribeImages shows DetectionOptions with Status Processing, then Finished, and Items with Name, Value, RiskLevel and RiskCode; an item without RiskLevel has no risk.',
    source: 'Comments of the Java SDK; help page “Detect custom images and repair”.',
    checkedBy: 'hand',
    steps: [
      'Import an image with detection.strategy=Standard',
      'aliyun ecs DescribeImages --RegionId REGION --ImageId IMAGE',
    ],
    otherwise: 'An unknown level counts as a warning. Without a result, the wait ends with a warning “no result”.',
  },
] as const satisfies readonly Assumption[];
