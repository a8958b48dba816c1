/** Removes images and copies, even while the cloud imports, copies or shares them. Every removal of an image uses this loop. */
import type { EcsApi, ImageView, TaskView } from '../alibaba/ecs-api.js';
import { fail } from '../domain/errors/index.js';
import { isBeingCreated, tasksUnderWay } from './image-status.js';
import { isStalled, unchangedSince } from './patience.js';
import { hasCode, orGoneWithParent } from './refusal.js';
import { leaveEveryShare } from './resource-share.js';
import { endSharing } from './sharing.js';
import type { Pausing, ResourceSettings } from './work.js';

export interface Removal {
  readonly ecs: EcsApi;
  /** Names the resource in the failure, e.g. `image m-1 in cn-hangzhou`. */
  readonly what: string;
  /** Every image to remove that exists now. */
  find(): Promise<readonly ImageView[]>;
  /** How to stop the cloud while it is still creating an image: cancel its task, its copy, or both. */
  readonly createdBy: 'import' | 'copy' | 'either';
  /** The creating call got no response: the image may still appear. */
  readonly mayAppear: boolean;
  /** An image that is available stays. */
  readonly keepAvailable: boolean;
  /** Writes the snapshots of the images down: with a deleted image, the cloud loses which snapshots it had. */
  recordSnapshots(images: readonly ImageView[]): Promise<void>;
}

/**
 * An image that is already deleted, or whose region does not exist, counts as removed. Fails with `Cleanup.Unfinished` when
 * nothing changes for too long.
 */
export function removeImages(removal: Removal, work: Pausing, settings: ResourceSettings): Promise<'removed' | 'kept'> {
  return orGoneWithParent(removeUntilGone(removal, work, settings), 'removed');
}

async function removeUntilGone(
  removal: Removal,
  work: Pausing,
  settings: ResourceSettings,
): Promise<'removed' | 'kept'> {
  const { ecs, createdBy } = removal;
  const unchangedMs = unchangedSince();
  const recorded = new Set<string>();
  for (let absences = 0; ; ) {
    const images = await removal.find();
    const unrecorded = images.filter(({ snapshotIds }) => snapshotIds.some((id) => !recorded.has(id)));
    if (unrecorded.length > 0) await removal.recordSnapshots(unrecorded);
    for (const id of unrecorded.flatMap(({ snapshotIds }) => snapshotIds)) recorded.add(id);
    const tasks = createdBy === 'copy' ? [] : await tasksUnderWay(ecs, images);
    if (images.length === 0) {
      absences += 1;
      if (!removal.mayAppear || absences >= settings.pollsForLostImage) return 'removed';
    } else if (tasks.length > 0) {
      for (const task of tasks) await cancelTask(ecs, work, task);
    } else if (removal.keepAvailable && images.every(({ status }) => status === 'Available')) {
      return 'kept';
    } else {
      for (const image of images) {
        if (createdBy !== 'import' && isBeingCreated(image)) await cancelCopy(ecs, work, image);
        else await deleteImage(removal, work, image);
      }
    }
    const observed = [
      ...images.map((image) => `${image.imageId} ${image.status}`),
      ...tasks.map(({ status }) => status),
    ];
    if (isStalled(unchangedMs(removal.what, observed.join()), settings.patienceMs, false)) {
      throw fail('Cleanup.Unfinished', `${removal.what} still exists after its removal was requested`);
    }
    await work.sleep(settings.pollIntervalMs);
  }
}

/** A task that has just ended cannot be cancelled; the next check shows the result. */
async function cancelTask(ecs: EcsApi, work: Pausing, { taskId }: TaskView): Promise<void> {
  try {
    await ecs.cancelTask(taskId);
    work.log('task cancelled', { taskId });
  } catch (error) {
    if (!hasCode(error, ['InvalidTaskId.IncorrectTaskStatus', 'CancelTaskFailed', 'InvalidTaskId.NotFound']))
      throw error;
  }
}

/** A copy that has just ended cannot be cancelled; the next check shows the result. */
async function cancelCopy(ecs: EcsApi, work: Pausing, { imageId }: ImageView): Promise<void> {
  try {
    await ecs.cancelCopyImage(imageId);
    work.log('copy cancelled', { imageId });
  } catch (error) {
    const overtaken = [
      'IncorrectImageStatus',
      'CancelNotSupported',
      'ImageCreatedNotFromCopy',
      'InvalidImageId.NotFound',
    ];
    if (!hasCode(error, overtaken)) throw error;
  }
}

/** One attempt; the caller has recorded the snapshots that it observed, and checks until the image no longer exists. */
export async function deleteImage(
  { ecs, recordSnapshots }: Pick<Removal, 'ecs' | 'recordSnapshots'>,
  work: Pausing,
  { imageId, snapshotIds }: Pick<ImageView, 'imageId' | 'snapshotIds'>,
): Promise<void> {
  // The cloud may have created the snapshots since the image was observed.
  if (snapshotIds.length === 0) await recordSnapshots(await ecs.describeImages({ imageIds: [imageId] }));
  try {
    await ecs.deleteImage(imageId);
    work.log('image deleted', { imageId });
  } catch (error) {
    if (hasCode(error, ['ImageUseShared'])) {
      // The code is the same for both. Resource Sharing is called only if no account has the image, as it needs more permissions.
      if (!(await endSharing(ecs, imageId))) await leaveEveryShare(ecs, imageId, work);
    } else if (!hasCode(error, ['InvalidImageId.NotFound', 'ImageIsImporting', 'OperationDenied.ImageCopying']))
      throw error;
  }
}
