/** Indexes import tasks by object, so that a lookup does not scan all tasks. */
import type { Collection } from '../log.js';
import type { TaskRecord } from '../model.js';

export class TaskIndex {
  private readonly byObject = new Map<string, Set<string>>();

  constructor(private readonly tasks: Collection<TaskRecord>) {
    tasks.watch((before, after) => {
      if (before !== undefined) for (const id of objectsOf(before)) this.remove(id, before.taskId);
      if (after === undefined) return;
      for (const id of objectsOf(after)) this.byObject.set(id, (this.byObject.get(id) ?? new Set()).add(after.taskId));
    });
  }

  private remove(objectId: string, taskId: string): void {
    const ids = this.byObject.get(objectId);
    ids?.delete(taskId);
    if (ids?.size === 0) this.byObject.delete(objectId);
  }

  /** The tasks, including finished ones, that read the object `BUCKET/KEY`. */
  tasksOf(objectId: string): readonly TaskRecord[] {
    return [...(this.byObject.get(objectId) ?? [])].flatMap((id) => this.tasks.get(id) ?? []);
  }
}

/** The related items of an import task are bucket, object and format of each disk, in this order. */
function objectsOf(task: TaskRecord): readonly string[] {
  const values = (name: string) => task.related.filter((item) => item.name === name).map((item) => item.value);
  const buckets = values('OSSBucket');
  return values('OSSObject').map((object, index) => `${buckets[index] ?? ''}/${object}`);
}
