/**
 * Starts the workflows of batches that were not started because a process died or Temporal could not be reached, and removes
 * batches whose files no process receives any more. Compares the records with the workflows, and keeps the results of batches
 * that have ended.
 */
import { repeat, type SweepLog } from '../imports/sweep.js';
import type { BatchToStart } from '../store/batches.js';
import { checkBatchWorkflows } from './check-workflows.js';
import type { BatchDelivery, BatchUseCaseDependencies } from './ports.js';

const SWEEP_EVERY_MS = 2_000;
/** A younger batch may still be started by the process that accepted it. */
const MIN_AGE_MS = 3_000;
const SWEEP_PAGE = 50;
/** The result of a batch of 100,000 items takes a second. */
const RESULTS_PER_SWEEP = 5;

type Starting = Pick<BatchUseCaseDependencies, 'batches' | 'workflows'>;

export async function startBatchWorkflow(deps: Starting, batch: BatchToStart): Promise<BatchDelivery> {
  const delivery = await deps.workflows.start(batch);
  if (delivery.kind === 'delivered') await deps.batches.markStarted(batch.id, await deps.workflows.server.lately());
  return delivery;
}

type Sweeping = Starting & { readonly views: Pick<BatchUseCaseDependencies['views'], 'keepResults'> };

export async function sweepBatches(deps: Sweeping, log: SweepLog): Promise<void> {
  await deps.batches.removeGoneArrivals();
  for (const batch of await deps.batches.toStart(MIN_AGE_MS, SWEEP_PAGE)) {
    const delivery = await startBatchWorkflow(deps, batch);
    if (delivery.kind !== 'unreachable') continue;
    log.warn({ batchId: batch.id, reason: delivery.reason }, 'batch not started yet');
    return;
  }
  await checkBatchWorkflows(deps);
  await deps.views.keepResults(RESULTS_PER_SWEEP);
}

/** Sweeps until the returned function is called. */
export function keepSweepingBatches(deps: Sweeping, log: SweepLog): () => void {
  return repeat(SWEEP_EVERY_MS, () =>
    sweepBatches(deps, log).catch((error: unknown) => log.warn({ error: String(error) }, 'sweep of batches failed')),
  );
}
