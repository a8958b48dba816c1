/**
 * Shows imports and batches that no worker continues. A workflow cannot report this itself, because it needs a worker. The
 * sweep of the API records the wait, and stops it for attention after a limit.
 */
import { type MissingWorker, startWorkerRemedy } from '../domain/worker-wait.js';
import type { ImportStore } from '../store/imports.js';
import { WORKER_MISSING } from '../store/worker-waits.js';
import type { Clock } from './ports.js';
import { repeat, type SweepLog } from './sweep.js';

const SWEEP_EVERY_MS = 1_000;

export interface WorkerWatchDependencies {
  readonly store: Pick<
    ImportStore,
    'missingWorkers' | 'recordWorkerWaits' | 'stopLongWaits' | 'recordBatchWaits' | 'endBatchWaits'
  >;
  readonly clock: Clock;
  readonly namespace: string;
  /** True if Temporal lists a poller of the queue that reports to no database, such as a worker of an embedding program. */
  readonly hasOtherPollers: (queue: string) => Promise<boolean>;
  /** How long imports wait for a worker before they stop for attention; ms. */
  readonly limitMs: number;
}

export async function watchWorkers(deps: WorkerWatchDependencies): Promise<void> {
  const { store, clock, limitMs } = deps;
  const missing: MissingWorker[] = [];
  for (const one of await store.missingWorkers(deps.namespace)) {
    if (!(await deps.hasOtherPollers(one.queue))) missing.push(one);
  }
  await store.recordWorkerWaits(missing);
  for (const { queue, host, seenAt } of missing) {
    await store.stopLongWaits(queue, limitMs, {
      code: WORKER_MISSING,
      message: `no worker${host === null ? '' : ` of host ${host}`} polls task queue ${queue}${lastSeen(seenAt)}`,
      remedy: `${startWorkerRemedy(host)} The import then continues without a resume.`,
      since: new Date(clock.now()).toISOString(),
    });
  }
  const forAll = missing.find(({ host }) => host === null);
  if (forAll === undefined) return await store.endBatchWaits();
  const hold = {
    code: 'Batch.NoWorker',
    message: `no worker runs the batch${lastSeen(forAll.seenAt)}`,
    remedy: `${startWorkerRemedy(null)} The batch then continues without a resume.`,
  } as const;
  await store.recordBatchWaits(hold, forAll, limitMs);
}

function lastSeen(seenAt: string | null): string {
  return seenAt === null ? '' : ` (the last one stopped at ${seenAt})`;
}

/** Sweeps until the returned function is called. */
export function keepWatchingWorkers(deps: WorkerWatchDependencies, log: SweepLog): () => void {
  return repeat(SWEEP_EVERY_MS, () =>
    watchWorkers(deps).catch((error: unknown) => log.warn({ error: String(error) }, 'check for workers failed')),
  );
}
