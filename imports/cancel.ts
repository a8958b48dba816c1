/**
 * Cancels an import. The workflow is signalled before the cancel is recorded, so that a recorded cancel takes effect. If
 * Temporal cannot be reached, the cancel is recorded all the same, and the sweep delivers it. An import whose workflow was
 * terminated is cleaned up by a new one.
 */
import { type FinalState, isFinal } from '../domain/import.js';
import type { CancelSignal } from '../domain/process-names.js';
import type { ImportStanding } from '../store/decisions.js';
import { startCleanUp } from './clean-up-anew.js';
import type { Delivery, ImportDependencies, WorkflowStatus } from './ports.js';

export type CancelOutcome =
  | { readonly kind: 'cancelling' }
  | { readonly kind: 'unknownImport' }
  | { readonly kind: 'ended'; readonly state: FinalState }
  /** Recorded just now, by its batch, which starts its workflow next. */
  | { readonly kind: 'starting' }
  /** This namespace has no workflow of the import: a wrong address or namespace, or a lost database. */
  | { readonly kind: 'workflowUnknown'; readonly namespace: string }
  /** The workflow completed, and the record does not show its end: one of both is from a backup. */
  | { readonly kind: 'workflowCompleted'; readonly namespace: string }
  /** Only with `unknownWorkflow: 'start'`. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** A batch starts the workflows of a page within this time; ms. */
export const BATCH_STARTS_WITHIN_MS = 60_000;

export interface CancelSettings {
  /** Additional fields of the event `cancel requested`. */
  readonly note?: Readonly<Record<string, unknown>>;
  /**
   * What to do if this namespace does not know the workflow. `start` starts a workflow that is already cancelled. Only for
   * callers that know that the namespace is that of the import, and that repeat the call if Temporal cannot be reached.
   * Default: `refuse`.
   */
  readonly unknownWorkflow?: 'refuse' | 'start';
  /** When the cancel was requested, ms since 1970. A request can wait while an equal one ends the import. Default: now. */
  readonly askedAtMs?: number;
}

export async function cancelImport(
  deps: ImportDependencies,
  importId: string,
  signal: CancelSignal,
  settings: CancelSettings = {},
): Promise<CancelOutcome> {
  const { askedAtMs = deps.clock.now() } = settings;
  const before = await deps.store.standing(importId);
  if (before === null) return { kind: 'unknownImport' };
  if (isFinal(before.state)) {
    // An equal cancel came first, while this one was on its way.
    const endedSince = before.state === 'cancelled' && Date.parse(before.updatedAt) >= askedAtMs;
    return endedSince ? { kind: 'cancelling' } : { kind: 'ended', state: before.state };
  }
  await deps.store.note(importId, 'cancel requested', { keepImage: signal.keepImage, ...settings.note });
  const outcome = await deliver(deps, before, signal, settings);
  if (outcome.kind !== 'unreachable' || settings.unknownWorkflow === 'start') return outcome;
  return recorded(deps, before, signal);
}

/** Delivers the cancels that were recorded while Temporal could not be reached. */
export async function deliverCancels(deps: ImportDependencies, limit: number): Promise<void> {
  for (const { importId, signal } of await deps.store.cancelsToDeliver(limit)) {
    const now = await deps.store.standing(importId);
    if (now === null || isFinal(now.state)) {
      await deps.store.settleCancel(importId);
      continue;
    }
    const outcome = await deliver(deps, now, signal, {});
    if (outcome.kind === 'unreachable') return;
  }
}

async function deliver(
  deps: ImportDependencies,
  before: ImportStanding,
  signal: CancelSignal,
  settings: CancelSettings,
): Promise<CancelOutcome> {
  const delivery = before.workflowStarted
    ? await deps.workflows.cancel(before.id, signal)
    : await startCancelled(deps, before, signal);
  if (delivery.kind === 'unreachable') return delivery;
  if (delivery.kind === 'notRunning') {
    const refusal = await reconcile(deps, before, signal, settings);
    if (refusal !== null) return refusal;
  }
  return recorded(deps, before, null);
}

/** @param undelivered the cancel, if the workflow has not received it */
async function recorded(
  { store }: ImportDependencies,
  { id, attentionVersion }: ImportStanding,
  undelivered: CancelSignal | null,
): Promise<CancelOutcome> {
  if (await store.recordCancel(id, attentionVersion, undelivered)) return { kind: 'cancelling' };
  const now = await store.standing(id);
  return now === null ? { kind: 'unknownImport' } : endedMeanwhile(now);
}

/** The import was cancelled by this or an equal cancel, or it ended before any took effect. */
function endedMeanwhile({ state }: ImportStanding): CancelOutcome {
  return isFinal(state) && state !== 'cancelled' ? { kind: 'ended', state } : { kind: 'cancelling' };
}

/** Starts the workflow with the cancel: Temporal could not be reached when the import was accepted. */
async function startCancelled(
  deps: ImportDependencies,
  { id, request, fileQueue }: ImportStanding,
  signal: CancelSignal,
): Promise<Delivery> {
  const start = { importId: id, request, fileQueue };
  const delivery = await deps.workflows.startCancelled(start, signal, 'nothing', 0);
  if (delivery.kind !== 'unreachable') await deps.store.markStarted(id, await deps.workflows.server.lately());
  return delivery;
}

/**
 * Handles a workflow that does not run. If it was terminated or failed in this namespace, a new workflow cleans up. If this
 * namespace does not know the workflow, nothing is concluded from that.
 * @returns null if the cancel can be recorded
 */
async function reconcile(
  deps: ImportDependencies,
  before: ImportStanding,
  signal: CancelSignal,
  { unknownWorkflow = 'refuse' }: CancelSettings,
): Promise<CancelOutcome | null> {
  const { store, workflows, clock } = deps;
  const { namespace } = workflows;
  // Read before the record: a workflow writes its result to the record before it completes.
  const workflow: WorkflowStatus = await workflows.status(before.id);
  const now = await store.standing(before.id);
  if (now === null) return { kind: 'unknownImport' };
  if (isFinal(now.state)) return endedMeanwhile(now);
  switch (workflow.kind) {
    case 'unreachable':
      return workflow;
    case 'completed':
      return { kind: 'workflowCompleted', namespace };
    case 'unknown': {
      if (unknownWorkflow === 'start') {
        const delivery = await startCancelled(deps, now, signal);
        return delivery.kind === 'unreachable' ? delivery : null;
      }
      const isNew = clock.now() - Date.parse(now.createdAt) < BATCH_STARTS_WITHIN_MS;
      return isNew ? { kind: 'starting' } : { kind: 'workflowUnknown', namespace };
    }
    case 'running': {
      // Another cancel has started it meanwhile.
      const again = await workflows.cancel(before.id, signal);
      if (again.kind === 'delivered') return null;
      return again.kind === 'unreachable' ? again : { kind: 'starting' };
    }
    case 'broken': {
      const delivery = await startCleanUp(deps, now, signal, workflow);
      if (delivery.kind === 'unreachable') return delivery;
      return delivery.kind === 'notRunning' ? { kind: 'workflowCompleted', namespace } : null;
    }
  }
}
