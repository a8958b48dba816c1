/**
 * Compares the records of imports with their workflows. A new workflow cleans up an import whose workflow was terminated on the
 * server on which it was started, or on the connected one if the record names none. Of any other import without a workflow,
 * nothing is concluded: the address may be wrong, or the server empty or restored. It stops for attention, and `reconcile`
 * decides.
 */
import { isFinal } from '../domain/import.js';
import { isOther, lostImport, runsElsewhere } from '../domain/lost-workflow.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import type { CheckTiming, WorkflowToCheck } from '../store/workflow-checks.js';
import { BATCH_STARTS_WITHIN_MS } from './cancel.js';
import { CHECK_TIMING, settleEach } from './check-round.js';
import { startCleanUp } from './clean-up-anew.js';
import type { ImportDependencies, WorkflowStatus } from './ports.js';

/** Bounds the calls of a round. */
const MAX_PER_ROUND = 20;

export async function checkWorkflows(deps: ImportDependencies, timing: CheckTiming = CHECK_TIMING): Promise<void> {
  const due = await deps.store.claimWorkflowChecks(timing, MAX_PER_ROUND);
  await settleEach(deps.workflows, due, (item, status, server) => settle(deps, item, status, server));
}

async function settle(
  deps: ImportDependencies,
  item: WorkflowToCheck,
  status: WorkflowStatus,
  server: TemporalServer,
): Promise<void> {
  const { store } = deps;
  if (status.kind === 'unreachable') return;
  if (status.kind === 'running') {
    await store.workflowFound(item.id, server, status.pinnedTo ?? null);
    return;
  }
  // A workflow writes its result to the record before it completes.
  const now = await store.standing(item.id);
  if (now === null || isFinal(now.state) || now.version !== item.version) return;
  if (status.kind === 'broken' && !isOther(item.server, server)) {
    const delivery = await startCleanUp(deps, now, { keepImage: false }, status);
    if (delivery.kind === 'delivered') await store.recordCancel(now.id, now.attentionVersion, null);
    return;
  }
  if (item.startedForMs < BATCH_STARTS_WITHIN_MS || runsElsewhere(item, server)) return;
  await store.workflowLost(item, lostImport(item, status, server, deps.clock.now()));
}

/** Checks one import that stopped because its workflow was not found. If it runs, restores what the record showed before. */
export async function isFoundAgain({ store, workflows }: ImportDependencies, importId: string): Promise<boolean> {
  const status = await workflows.status(importId);
  const server = await workflows.server.now();
  if (status.kind !== 'running' || server === null) return false;
  await store.workflowFound(importId, server);
  return true;
}
