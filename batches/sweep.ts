/** Starts the workflows of batches whose process died, or for which Temporal was away, before they were started. */
import { repeat, type SweepLog } from '../imports/sweep.js';
import type { BatchToStart } from '../store/batches.js';
import type { BatchDelivery, BatchUseCaseDependencies } from './ports.js';

const SWEEP_EVERY_MS = 2_000;
/** What is younger is under way in the process that accepted it. */
const LEFT_ALONE_MS = 3_000;
const SWEEP_PAGE = 50;

type Starting = Pick<BatchUseCaseDependencies, 'batches' | 'workflows'>;

export async function startBatchWorkflow(deps: Starting, batch: BatchToStart): Promise<BatchDelivery> {
  const delivery = await deps.workflows.start(batch);
  if (delivery.kind === 'delivered') await deps.batches.markStarted(batch.id);
  return delivery;
}

export async function sweepBatches(deps: Starting, log: SweepLog): Promise<void> {
  for (const batch of await deps.batches.toStart(LEFT_ALONE_MS, SWEEP_PAGE)) {
    const delivery = await startBatchWorkflow(deps, batch);
    if (delivery.kind !== 'unreachable') continue;
    log.warn({ batchId: batch.id, reason: delivery.reason }, 'batch not started yet');
    return;
  }
}

/** Sweeps until the returned function is called. */
export function keepSweepingBatches(deps: Starting, log: SweepLog): () => void {
  return repeat(SWEEP_EVERY_MS, () =>
    sweepBatches(deps, log).catch((error: unknown) => log.warn({ error: String(error) }, 'sweep of batches failed')),
  );
}
