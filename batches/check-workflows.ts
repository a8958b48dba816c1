/**
 * Compares the records of batches with their workflows, as imports/check-workflows.ts does for imports. A batch whose workflow
 * was terminated starts no further imports: a new workflow cancels its waiting items, and its running imports finish.
 */
import { isFinalBatch } from '../domain/batch/batch.js';
import { isOther, lostBatch, runsElsewhere } from '../domain/lost-workflow.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import { BATCH_STARTS_WITHIN_MS } from '../imports/cancel.js';
import { CHECK_TIMING, settleEach } from '../imports/check-round.js';
import type { WorkflowStatus } from '../imports/ports.js';
import type { LostItem, Reconciled } from '../imports/reconcile.js';
import type { BatchToCheck } from '../store/batch-checks.js';
import type { BatchToStart } from '../store/batches.js';
import type { CheckTiming } from '../store/workflow-checks.js';
import type { BatchDelivery, BatchUseCaseDependencies } from './ports.js';

const MAX_PER_ROUND = 10;

type Checking = Pick<BatchUseCaseDependencies, 'batches' | 'workflows'>;

export async function checkBatchWorkflows(deps: Checking, timing: CheckTiming = CHECK_TIMING): Promise<void> {
  const due = await deps.batches.claimBatchChecks(timing, MAX_PER_ROUND);
  await settleEach(deps.workflows, due, (item, status, server) => settle(deps, item, status, server));
}

async function settle(
  deps: Checking,
  batch: BatchToCheck,
  status: WorkflowStatus,
  server: TemporalServer,
): Promise<void> {
  if (status.kind === 'unreachable') return;
  if (status.kind === 'running') return deps.batches.batchFound(batch.id, server);
  // The workflow writes the end of the batch before it completes.
  const now = await deps.batches.forStart(batch.id);
  if (now === null || isFinalBatch(now.state) || now.step !== batch.step) return;
  if (status.kind === 'broken' && !isOther(batch.server, server)) {
    // An activity of the old workflow may still claim a page: the new one starts with the last page that was claimed.
    if (Date.now() - status.closedAtMs < deps.workflows.activitiesEndWithinMs) return;
    await endAnew(deps, now, server);
    return;
  }
  if (batch.startedForMs >= BATCH_STARTS_WITHIN_MS && !runsElsewhere(batch, server))
    await deps.batches.batchLost(batch, lostBatch(batch, status, server));
}

/** Starts a workflow that cancels the waiting items; imports that run finish. */
async function endAnew(
  { batches, workflows }: Checking,
  batch: BatchToStart,
  server: TemporalServer,
): Promise<BatchDelivery> {
  const delivery = await workflows.send(batch, { kind: 'cancel', running: 'finish' });
  if (delivery.kind !== 'delivered') return delivery;
  await batches.batchFound(batch.id, server);
  await batches.recordCancel(batch.id);
  return delivery;
}

export async function listLostBatches({ batches, workflows }: Checking): Promise<readonly LostItem[]> {
  const items = (await batches.lostBatches()).map(async ({ id, server, attention }): Promise<readonly LostItem[]> => {
    const status = await workflows.status(id);
    if (attention === null || status.kind === 'unreachable') return [];
    const { code, message } = attention;
    const action = status.kind === 'running' ? 'none' : 'clean-up';
    return [{ kind: 'batch', id, code, message, startedIn: server, action }];
  });
  return (await Promise.all(items)).flat();
}

export async function reconcileBatches(deps: Checking): Promise<Reconciled> {
  const done: string[] = [];
  const left: { id: string; why: string }[] = [];
  for (const batch of await deps.batches.lostBatches()) {
    const status = await deps.workflows.status(batch.id);
    const server = await deps.workflows.server.now();
    if (status.kind === 'unreachable' || server === null) {
      left.push({ id: batch.id, why: 'Temporal cannot be reached' });
      continue;
    }
    if (runsElsewhere(batch, server)) {
      left.push({ id: batch.id, why: 'another process has just seen its workflow running on another server' });
      continue;
    }
    if (status.kind === 'running') await deps.batches.batchFound(batch.id, server);
    else {
      const delivery = await endAnew(deps, batch, server);
      if (delivery.kind === 'unreachable') {
        left.push({ id: batch.id, why: `Temporal cannot be reached: ${delivery.reason}` });
        continue;
      }
    }
    done.push(batch.id);
  }
  return { done, left };
}
