/** Reads batches and their items. */
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

export function batchReading({ batches, views }: Pick<BatchUseCaseDependencies, 'batches' | 'views'>) {
  return {
    /** Null if the batch does not exist. */
    get: (id: string): Promise<BatchView | null> => views.get(id),

    /** Newest first. */
    async list(filter: BatchListFilter): Promise<BatchPage> {
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
