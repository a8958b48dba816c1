/** What was told of a remote image is told again while its version stays the same: many imports may name one object. */
import { abortable } from '../sources/abortable.js';
import type { Inspection, InspectRemote } from './inspection.js';

export function rememberInspections(inspect: InspectRemote, most = 256): InspectRemote {
  const known = new Map<string, Promise<Inspection>>();
  return async (image, options = {}) => {
    const { version } = image;
    if (version === undefined || version === null) return inspect(image, options);
    const key = JSON.stringify([version, options.role, options.moreDisks]);
    const { signal } = options;
    for (;;) {
      const before = known.get(key);
      if (before === undefined) break;
      // What somebody else began and cancelled is begun anew.
      const told = await abortable(
        before.catch(() => null),
        signal ?? new AbortController().signal,
      );
      if (told !== null) return told;
    }
    const own = inspect(image, options);
    known.set(key, own);
    own.catch(() => known.delete(key));
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return await own;
  };
}
