/** The meaning of the vendor's statuses of an image and of its import task. The lists are not exhaustive: waits continue on an unknown status. */
import type { EcsApi, ImageView, TaskView } from '../alibaba/ecs-api.js';

/** An image that cannot become available. */
const DEAD_STATUSES = ['CreateFailed', 'UnAvailable'];
/** An image that is still being created. */
const CREATING_STATUSES = ['Creating', 'Waiting'];
const RUNNING_TASK_STATUSES = ['Processing', 'Waiting'];
const REMOVED_TASK_STATUSES = ['Cancelled', 'Canceled', 'Deleted'];
/** A paused task has not ended: it can be cancelled, and the wait for it has a limit. */
const FINAL_TASK_STATUSES = ['Finished', 'Failed', ...REMOVED_TASK_STATUSES];

/** Consecutive observations without the image after which it counts as deleted. */
export const OBSERVATIONS_BEFORE_GONE = 3;

type WithStatus = Pick<ImageView | TaskView, 'status'>;

export function isDead({ status }: WithStatus): boolean {
  return DEAD_STATUSES.includes(status);
}

export function isBeingCreated({ status }: WithStatus): boolean {
  return CREATING_STATUSES.includes(status);
}

/** The task has ended without an image: it was cancelled or removed, for example in the console. */
export function isTaskRemoved({ status }: WithStatus): boolean {
  return REMOVED_TASK_STATUSES.includes(status);
}

export function isTaskRunning({ status }: WithStatus): boolean {
  return RUNNING_TASK_STATUSES.includes(status);
}

/** The running tasks of the images: an image cannot be deleted while a task runs. */
export async function tasksUnderWay(ecs: EcsApi, images: readonly ImageView[]): Promise<readonly TaskView[]> {
  if (images.length === 0) return [];
  const tasks = await ecs.describeTasks({ resourceIds: images.map(({ imageId }) => imageId) });
  return tasks.filter(({ status }) => !FINAL_TASK_STATUSES.includes(status));
}
