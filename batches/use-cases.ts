/** All operations on batches, for the API and for programs that embed the service. */
import type { BatchCancelSignal } from '../domain/batch/names.js';
import type { Requester } from '../domain/import-facts.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import { RECENT_CHECK } from '../imports/reconcile.js';
import { createSharedReads } from '../imports/shared-reads.js';
import type { BatchSeries } from '../store/batch-series.js';
import { listLostBatches, reconcileBatches } from './check-workflows.js';
import { batchCreation } from './create.js';
import type { BatchUseCaseDependencies } from './ports.js';
import { batchReading } from './read.js';
import { type BatchRetryOrder, retryBatch } from './retry.js';
import { cancelBatch, changeBatchPolicy, pauseBatch, resumeBatch, resumeBatchImports } from './steer.js';

export type BatchUseCases = ReturnType<typeof createBatchUseCases>;

export function createBatchUseCases(deps: BatchUseCaseDependencies) {
  const series = createSharedReads<BatchSeries | null>();
  return {
    ...batchReading(deps),
    ...batchCreation(deps),
    /** Null: the batch does not exist. @param steps how many points the series has at most */
    series: (id: string, steps: number) => series(`${id} ${steps}`, () => deps.series.series(id, steps)),
    listLost: () => listLostBatches(deps),
    countUnchecked: (server: TemporalServer) => deps.batches.uncheckedBatches(server, RECENT_CHECK),
    reconcileLost: () => reconcileBatches(deps),
    pause: (id: string) => pauseBatch(deps, id),
    resume: (id: string) => resumeBatch(deps, id),
    resumeImports: (id: string, cause: string | null, set: Readonly<Record<string, unknown>>, by?: Requester) =>
      resumeBatchImports(deps, id, { cause, set, ...(by === undefined ? {} : { by }) }),
    /** @param running whether running imports are cancelled or finish */
    cancel: (id: string, running: BatchCancelSignal['running'], by?: Requester) =>
      cancelBatch(deps, id, { running, ...(by === undefined ? {} : { by }) }),
    retry: (id: string, order: BatchRetryOrder) => retryBatch(deps, id, order),
    changePolicy: (id: string, change: unknown) => changeBatchPolicy(deps, id, change),
  };
}
