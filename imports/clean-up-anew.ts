/** Starts a new workflow that only cleans up an import whose workflow ended without an end of its own. */
import type { CancelSignal } from '../domain/process-names.js';
import type { ImportStanding } from '../store/decisions.js';
import type { Delivery, ImportDependencies } from './ports.js';

const STEP_SIZE = 1_000_000;
/** Steps of the earlier workflow that may still write to the record. */
const STEPS_KEPT_FREE = 1_000;

/** How the earlier workflow ended. */
export interface BrokenWorkflow {
  /** For the event, e.g. `terminated`. */
  readonly how: string;
  readonly closedAtMs: number;
}

/**
 * The new workflow starts when no activity of the old one runs, with versions above those that the old one may still write.
 * `notRunning`: the old workflow has completed.
 */
export async function startCleanUp(
  { store, workflows, clock }: ImportDependencies,
  { id, version, fileQueue }: ImportStanding,
  signal: CancelSignal,
  { how, closedAtMs }: BrokenWorkflow,
): Promise<Delivery> {
  const firstStep = Math.floor(version / STEP_SIZE) + STEPS_KEPT_FREE;
  const start = { importId: id, request: null, fileQueue, firstStep };
  const delayMs = Math.max(0, closedAtMs + workflows.activitiesEndWithinMs - clock.now());
  const delivery = await workflows.startCancelled(start, signal, 'broken', delayMs);
  if (delivery.kind !== 'delivered') return delivery;
  const server = await workflows.server.lately();
  if (server !== null) await store.workflowFound(id, server);
  await store.note(id, `workflow ${how} in Temporal: a new one cleans up`, { delayMs });
  return delivery;
}
