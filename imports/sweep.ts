/** Completes what a process that died, or an absent Temporal, left undone: workflows to start, resumes to deliver. */
import type { ImportDependencies } from './ports.js';
import { deliverClaims } from './resume.js';
import { startWorkflow } from './start.js';

const SWEEP_EVERY_MS = 2_000;
/** What is younger is under way in the process that accepted it. */
const LEFT_ALONE_MS = 3_000;
const SWEEP_PAGE = 200;

export interface SweepLog {
  warn(attributes: object, message: string): void;
}

export async function sweepImports(
  deps: ImportDependencies,
  log: SweepLog,
  leftAloneMs = LEFT_ALONE_MS,
): Promise<void> {
  for (const accepted of await deps.store.toStart(leftAloneMs, SWEEP_PAGE)) {
    const delivery = await startWorkflow(deps, accepted);
    if (delivery.kind !== 'unreachable') continue;
    log.warn({ importId: accepted.id, reason: delivery.reason }, 'workflow not started yet');
    return;
  }
  await deliverClaims(deps, leftAloneMs, SWEEP_PAGE);
}

/** Sweeps until the returned function is called. */
export function keepSweepingImports(deps: ImportDependencies, log: SweepLog): () => void {
  return repeat(SWEEP_EVERY_MS, () =>
    sweepImports(deps, log).catch((error: unknown) => log.warn({ error: String(error) }, 'sweep of imports failed')),
  );
}

/** Runs `work` again and again, with `everyMs` after each run. */
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
