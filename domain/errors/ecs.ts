/** ECS calls other than ImportImage: tasks, images, copies, sharing and tags. */
import { type CatalogueEntry, LINKS } from './entry.js';

const TICKET = 'https://smartservice.console.aliyun.com/service/create-ticket';

export const ECS = [
  {
    code: 'InvalidTaskId.NotFound',
    meaning: 'The task does not exist in this region; the cloud removes old tasks',
    class: 'request',
    remedy: 'Check the image instead: aliyun ecs DescribeImages --RegionId REGION --ImageId ID --Status ALL.',
    link: LINKS.cancelTask,
  },
  {
    code: 'InvalidTaskId.TaskActionNotSupport',
    meaning: 'Tasks of this kind cannot be cancelled',
    class: 'request',
    remedy: 'Wait until the task has ended, then delete what it created.',
    link: LINKS.cancelTask,
  },
  {
    code: 'InvalidTaskId.IncorrectTaskStatus',
    meaning: 'The task has ended and can no longer be cancelled',
    class: 'transient',
    remedy: 'Nothing to do: the service checks the result of the task.',
    link: LINKS.cancelTask,
  },
  {
    code: 'CancelTaskFailed',
    meaning: 'The task could not be cancelled',
    class: 'transient',
    remedy: `Nothing to do: the call is retried. If this lasts, wait for the end of the task, or contact Alibaba Cloud support: ${TICKET}.`,
    link: LINKS.cancelTask,
  },
  {
    code: 'InvalidImageId.NotFound',
    meaning: 'The image does not exist in this region',
    class: 'request',
    remedy: 'Check who deleted it at https://actiontrail.console.aliyun.com, then start a new import.',
    link: LINKS.deleteImage,
  },
  {
    code: 'ImageUsingByInstance',
    meaning: 'The image cannot be deleted because instances use it',
    class: 'attention',
    remedy: 'Release those instances, replace their system disks, or keep the image; then resume.',
    link: LINKS.deleteImage,
  },
  {
    code: 'ImageUseShared',
    meaning: 'The image cannot be deleted because it is shared with other accounts',
    class: 'attention',
    remedy: 'Stop sharing the image on its page in the ECS console, then resume.',
    link: LINKS.shareImage,
  },
  {
    code: 'ImageIsPublic',
    meaning: 'The image cannot be deleted because it is public: published as a community image',
    class: 'attention',
    remedy: 'Make the image private on its page in the ECS console, then resume.',
    link: LINKS.deleteImage,
  },
  {
    code: 'ImageIsExporting',
    meaning: 'The image is being exported',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried until the export has ended.',
    link: LINKS.deleteImage,
  },
  {
    code: 'OperationDenied.ImageCopying',
    meaning: 'The image is being copied',
    class: 'transient',
    remedy:
      'Nothing to do: the call is retried until the copy has ended. To stop the copy, run aliyun ecs CancelCopyImage.',
    link: LINKS.copyImage,
  },
  {
    code: 'IncorrectImageStatus',
    meaning: 'The status of the image does not allow this: it is not available yet, or no longer',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried. If this lasts, check the status of the image in the ECS console.',
    link: LINKS.copyImage,
  },
  {
    code: 'OperationConflict',
    meaning: 'Another operation on the same resource is in progress',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried when the other operation has ended.',
  },
  {
    code: 'SourceRegion.NotFound',
    meaning: 'The region to copy from does not exist',
    class: 'request',
    remedy: 'Set region to one that aliyun ecs DescribeRegions lists.',
    link: LINKS.copyImage,
    field: 'region',
  },
  {
    code: 'DestinationRegion.NotFound',
    also: ['IncorrectDestinationRegion'],
    meaning: 'The destination region of a copy does not exist, or does not accept copies',
    class: 'request',
    remedy:
      'Set distribute.regions to regions that aliyun ecs DescribeRegions lists, other than the region of the import.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'RegionNotSupportCopy',
    also: ['OperationDenied.SameRegionOnly'],
    meaning: 'Images cannot be copied between these two regions',
    class: 'request',
    remedy: 'Remove the region from distribute.regions and import there from a bucket in that region.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'QuotaExceed.Snapshot',
    meaning: 'Snapshot quota of the region exceeded',
    class: 'attention',
    remedy:
      'Delete snapshots that are no longer needed (https://ecs.console.aliyun.com/snapshot), or request a higher quota at https://quotas.console.aliyun.com/products/ecs/quotas, then resume.',
    link: LINKS.copyImage,
  },
  {
    code: 'SizeExceed.Image',
    meaning: 'The image is larger than what can be copied to that region',
    class: 'request',
    remedy: 'Remove the region from distribute.regions and import there from a bucket in that region.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'OperationDenied',
    prefix: 'dotted',
    meaning: 'The cloud does not allow this operation on the image as it is',
    class: 'request',
    remedy:
      'Check what the message names in the ECS console. Copies: remove the region from distribute.regions and import there from a bucket in that region.',
  },
  {
    code: 'OperationDenied.EncryptedSnapshot',
    aliases: ['OperationDeined.EncryptedSnapshot'],
    meaning: 'The image has an encrypted snapshot, which cannot be copied or shared this way',
    class: 'request',
    remedy:
      'Remove distribute from the request. Disk encryption of the whole account encrypts every image: see Account Settings in the ECS console.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'OperationDenied.NotPublished',
    meaning: 'Copies of images are not offered in that region yet',
    class: 'request',
    remedy: 'Remove the region from distribute.regions and import there from a bucket in that region.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'InvalidSnapshot.TooOld',
    meaning: 'A snapshot of the image was created before 2013-07-15 and cannot be copied',
    class: 'request',
    remedy: 'Import the image again from its source.',
    link: LINKS.copyImage,
  },
  {
    code: 'InvalidAliUid.IsNull',
    meaning: 'The cloud could not tell which account sent the call',
    class: 'attention',
    remedy:
      'Check the worker’s credentials with ecs-image-import doctor, complete the account’s registration at https://account.console.aliyun.com, then resume.',
    link: LINKS.copyImage,
  },
  {
    code: 'InvalidParameter.KMSKeyId',
    prefix: 'dotted',
    also: ['InvalidParameter.EncryptedIllegal'],
    meaning: 'The key that encrypts the copy is missing, not usable, or not allowed in that region',
    class: 'request',
    remedy:
      'Use an enabled key of Key Management Service in the region of the copy (https://kms.console.aliyun.com), and let ECS use it with role AliyunECSDiskEncryptDefaultRole.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'ImageCreatedNotFromCopy',
    meaning: 'The image is not a copy, so there is no copy to cancel',
    class: 'request',
    remedy: 'No copy is in progress. Delete the image if it is not wanted.',
    link: LINKS.copyImage,
  },
  {
    code: 'CancelNotSupported',
    meaning: 'The copy can no longer be cancelled',
    class: 'transient',
    remedy: 'Nothing to do: the service waits for the end of the copy and then deletes it.',
    link: LINKS.copyImage,
  },
  {
    code: 'InvalidAccount.NotFound',
    also: ['InvalidAccount.Forbidden', 'InvalidAccount.Forbbiden'],
    meaning: 'An account in distribute.shareWith does not exist, or images cannot be shared with it',
    class: 'request',
    remedy:
      'Set distribute.shareWith to the ids of other accounts (shown at https://account.console.aliyun.com), not to names and not to your own id.',
    link: LINKS.shareImage,
    field: 'distribute.shareWith',
  },
  {
    code: 'QuotaExceed.ShareImage',
    also: ['QuotaExceed.ShareImageUser'],
    meaning: 'Image sharing quota exceeded',
    class: 'attention',
    remedy:
      'Stop sharing with accounts that no longer need the image, or request a higher quota at https://quotas.console.aliyun.com/products/ecs/quotas, then resume.',
    link: LINKS.shareImage,
    field: 'distribute.shareWith',
  },
  {
    code: 'InvalidTagKey.Malformed',
    meaning: 'A tag key is not valid',
    class: 'request',
    remedy:
      'Use tag keys of 1 to 128 characters that do not start with aliyun or acs: and do not contain http:// or https://.',
    field: 'tags',
  },
  {
    code: 'InvalidTagValue.Malformed',
    meaning: 'A tag value is not valid',
    class: 'request',
    remedy:
      'Use tag values of at most 128 characters that do not start with acs: and do not contain http:// or https://.',
    field: 'tags',
  },
  {
    code: 'NumberExceed.Tags',
    also: ['QuotaExceed.TagPerResource'],
    meaning: 'The image has more tags than the cloud allows',
    class: 'request',
    remedy: 'Use at most 19 tags: the cloud allows 20, and the service adds one.',
    field: 'tags',
  },
  {
    code: 'InvalidResourceId.NotFound',
    meaning: 'The resource to tag does not exist in this region',
    class: 'request',
    remedy: 'Check who deleted the image at https://actiontrail.console.aliyun.com.',
  },
  {
    code: 'InvalidResourceType.NotSupported',
    also: ['NumberExceed.ResourceIds'],
    meaning: 'Resources of this type cannot be tagged, or not so many in one call',
    class: 'defect',
    remedy: 'The service tags only images, one a call: report the import id and the worker’s log.',
  },
  {
    code: 'QuotaExceed',
    prefix: 'any',
    meaning: 'Quota exceeded',
    class: 'attention',
    remedy:
      'Delete resources that are no longer needed, or request a higher quota at https://quotas.console.aliyun.com/products/ecs/quotas, then resume.',
  },
  {
    code: 'InvalidAccountStatus',
    prefix: 'dotted',
    meaning: 'The state of the account does not allow this: overdue bills, or no real-name registration',
    class: 'attention',
    remedy:
      'Check the account’s messages at https://account.console.aliyun.com and its bills at https://usercenter2.aliyun.com, then resume.',
  },
] as const satisfies readonly CatalogueEntry[];
