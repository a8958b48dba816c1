/** ECS: ImportImage, tasks, images and their snapshots. */
import type { Assumption } from './entry.js';

export const IMAGES = [
  {
    id: 'unknown-task',
    assumed: 'DescribeTaskAttribute and CancelTask of a task that does not exist answer InvalidTaskId.NotFound.',
    source: 'Reference of CancelTask (2021).',
    checkedBy: 'doctor',
    steps: ['aliyun ecs DescribeTaskAttribute --RegionId REGION --TaskId t-nosuchtask'],
    otherwise:
      'A closed task is not recognized. The cleanup repeats its check of the task, then stops in attention with the code.',
  },
  {
    id: 'delete-unknown-image',
    assumed: 'DeleteImage of an image that does not exist succeeds, or answers InvalidImageId.NotFound.',
    source: 'Reference of DeleteImage: its text says that the call is ignored, its table of errors has the code.',
    checkedBy: 'doctor',
    steps: ['aliyun ecs DeleteImage --RegionId REGION --ImageId m-nosuchimage'],
    otherwise: 'The cleanup stops in attention with the code. DescribeImages shows whether the image is gone.',
  },
  {
    id: 'delete-unknown-snapshot',
    assumed: 'DeleteSnapshot of a snapshot that does not exist answers InvalidSnapshotId.NotFound.',
    source: 'Reference of DeleteSnapshot (2026-01-28).',
    checkedBy: 'doctor',
    steps: ['aliyun ecs DeleteSnapshot --SnapshotId s-nosuchsnapshot'],
    otherwise: 'The cleanup stops in attention with the code, and names the snapshot.',
  },
  {
    id: 'dry-run',
    assumed:
      'ImportImage with DryRun=true creates nothing. It answers DryRunOperation if the request would succeed, and InvalidOSSObject.NotFound if the object does not exist.',
    source: 'Reference of ImportImage; its sentence on the code DryRunOperation.',
    checkedBy: 'doctor',
    steps: [
      'aliyun ecs ImportImage --RegionId REGION --DryRun true --DiskDeviceMapping.1.OSSBucket BUCKET --DiskDeviceMapping.1.OSSObject no-such-object.raw --DiskDeviceMapping.1.Format RAW',
    ],
    otherwise:
      'Preflight accepts any success and reports any other code before the upload. ImportImage itself is the final check.',
  },
  {
    id: 'snapshots-stay',
    assumed:
      'An import creates one snapshot for each disk, which DescribeImages shows as DiskDeviceMappings[].SnapshotId. It stays when the image is deleted, and DeleteSnapshot answers SnapshotCreatedImage until the image is gone.',
    source: 'Help pages “Delete a custom image” and “Copy custom images” (2021), api-deletesnapshot (2026-01-28).',
    checkedBy: 'hand',
    steps: [
      'Import an image and cancel it, or delete it with its ID: aliyun ecs DeleteImage --RegionId REGION --ImageId IMAGE',
      'aliyun ecs DescribeSnapshots --RegionId REGION --SnapshotIds \'["SNAPSHOT"]\' before and after',
      'ecs-image-import orphans',
    ],
    otherwise:
      'If the snapshots go with the image, their removal counts as done. If they appear later than the image, orphans does not find them: they have no tag.',
  },
  {
    id: 'image-statuses',
    assumed:
      'DescribeImages accepts the statuses Creating, Waiting, Available, UnAvailable, CreateFailed and Deprecated together, and shows an image that is being imported only if its status is in the filter.',
    source: 'Comments of SDK 7.11.6.',
    checkedBy: 'doctor',
    steps: [
      'aliyun ecs DescribeImages --RegionId REGION --Status Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated',
    ],
    otherwise:
      'If the cloud refuses the filter, preflight stops with its code. If it hides running imports, a lost response to ImportImage ends in attention instead of the adoption of the image.',
  },
  {
    id: 'client-token',
    assumed:
      'ImportImage and CopyImage with a ClientToken that was used before, and the same parameters, answer with the first image and create no second one.',
    source:
      'Help page “How to ensure idempotence”; it gives no lifetime of a token. The error table of ImportImage (2021) has no code for it.',
    checkedBy: 'hand',
    steps: [
      'aliyun ecs ImportImage --RegionId REGION --ClientToken check-1 --ImageName check-1 --DiskDeviceMapping.1.OSSBucket BUCKET --DiskDeviceMapping.1.OSSObject OBJECT --DiskDeviceMapping.1.Format RAW',
      'Send the same command again: ImageId and TaskId are those of the first answer',
      'Change --ImageName and send it again: IdempotentParameterMismatch or a code of that family',
    ],
    otherwise:
      'Before a repetition, the service searches for the image with the tag and the name of the import and adopts it. A second image would be found by orphans.',
  },
  {
    id: 'tags-of-running-import',
    assumed: 'An image has the tags of ImportImage from the first moment, while its status is Creating.',
    source: 'Not documented.',
    checkedBy: 'hand',
    steps: [
      'Start an import, then immediately: aliyun ecs ListTagResources --RegionId REGION --ResourceType image --Tag.1.Key ecs-image-import',
    ],
    otherwise:
      'After a lost response to ImportImage, the image is found by its name only, and the adoption waits for ECS_IMPORT_PATIENCE_MS.',
  },
  {
    id: 'task-statuses',
    assumed:
      'A task is Waiting, Processing, Finished, Failed, Paused or Deleted; DescribeTasks shows it for at least the duration of the import. Other words count as running.',
    source: 'Comments of the SDK, and words seen in public tools; the page lists three.',
    checkedBy: 'hand',
    steps: ['aliyun ecs DescribeTasks --RegionId REGION --TaskIds TASK, at the start, during and after an import'],
    otherwise: 'The status of the image decides: an import is done when its image is Available.',
  },
  {
    id: 'finished-before-available',
    assumed:
      'A task can be Finished before its image is Available. An image of a failed task is CreateFailed or absent.',
    source: 'Not documented.',
    checkedBy: 'hand',
    steps: [
      'During an import: aliyun ecs DescribeImages --RegionId REGION --ImageId IMAGE --Status Creating,Available,CreateFailed',
    ],
    otherwise: 'Nothing changes: the service waits for the image, and a wait without progress ends in attention.',
  },
  {
    id: 'import-failure-code',
    assumed:
      'DescribeTaskAttribute shows the reason of a failed import in OperationProgressSet[].ErrorCode and ErrorMsg, with the codes of the ImportImage page.',
    source: 'Reference of DescribeTaskAttribute; its sample has another code.',
    checkedBy: 'hand',
    steps: [
      'Upload a text file as check.raw and import it with --force, so that the cloud fails it',
      'aliyun ecs DescribeTaskAttribute --RegionId REGION --TaskId TASK',
    ],
    otherwise: 'The import fails with the code of the cloud unchanged, or ImportImageFailed if there is none.',
  },
  {
    id: 'cancel-task',
    assumed:
      'CancelTask of a running import is accepted, the task then reaches a final status, and the image disappears or becomes CreateFailed. A finished task answers InvalidTaskId.IncorrectTaskStatus.',
    source: 'Reference of CancelTask (2021); it does not describe the image.',
    checkedBy: 'hand',
    steps: ['ecs-image-import cancel IMPORT, during the phase import', 'ecs-image-import report IMPORT'],
    otherwise: 'The cleanup deletes an image that remains. A task that stays in progress ends in attention.',
  },
  {
    id: 'delete-image-asynchronous',
    assumed: 'After DeleteImage, DescribeImages shows the image for some time. A shared image answers ImageUseShared.',
    source: 'Reference of DeleteImage, and bosh-alicloud-cpi-release (2026-08-20).',
    checkedBy: 'hand',
    steps: ['aliyun ecs DeleteImage --RegionId REGION --ImageId IMAGE, then DescribeImages until it is gone'],
    otherwise: 'The cleanup ends the sharing first and waits until the image is gone.',
  },
  {
    id: 'object-until-final',
    assumed: 'ECS reads the object until the task is final, and not afterwards.',
    source: 'Not documented.',
    checkedBy: 'hand',
    steps: ['Import an image without --keep-object, and start an instance from it after the object is deleted'],
    otherwise: 'Set upload.keepObject=true. The object then stays in the bucket.',
  },
  {
    id: 'qcow2-features',
    assumed:
      'ECS imports QCOW2 of version 3 with zlib-compressed clusters. No page mentions zstd-compressed clusters and subclusters, so images with them get a warning.',
    source: 'Help page “Image formats”.',
    checkedBy: 'hand',
    steps: ['qemu-img convert -O qcow2 -c disk.raw check.qcow2 and import it', 'Start an instance from the image'],
    otherwise: 'The import fails with the code of the cloud. Use --convert qcow2, or RAW.',
  },
] as const satisfies readonly Assumption[];
