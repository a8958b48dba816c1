/** All activities of a batch, bound to what they work with. */
import type { BatchDependencies } from './dependencies.js';
import { createNextPage } from './next-page.js';
import { createImportSignals } from './signal-imports.js';

export type BatchActivities = ReturnType<typeof createBatchActivities>;
export type PageWaiters = ReturnType<typeof createPageWaiters>;

export function createBatchActivities(deps: BatchDependencies) {
  return {
    noteBatch: deps.batches.write,
    dropWaiting: deps.batches.dropWaiting,
    ...createImportSignals(deps),
  };
}

/** On a queue of its own: it waits for as long as the batch takes. */
export function createPageWaiters(deps: BatchDependencies) {
  return { nextPage: createNextPage(deps) };
}
