/** What time has made of images and tasks: their state follows from the clock, so a restart loses no progress. */

import { ApiError } from '../errors.js';
import type { ImageRecord, TaskRecord } from '../model.js';
import type { World } from '../world.js';

export type ImageStatus = 'Waiting' | 'Creating' | 'Available' | 'CreateFailed' | 'Deprecated';

export function imageStatus(image: ImageRecord, now: number): ImageStatus {
  if (now < image.startsAt) return 'Waiting';
  if (now < image.readyAt) return 'Creating';
  return image.deprecated && image.outcome === 'Available' ? 'Deprecated' : image.outcome;
}

/** Being imported, being copied, or waiting for its turn to be. */
export function isInTheMaking(image: ImageRecord, now: number): boolean {
  return now < image.readyAt;
}

/** 0 to 100; 100 only when it is over. */
export function percentDone(startedAt: number, endsAt: number, now: number): number {
  if (now >= endsAt) return 100;
  return Math.min(99, Math.max(0, Math.floor(((now - startedAt) / (endsAt - startedAt)) * 100)));
}

export function taskStatus(task: TaskRecord, now: number, cancelledStatus: string): string {
  if (task.cancelledAt !== null) return now < task.cancelledAt ? 'Processing' : cancelledStatus;
  if (now < task.finishAt) return 'Processing';
  return task.failure === null ? 'Finished' : 'Failed';
}

/** A cancelled import's image goes when its task has ended: drops those whose time has come. */
export function dropRemoved(world: World, images: readonly ImageRecord[], now: number): readonly ImageRecord[] {
  return images.filter((image) => {
    if (image.removedAt === null || now < image.removedAt) return true;
    world.images.remove(image.imageId);
    return false;
  });
}

/** An image of the region that still exists; `InvalidImageId.NotFound` otherwise. */
export function findImage(world: World, regionId: string, imageId: string, now: number): ImageRecord {
  const image = world.images.get(imageId);
  const found = image === undefined || image.regionId !== regionId ? [] : dropRemoved(world, [image], now);
  const [first] = found;
  if (first === undefined) {
    throw new ApiError(404, 'InvalidImageId.NotFound', 'The specified ImageId does not exist.');
  }
  return first;
}

/** Images that count against the region's quota, those in the making too. */
export function countImages(world: World, regionId: string, now: number): number {
  // Counting is cheap, walking is not: walk only where a cancelled image could make the difference.
  const count = world.imageIndex.countInRegion(regionId);
  if (count < world.settings.quotaImages) return count;
  return dropRemoved(world, world.imageIndex.inRegion(regionId), now).length;
}
