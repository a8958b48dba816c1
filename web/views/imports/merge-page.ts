/** Pages of a list that is read again while it changes. */

interface Identified {
  readonly id: string;
}

/**
 * A page as it was read again. New rows push others off its end: those stay after it, because the next page begins after them.
 * A row that is missing before the last common one does not match the filters any more.
 * Null: nothing in common, so that the next pages do not follow it.
 */
export function mergePage<Row extends Identified>(
  before: readonly Row[],
  fresh: readonly Row[],
): readonly Row[] | null {
  const ids = new Set(fresh.map(({ id }) => id));
  const lastCommon = before.findLastIndex(({ id }) => ids.has(id));
  return lastCommon < 0 ? null : [...fresh, ...before.slice(lastCommon + 1)];
}

/** All rows in order, each once: one that is on two pages was moved by a change. */
export function rowsOf<Row extends Identified>(pages: readonly (readonly Row[])[]): readonly Row[] {
  const seen = new Set<string>();
  return pages.flat().filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
