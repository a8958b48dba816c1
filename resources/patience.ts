/** How long to wait for a resource that shows no progress. */

/** Records an observation of a subject and returns for how long nothing has changed, in ms. */
export type Unchanged = (subject: string, observed: string) => number;

/**
 * While the cloud reports that it is working on a resource, the wait is this many times as long: an import of several TiB may
 * show the same percentage for more than an hour. With the default patience this is a day.
 */
const PATIENCE_FACTOR_AT_WORK = 24;

/** @param atWork the cloud reports that it is working on the resource */
export function isStalled(unchangedMs: number, patienceMs: number, atWork: boolean): boolean {
  return unchangedMs >= patienceMs * (atWork ? PATIENCE_FACTOR_AT_WORK : 1);
}

/** For a wait within one attempt of an activity. */
export function unchangedSince(now: () => number = Date.now): Unchanged {
  const known = new Map<string, string>();
  let sinceMs = now();
  return (subject, observed) => {
    if (known.get(subject) !== observed) {
      known.set(subject, observed);
      sinceMs = now();
    }
    return now() - sinceMs;
  };
}
