/** Indexes parts by upload and uploads by bucket, so that a lookup does not scan all records. */
import type { Collection } from '../log.js';
import type { PartRecord, UploadRecord } from '../model.js';
import { compareNames } from './name-order.js';

export class ObjectIndex {
  private readonly parts = new Map<string, Map<number, PartRecord>>();
  private readonly uploads = new Map<string, Map<string, UploadRecord>>();

  constructor(parts: Collection<PartRecord>, uploads: Collection<UploadRecord>) {
    parts.watch((before, after) => {
      if (after !== undefined) add(this.parts, after.uploadId, after.number, after);
      else if (before !== undefined) remove(this.parts, before.uploadId, before.number);
    });
    uploads.watch((before, after) => {
      if (after !== undefined) add(this.uploads, after.bucket, after.uploadId, after);
      else if (before !== undefined) remove(this.uploads, before.bucket, before.uploadId);
    });
  }

  /** Sorted by part number. */
  partsOf(uploadId: string): readonly PartRecord[] {
    return [...(this.parts.get(uploadId)?.values() ?? [])].sort((a, b) => a.number - b.number);
  }

  /** Sorted by key, then by upload id, as OSS lists them. */
  uploadsOf(bucket: string): readonly UploadRecord[] {
    const uploads = [...(this.uploads.get(bucket)?.values() ?? [])];
    return uploads.sort((a, b) => compareNames(a.key, b.key) || compareNames(a.uploadId, b.uploadId));
  }
}

function add<K, V>(map: Map<string, Map<K, V>>, group: string, key: K, value: V): void {
  const inner = map.get(group) ?? new Map<K, V>();
  map.set(group, inner.set(key, value));
}

function remove<K, V>(map: Map<string, Map<K, V>>, group: string, key: K): void {
  const inner = map.get(group);
  inner?.delete(key);
  if (inner?.size === 0) map.delete(group);
}
