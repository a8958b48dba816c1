/** Ends what an import made of an image: its task cancelled, and an image that won the race deleted, unless it is to be kept. */

import type { EcsApi, ImageView, TaskView } from '../alibaba/cloud.js';
import { fail } from '../domain/errors/index.js';
import type { LedgerEntry } from '../domain/import.js';
import type { ActivityDependencies } from './dependencies.js';
import { deleteImage, imagesOf, isOvertaken, type Remover } from './remove-image.js';
import type { Step } from './step.js';

const FINAL_TASK_STATUSES = ['Finished', 'Failed', 'Cancelled', 'Canceled', 'Deleted'];

/** @param keep leave an image that is finished; one that is not whole never stays. True where one stays. */
export async function endImage(
  deps: ActivityDependencies,
  step: Step,
  entry: LedgerEntry,
  keep: boolean,
): Promise<boolean> {
  const ecs = deps.cloud.ecs(entry.regionId);
  const patient = patience(deps, `image ${entry.detail.imageId ?? entry.key} in ${entry.regionId}`);
  let looks = 0;
  for (;;) {
    const images = await imagesOf(ecs, step, entry);
    const running = await tasksUnderWay(ecs, images);
    if (images.length === 0) {
      // The call was sent and never answered: it may still be on its way.
      looks += 1;
      if (entry.status !== 'intended' || looks >= deps.settings.looksForLostImage) return false;
    } else if (running.length > 0) {
      for (const task of running) await cancelTask(ecs, step, task);
    } else if (keep && images.every((image) => image.status === 'Available')) {
      return true;
    } else {
      for (const image of images) await deleteImage(ecs, step, image);
      patient();
      continue;
    }
    patient();
    await step.sleep(deps.settings.lookEveryMs);
  }
}

/** What the cloud is doing with images of ours: until that is over they cannot be deleted. */
export async function tasksUnderWay(ecs: EcsApi, images: readonly ImageView[]): Promise<readonly TaskView[]> {
  if (images.length === 0) return [];
  const tasks = await ecs.describeTasks({ resourceIds: images.map(({ imageId }) => imageId) });
  return tasks.filter(({ status }) => !FINAL_TASK_STATUSES.includes(status));
}

/** The cloud says that it ends something and does not: a person must hear of it, not wait for ever. */
export function patience(deps: ActivityDependencies, what: string): () => void {
  const until = Date.now() + deps.settings.patienceMs;
  return () => {
    if (Date.now() < until) return;
    const message = `${what} was told to end and is still there`;
    throw fail('Cleanup.Unfinished', message);
  };
}

/** A task that just became final cannot be cancelled; the next look sees what became of it. */
export async function cancelTask(ecs: EcsApi, step: Remover, task: TaskView): Promise<void> {
  try {
    await ecs.cancelTask(task.taskId);
    step.log('task cancelled', { taskId: task.taskId });
  } catch (error) {
    if (!isOvertaken(error, ['InvalidTaskId.IncorrectTaskStatus', 'CancelTaskFailed', 'InvalidTaskId.NotFound']))
      throw error;
  }
}
