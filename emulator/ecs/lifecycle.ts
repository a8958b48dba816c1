/** Derives the state of images and tasks from the clock, so that a restart loses no progress. */

import { ApiError } from '../errors.js';
import type { ImageRecord, TaskRecord } from '../model.js';
import type { Settings } from '../settings.js';
import type { World } from '../world.js';

export type ImageStatus = 'Waiting' | 'Creating' | 'Available' | 'CreateFailed' | 'Deprecated';

export function imageStatus(image: ImageRecord, now: number): ImageStatus {
  if (now < image.startsAt) return 'Waiting';
  if (now < image.readyAt) return 'Creating';
  return image.deprecated && image.outcome === 'Available' ? 'Deprecated' : image.outcome;
}

/** Whether the import or copy of the image is running or waiting. */
export function isInProgress(image: ImageRecord, now: number): boolean {
  return now < image.readyAt;
}

/** 0 to 100; 100 only after the end. */
export function percentDone(startedAt: number, endsAt: number, now: number): number {
  if (now >= endsAt) return 100;
  return Math.min(99, Math.max(0, Math.floor(((now - startedAt) / (endsAt - startedAt)) * 100)));
}

export function isTaskEnded(task: TaskRecord, now: number): boolean {
  return now >= (task.cancelledAt ?? task.finishAt);
}

export function taskStatus(task: TaskRecord, now: number, settings: Settings): string {
  if (!isTaskEnded(task, now)) return settings.runningTaskStatus;
  if (task.cancelledAt !== null) return settings.cancelledTaskStatus;
  return task.failure === null ? 'Finished' : 'Failed';
}

/** Removes the images of cancelled imports and copies whose cancellation has finished, and returns the others. */
export function dropRemoved(world: World, images: readonly ImageRecord[], now: number): readonly ImageRecord[] {
  return images.filter((image) => {
    if (image.removedAt === null || now < image.removedAt) return true;
    world.images.remove(image.imageId);
    return false;
  });
}

/** The image in the region; null if it does not exist or was removed. */
export function knownImage(world: World, regionId: string, imageId: string, now: number): ImageRecord | null {
  const image = world.images.get(imageId);
  if (image === undefined || image.regionId !== regionId) return null;
  return dropRemoved(world, [image], now)[0] ?? null;
}

/** Like `knownImage`, but throws `InvalidImageId.NotFound`. */
export function findImage(world: World, regionId: string, imageId: string, now: number): ImageRecord {
  const image = knownImage(world, regionId, imageId, now);
  if (image === null) throw new ApiError(404, 'InvalidImageId.NotFound', 'The specified ImageId does not exist.');
  return image;
}

/** The number of images that count towards the region's quota, including those in progress. */
export function countImages(world: World, regionId: string, now: number): number {
  // The count may include removed images. Iterating is expensive, so it is done only when the quota is reached.
  const count = world.imageIndex.countInRegion(regionId);
  if (count < world.settings.quotaImages) return count;
  return dropRemoved(world, world.imageIndex.inRegion(regionId), now).length;
}
