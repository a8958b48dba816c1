/** Reads lists of the vendor that are split into numbered pages. */
import { unreadable } from './sdk-errors.js';

/** The vendor's limit of entries per page and of IDs per call. */
export const PAGE = 100;

/** Reads pages until all entries of TotalCount are read. */
export async function everyPage(
  action: string,
  readPage: (pageNumber: number) => Promise<{ readonly length: number; readonly totalCount: number | undefined }>,
): Promise<void> {
  for (let pageNumber = 1, read = 0; ; pageNumber++) {
    const { length, totalCount } = await readPage(pageNumber);
    // Callers act on an empty result, so it is accepted only if TotalCount confirms it.
    if (pageNumber === 1 && length === 0 && totalCount !== 0) {
      throw unreadable('ecs', action, `contains no entries, but TotalCount is ${totalCount ?? 'missing'}`);
    }
    read += length;
    // An empty later page ends the loop, because entries may be deleted between pages.
    if (length === 0 || (totalCount === undefined ? length < PAGE : read >= totalCount)) return;
  }
}
