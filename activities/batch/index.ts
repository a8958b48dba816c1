/** All activities of a batch, bound to their dependencies. */
import { createFirstCheck } from './check-first.js';
import type { BatchDependencies } from './dependencies.js';
import { createNextPage } from './next-page.js';
import { createImportSignals } from './signal-imports.js';
import { createStartClaimed } from './start-claimed.js';

export type BatchActivities = ReturnType<typeof createBatchActivities>;
export type PageWaiters = ReturnType<typeof createPageWaiters>;

export function createBatchActivities(deps: BatchDependencies) {
  return {
    noteBatch: deps.batches.write,
    dropWaiting: deps.batches.dropWaiting,
    ...createImportSignals(deps),
  };
}

/** On a separate task queue: `nextPage` waits for as long as the batch runs. */
export function createPageWaiters(deps: BatchDependencies) {
  return {
    nextPage: createNextPage({ ...deps, checkFirst: createFirstCheck(deps) }),
    startClaimed: createStartClaimed(deps),
  };
}
