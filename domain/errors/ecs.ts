/** The other calls to ECS: tasks, images, copies, sharing and tags. */
import { type CatalogueEntry, LINKS } from './entry.js';

const TICKET = 'https://smartservice.console.aliyun.com/service/create-ticket';

export const ECS = [
  {
    code: 'InvalidTaskId.NotFound',
    meaning: 'There is no such task in this region; the cloud forgets old ones',
    class: 'request',
    remedy: 'Look at the image instead: aliyun ecs DescribeImages --RegionId REGION --ImageId ID --Status ALL.',
    link: LINKS.cancelTask,
  },
  {
    code: 'InvalidTaskId.TaskActionNotSupport',
    meaning: 'Tasks of this kind cannot be cancelled',
    class: 'request',
    remedy: 'Wait until the task has ended, then delete what it made.',
    link: LINKS.cancelTask,
  },
  {
    code: 'InvalidTaskId.IncorrectTaskStatus',
    meaning: 'The task has ended and cannot be cancelled any more',
    class: 'transient',
    remedy: 'Nothing to do: the service looks again at what became of it.',
    link: LINKS.cancelTask,
  },
  {
    code: 'CancelTaskFailed',
    meaning: 'The cloud could not cancel the task',
    class: 'transient',
    remedy: `It is tried again. Where it lasts, wait for the task’s end, or ask the vendor: ${TICKET}.`,
    link: LINKS.cancelTask,
  },
  {
    code: 'InvalidImageId.NotFound',
    meaning: 'There is no such image in this region',
    class: 'request',
    remedy:
      'See whether somebody deleted it (https://actiontrail.console.aliyun.com shows who), then start a new import.',
    link: LINKS.deleteImage,
  },
  {
    code: 'ImageUsingByInstance',
    meaning: 'Instances run from the image, so it cannot be deleted',
    class: 'attention',
    remedy: 'Release those instances or replace their system disks, or keep the image; then resume.',
    link: LINKS.deleteImage,
  },
  {
    code: 'ImageUseShared',
    meaning: 'The image is shared with other accounts, so it cannot be deleted',
    class: 'attention',
    remedy: 'End the sharing on the image’s page in the ECS console, then resume.',
    link: LINKS.shareImage,
  },
  {
    code: 'ImageIsExporting',
    meaning: 'The image is being exported',
    class: 'transient',
    remedy: 'It is tried again when the export may have ended.',
    link: LINKS.deleteImage,
  },
  {
    code: 'OperationDenied.ImageCopying',
    meaning: 'The image is being copied',
    class: 'transient',
    remedy: 'It is tried again when the copy may have ended; aliyun ecs CancelCopyImage stops it.',
    link: LINKS.copyImage,
  },
  {
    code: 'IncorrectImageStatus',
    meaning: 'The image is not in a state for this: it is not available yet, or not any more',
    class: 'transient',
    remedy: 'It is tried again. Where it lasts, see the image’s status in the ECS console.',
    link: LINKS.copyImage,
  },
  {
    code: 'OperationConflict',
    meaning: 'Another operation on the same thing is under way',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again when the other has ended.',
  },
  {
    code: 'SourceRegion.NotFound',
    meaning: 'The region to copy from does not exist',
    class: 'request',
    remedy: 'Give a region that aliyun ecs DescribeRegions lists.',
    link: LINKS.copyImage,
    field: 'region',
  },
  {
    code: 'DestinationRegion.NotFound',
    also: ['IncorrectDestinationRegion'],
    meaning: 'The region to copy to does not exist, or cannot be copied to',
    class: 'request',
    remedy: 'Give regions that aliyun ecs DescribeRegions lists, other than the import’s own.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'RegionNotSupportCopy',
    also: ['OperationDenied.SameRegionOnly'],
    meaning: 'Images cannot be copied between these two regions',
    class: 'request',
    remedy: 'Leave the region out of distribute.regions and import there from a bucket of its own.',
    link: LINKS.copyImage,
    field: 'distribute.regions',
  },
  {
    code: 'QuotaExceed.Snapshot',
    meaning: 'The account has as many snapshots in the region as it may',
    class: 'attention',
    remedy:
      'Delete snapshots that nobody needs (https://ecs.console.aliyun.com/snapshot), or have the quota raised at https://quotas.console.aliyun.com/products/ecs/quotas, then resume.',
    link: LINKS.copyImage,
  },
  {
    code: 'ImageCreatedNotFromCopy',
    meaning: 'The image is no copy, so there is no copying to cancel',
    class: 'request',
    remedy: 'Nothing is being copied; delete the image if it is not wanted.',
    link: LINKS.copyImage,
  },
  {
    code: 'CancelNotSupported',
    meaning: 'The copy cannot be cancelled any more',
    class: 'transient',
    remedy: 'Nothing to do: the service waits for its end and deletes it then.',
    link: LINKS.copyImage,
  },
  {
    code: 'InvalidAccount.NotFound',
    also: ['InvalidAccount.Forbidden', 'InvalidAccount.Forbbiden'],
    meaning: 'One of the accounts to share with does not exist, or cannot be shared with',
    class: 'request',
    remedy:
      'Give distribute.shareWith the numbers of other accounts (shown at https://account.console.aliyun.com), not names and not your own.',
    link: LINKS.shareImage,
    field: 'distribute.shareWith',
  },
  {
    code: 'QuotaExceed.ShareImage',
    also: ['QuotaExceed.ShareImageUser'],
    meaning: 'The image, or the account, shares as much as it may',
    class: 'attention',
    remedy:
      'End sharing that nobody needs, or have the quota raised at https://quotas.console.aliyun.com/products/ecs/quotas, then resume.',
    link: LINKS.shareImage,
    field: 'distribute.shareWith',
  },
  {
    code: 'InvalidTagKey.Malformed',
    meaning: 'A tag’s key breaks the cloud’s rules',
    class: 'request',
    remedy:
      'Give tags keys of 1 to 128 characters that do not start with aliyun or acs: and do not contain http:// or https://.',
    field: 'tags',
  },
  {
    code: 'InvalidTagValue.Malformed',
    meaning: 'A tag’s value breaks the cloud’s rules',
    class: 'request',
    remedy:
      'Give tags values of at most 128 characters that do not start with acs: and do not contain http:// or https://.',
    field: 'tags',
  },
  {
    code: 'NumberExceed.Tags',
    also: ['QuotaExceed.TagPerResource'],
    meaning: 'The image has more tags than the cloud takes',
    class: 'request',
    remedy: 'Give 19 tags at most: the cloud takes 20, and one is the service’s own.',
    field: 'tags',
  },
  {
    code: 'InvalidResourceId.NotFound',
    meaning: 'What is to be tagged does not exist in this region',
    class: 'request',
    remedy: 'See whether somebody deleted the image: https://actiontrail.console.aliyun.com shows who.',
  },
  {
    code: 'InvalidResourceType.NotSupported',
    also: ['NumberExceed.ResourceIds'],
    meaning: 'The cloud does not tag this kind of thing, or not so many at once',
    class: 'defect',
    remedy: 'The service tags images only, one a call: report the import id and the worker’s log.',
  },
  {
    code: 'QuotaExceed',
    prefix: 'any',
    meaning: 'The account has as much of this as it may',
    class: 'attention',
    remedy:
      'Free some of it, or have the quota raised at https://quotas.console.aliyun.com/products/ecs/quotas, then resume.',
  },
  {
    code: 'InvalidAccountStatus',
    prefix: 'dotted',
    meaning: 'The account’s state does not allow this: overdue bills, or no real-name registration',
    class: 'attention',
    remedy:
      'See the account’s messages at https://account.console.aliyun.com and its bills at https://usercenter2.aliyun.com, then resume.',
  },
] as const satisfies readonly CatalogueEntry[];
