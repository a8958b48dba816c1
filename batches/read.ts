/** Reads batches and their items. */
import { isWithin, type Limits } from '../domain/access/may.js';
import { namedByBatch } from '../domain/access/named.js';
import type { BatchItemView, BatchView } from '../domain/batch/batch.js';
import type { BatchListFilter, BatchSummary, ItemFilter } from '../store/batch-views.js';
import type { BatchUseCaseDependencies } from './ports.js';

export interface BatchPage {
  readonly batches: readonly BatchSummary[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export interface ItemPage {
  readonly items: readonly BatchItemView[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

const REPORT_PAGE = 1_000;
/** A page of a caller who may see few of many batches ends here, also if it is not full: the next one continues. */
const MOST_EXAMINED = 5_000;
const EXAMINED_PAGE = 500;

export function batchReading({ batches, views }: Pick<BatchUseCaseDependencies, 'batches' | 'views'>) {
  async function pageWithin(filter: BatchListFilter, limits: Limits): Promise<BatchPage> {
    const ids: string[] = [];
    let { cursor } = filter;
    for (let examined = 0; examined < MOST_EXAMINED; examined += EXAMINED_PAGE) {
      const { state } = filter;
      const page = await views.names({
        ...(state === undefined ? {} : { state }),
        ...(cursor === undefined ? {} : { cursor }),
        limit: EXAMINED_PAGE,
      });
      for (const { id, names } of page) {
        if (!isWithin(limits, namedByBatch(names))) continue;
        ids.push(id);
        if (ids.length === filter.limit) return { batches: await views.listed(ids), nextCursor: id };
      }
      if (page.length < EXAMINED_PAGE) return { batches: await views.listed(ids), nextCursor: null };
      cursor = page.at(-1)?.id ?? cursor;
    }
    return { batches: await views.listed(ids), nextCursor: cursor ?? null };
  }

  return {
    /** Null if the batch does not exist. */
    get: (id: string): Promise<BatchView | null> => views.get(id),

    /**
     * Newest first.
     * @param limits only batches within them. A page may then have fewer batches than its limit, although another one follows.
     */
    async list(filter: BatchListFilter, limits?: Limits): Promise<BatchPage> {
      if (limits !== undefined) return await pageWithin(filter, limits);
      const page = await views.list(filter);
      return { batches: page, nextCursor: page.length === filter.limit ? (page.at(-1)?.id ?? null) : null };
    },

    /** In the order of the file. Null if the batch does not exist. */
    async items(id: string, filter: ItemFilter): Promise<ItemPage | null> {
      if ((await batches.forStart(id)) === null) return null;
      const items = await views.items(id, filter);
      return { items, nextCursor: items.length === filter.limit ? String(items.at(-1)?.item) : null };
    },

    /** All items, page by page. */
    async *itemPages(id: string): AsyncGenerator<readonly BatchItemView[]> {
      for (let after = 0; ; ) {
        const items = await views.items(id, { after, limit: REPORT_PAGE });
        const last = items.at(-1);
        if (last === undefined) return;
        yield items;
        after = last.item;
      }
    },
  };
}
