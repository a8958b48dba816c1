/** Caches inspections of remote images by version: many imports may use the same object. */
import { abortable } from '../sources/abortable.js';
import type { Inspection, InspectRemote } from './inspection.js';

/** @param maxEntries the oldest entry is evicted above this number */
export function cacheInspections(inspect: InspectRemote, maxEntries = 256): InspectRemote {
  const cache = new Map<string, Promise<Inspection>>();
  return async (image, options = {}) => {
    const { version } = image;
    if (version === undefined || version === null) return inspect(image, options);
    const key = JSON.stringify([version, options.role, options.moreDisks, options.packages]);
    const { signal } = options;
    for (;;) {
      const pending = cache.get(key);
      if (pending === undefined) break;
      // If the caller that started it cancelled it or it failed, this caller starts its own inspection.
      const inspection = await abortable(
        pending.catch(() => null),
        signal ?? new AbortController().signal,
      );
      if (inspection !== null) return inspection;
    }
    const started = inspect(image, options);
    cache.set(key, started);
    started.catch(() => cache.delete(key));
    const [oldest] = cache.keys();
    if (cache.size > maxEntries && oldest !== undefined) cache.delete(oldest);
    return await started;
  };
}
