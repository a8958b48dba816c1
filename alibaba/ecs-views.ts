/** Converts the vendor's responses, in which any field may be missing, to the views of cloud.ts. */
import type {
  DescribeImagesResponseBodyImagesImage,
  DescribeTaskAttributeResponseBody,
  DescribeTasksResponseBodyTaskSetTask,
} from '@alicloud/ecs20140526';
import type { ImageView, TaskDetail, TaskView } from './ecs-api.js';

/** Empty for an entry without an ID. */
export function taskView(task: DescribeTasksResponseBodyTaskSetTask): TaskView[] {
  if (!task.taskId) return [];
  return [
    {
      taskId: task.taskId,
      action: task.taskAction ?? '',
      status: task.taskStatus ?? '',
      resourceId: task.resourceId || null,
      supportCancel: isTrue(task.supportCancel),
      finishedTime: task.finishedTime || null,
    },
  ];
}

export function taskDetail(taskId: string, body: DescribeTaskAttributeResponseBody): TaskDetail {
  const progress = body.operationProgressSet?.operationProgress ?? [];
  return {
    taskId: body.taskId || taskId,
    action: body.taskAction ?? '',
    status: body.taskStatus ?? '',
    resourceId: null,
    supportCancel: isTrue(body.supportCancel),
    finishedTime: body.finishedTime || null,
    percent: percentOf(body.taskProcess),
    errors: progress.flatMap(({ errorCode, errorMsg, relatedItemSet }) =>
      errorCode || errorMsg
        ? [
            {
              code: errorCode || 'ImportImageFailed',
              message: errorMsg ?? '',
              related: (relatedItemSet?.relatedItem ?? []).map(({ name, value }) => `${name}=${value}`).join(', '),
            },
          ]
        : [],
    ),
  };
}

export function imageView(image: DescribeImagesResponseBodyImagesImage): ImageView[] {
  if (!image.imageId) return [];
  const { detectionOptions } = image;
  const disks = image.diskDeviceMappings?.diskDeviceMapping ?? [];
  const tags = (image.tags?.tag ?? []).flatMap(({ tagKey, tagValue }): [string, string][] =>
    tagKey ? [[tagKey, tagValue ?? '']] : [],
  );
  return [
    {
      imageId: image.imageId,
      imageName: image.imageName ?? '',
      status: image.status ?? '',
      percent: percentOf(image.progress),
      sizeGiB: image.size ?? null,
      tags: Object.fromEntries(tags),
      detection: detectionOptions
        ? {
            status: detectionOptions.status ?? '',
            items: (detectionOptions.items?.item ?? []).map((item) => ({
              name: item.name ?? '',
              value: item.value ?? '',
              riskLevel: item.riskLevel || null,
              riskCode: item.riskCode || null,
            })),
          }
        : null,
      creationTime: image.creationTime || null,
      platform: image.platform || null,
      attributes: {
        architecture: image.architecture || null,
        bootMode: image.bootMode || null,
        nvmeSupport: image.features?.nvmeSupport || null,
        imdsSupport: image.features?.imdsSupport || null,
      },
      resourceGroupId: image.resourceGroupId || null,
      isEncrypted: disks.some(({ encrypted }) => isTrue(encrypted)),
      isCopy: isTrue(image.isCopied),
      snapshotIds: disks.flatMap(({ snapshotId }) => snapshotId || []),
    },
  ];
}

/** The vendor's types declare a string, its examples show a boolean. */
function isTrue(value: string | boolean | undefined): boolean {
  return String(value).toLowerCase() === 'true';
}

/** Parses `"42%"`; null for any other text. */
function percentOf(text: string | undefined): number | null {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) && value >= 0 && value <= 100 ? value : null;
}
