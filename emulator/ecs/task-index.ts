/** Finds the imports that read an object without reading all tasks. */
import type { Collection } from '../log.js';
import type { TaskRecord } from '../model.js';

export class TaskIndex {
  private readonly readers = new Map<string, Set<string>>();

  constructor(private readonly tasks: Collection<TaskRecord>) {
    tasks.watch((before, after) => {
      if (before !== undefined) for (const id of objectsOf(before)) this.forget(id, before.taskId);
      if (after === undefined) return;
      for (const id of objectsOf(after)) this.readers.set(id, (this.readers.get(id) ?? new Set()).add(after.taskId));
    });
  }

  private forget(objectId: string, taskId: string): void {
    const ids = this.readers.get(objectId);
    ids?.delete(taskId);
    if (ids?.size === 0) this.readers.delete(objectId);
  }

  /** Tasks, also finished ones, of the object `BUCKET/KEY`. */
  reading(objectId: string): readonly TaskRecord[] {
    return [...(this.readers.get(objectId) ?? [])].flatMap((id) => this.tasks.get(id) ?? []);
  }
}

/** The related items of an import are bucket, object and format for each disk, in this order. */
function objectsOf(task: TaskRecord): readonly string[] {
  const values = (name: string) => task.related.filter((item) => item.name === name).map((item) => item.value);
  const buckets = values('OSSBucket');
  return values('OSSObject').map((object, index) => `${buckets[index] ?? ''}/${object}`);
}
