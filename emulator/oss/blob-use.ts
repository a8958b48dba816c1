/** Counts the references of records to files: copies of an object share its files. */
import type { Collection } from '../log.js';
import type { ObjectRecord, PartRecord, Segment, VersionRecord } from '../model.js';

export class BlobUse {
  private readonly counts = new Map<string, number>();

  constructor(objects: Collection<ObjectRecord>, versions: Collection<VersionRecord>, parts: Collection<PartRecord>) {
    const change = (before: readonly Segment[] = [], after: readonly Segment[] = []) => {
      for (const { file } of after) this.add(file, 1);
      for (const { file } of before) this.add(file, -1);
    };
    objects.watch((before, after) => change(before?.segments, after?.segments));
    versions.watch((before, after) => change(before?.object?.segments, after?.object?.segments));
    parts.watch((before, after) => {
      if (after !== undefined) this.add(after.file, 1);
      if (before !== undefined) this.add(before.file, -1);
    });
  }

  isUsed(file: string): boolean {
    return this.counts.has(file);
  }

  files(): ReadonlySet<string> {
    return new Set(this.counts.keys());
  }

  private add(file: string, change: number): void {
    const count = (this.counts.get(file) ?? 0) + change;
    if (count === 0) this.counts.delete(file);
    else this.counts.set(file, count);
  }
}
