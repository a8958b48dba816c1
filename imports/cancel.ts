/**
 * Cancels an import. The workflow is signalled before the cancel is recorded, so that a recorded cancel always takes effect.
 * An import whose workflow was terminated is cleaned up by a new one.
 */
import { type FinalState, isFinal } from '../domain/import.js';
import type { CancelSignal } from '../domain/process-names.js';
import type { ImportStanding } from '../store/decisions.js';
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
  | { readonly kind: 'unreachable'; readonly reason: string };

/** A batch starts the workflows of a page within this time; ms. */
const BATCH_STARTS_WITHIN_MS = 60_000;
const STEP_SIZE = 1_000_000;
/** Steps of the terminated workflow that may still write to the record. */
const STEPS_KEPT_FREE = 1_000;

export interface CancelSettings {
  /** Additional fields of the event `cancel requested`. */
  readonly note?: Readonly<Record<string, unknown>>;
  /**
   * What to do if this namespace does not know the workflow. `start` starts a workflow that is already cancelled. Only for
   * callers that know that the namespace is that of the import. Default: `refuse`.
   */
  readonly unknownWorkflow?: 'refuse' | 'start';
}

export async function cancelImport(
  deps: ImportDependencies,
  importId: string,
  signal: CancelSignal,
  settings: CancelSettings = {},
): Promise<CancelOutcome> {
  const { store } = deps;
  const before = await store.standing(importId);
  if (before === null) return { kind: 'unknownImport' };
  if (isFinal(before.state)) return { kind: 'ended', state: before.state };
  await store.note(importId, 'cancel requested', { keepImage: signal.keepImage, ...settings.note });
  const delivery = before.workflowStarted
    ? await deps.workflows.cancel(importId, signal)
    : await startCancelled(deps, before, signal);
  if (delivery.kind === 'unreachable') return delivery;
  if (delivery.kind === 'notRunning') {
    const refusal = await reconcile(deps, before, signal, settings);
    if (refusal !== null) return refusal;
  }
  if (await store.recordCancel(importId, before.attentionVersion)) return { kind: 'cancelling' };
  // The import ended meanwhile: because of this cancel, or before it took effect.
  const now = await store.standing(importId);
  if (now === null || !isFinal(now.state) || now.state === 'cancelled') return { kind: 'cancelling' };
  return { kind: 'ended', state: now.state };
}

/** Starts the workflow with the cancel: Temporal could not be reached when the import was accepted. */
async function startCancelled(
  deps: ImportDependencies,
  { id, request, fileQueue }: ImportStanding,
  signal: CancelSignal,
): Promise<Delivery> {
  const start = { importId: id, request, fileQueue };
  const delivery = await deps.workflows.startCancelled(start, signal, 'nothing', 0);
  if (delivery.kind !== 'unreachable') await deps.store.markStarted(id);
  return delivery;
}

/**
 * Handles a workflow that does not run. If it was terminated or failed in this namespace, a new workflow cleans up. It starts
 * when no activity of the old one runs, with versions above those that the old one may still write. If this namespace does
 * not know the workflow, nothing is concluded from that.
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
  if (isFinal(now.state)) return { kind: 'ended', state: now.state };
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
      const firstStep = Math.floor(now.version / STEP_SIZE) + STEPS_KEPT_FREE;
      const start = { importId: before.id, request: null, fileQueue: now.fileQueue, firstStep };
      const delayMs = Math.max(0, workflow.closedAtMs + workflows.activitiesEndWithinMs - clock.now());
      const delivery = await workflows.startCancelled(start, signal, 'broken', delayMs);
      if (delivery.kind === 'unreachable') return delivery;
      if (delivery.kind === 'notRunning') return { kind: 'workflowCompleted', namespace };
      await store.note(before.id, `workflow ${workflow.how} in Temporal: a new one cleans up`, { delayMs });
      return null;
    }
  }
}
