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
] as const satisfies readonly Assumption[];
