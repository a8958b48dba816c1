/**
 * Starts workflows and delivers resumes and cancels that a dead process or an outage of Temporal left pending, compares the
 * records with the workflows, and starts the late checks of ended imports that are due.
 */
import { deliverCancels } from './cancel.js';
import { checkWorkflows } from './check-workflows.js';
import type { ImportDependencies } from './ports.js';
import { deliverClaims } from './resume.js';
import { startWorkflow } from './start.js';

const SWEEP_EVERY_MS = 2_000;
/** Younger ones may still be handled by the process that accepted them. */
const MIN_AGE_MS = 3_000;
const SWEEP_PAGE = 200;

export interface SweepLog {
  warn(attributes: object, message: string): void;
}

export async function sweepImports(deps: ImportDependencies, log: SweepLog, minAgeMs = MIN_AGE_MS): Promise<void> {
  for (const accepted of await deps.store.toStart(minAgeMs, SWEEP_PAGE)) {
    const delivery = await startWorkflow(deps, accepted);
    if (delivery.kind !== 'unreachable') continue;
    log.warn({ importId: accepted.id, reason: delivery.reason }, 'workflow not started yet');
    return;
  }
  await deliverClaims(deps, minAgeMs, SWEEP_PAGE);
  await deliverCancels(deps, SWEEP_PAGE);
  await checkWorkflows(deps);
  if (await deps.store.isLateCheckDue()) await startLateChecks(deps, log);
}

async function startLateChecks({ workflows }: ImportDependencies, log: SweepLog): Promise<void> {
  const delivery = await workflows.startLateChecks();
  if (delivery.kind === 'unreachable') log.warn({ reason: delivery.reason }, 'late checks not started yet');
}

/** Sweeps until the returned function is called. */
export function keepSweepingImports(deps: ImportDependencies, log: SweepLog): () => void {
  return repeat(SWEEP_EVERY_MS, () =>
    sweepImports(deps, log).catch((error: unknown) => log.warn({ error: String(error) }, 'sweep of imports failed')),
  );
}

/** Runs `work` repeatedly, with a pause of `everyMs` after each run. */
export function repeat(everyMs: number, work: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const run = async () => {
    await work();
    if (!stopped) timer = setTimeout(() => void run(), everyMs);
  };
  void run();
  return () => {
    stopped = true;
    if (timer !== null) clearTimeout(timer);
  };
}
