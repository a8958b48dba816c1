/** Fails imports whose object is deleted or replaced while they run. */
import type { Collection } from '../log.js';
import type { ImageRecord, ObjectRecord, TaskRecord } from '../model.js';
import { importErrors } from './import-errors.js';
import type { TaskIndex } from './task-index.js';

/** The required part of `World`; an interface, because world.ts imports this file. */
export interface RunningImports {
  readonly tasks: Collection<TaskRecord>;
  readonly images: Collection<ImageRecord>;
  readonly taskIndex: TaskIndex;
  now(): number;
}

/** ECS reads the object until the import ends, so an import fails if its object is deleted or replaced before. */
export function failImportsOf(
  imports: RunningImports,
  before: ObjectRecord | undefined,
  after: ObjectRecord | undefined,
): void {
  if (before === undefined || before.segments === after?.segments) return;
  const now = imports.now();
  const code = after === undefined ? 'InvalidOSSObject.NotFound' : 'ImportImageFailed';
  for (const task of imports.taskIndex.tasksOf(before.id)) {
    if (task.cancelledAt !== null || now >= task.finishAt) continue;
    imports.tasks.put(task.taskId, { ...task, finishAt: now, failure: { code, message: importErrors[code][1] } });
    const image = imports.images.get(task.resourceId);
    if (image === undefined) continue;
    imports.images.put(image.imageId, { ...image, readyAt: now, outcome: 'CreateFailed', detection: null });
  }
}
