/**
 * Shows imports and batches that no worker continues. A workflow cannot report this itself, because it needs a worker. The
 * sweep of the API records the wait, and stops it for attention after a limit.
 */
import type { Attention } from '../domain/import.js';
import { type MissingWorker, startWorkerRemedy, versionOfQueue } from '../domain/worker-wait.js';
import type { ImportStore } from '../store/imports.js';
import { VERSION_MISSING, WORKER_MISSING } from '../store/worker-waits.js';
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
    const version = versionOfQueue(queue);
    if (version !== null) {
      await store.stopLongWaits(queue, limitMs, versionMissing(version, seenAt, clock.now()));
      continue;
    }
    await store.stopLongWaits(queue, limitMs, {
      code: WORKER_MISSING,
      message: `no worker${host === null ? '' : ` of host ${host}`} polls task queue ${queue}${lastSeen(seenAt)}`,
      remedy: `${startWorkerRemedy(host)} The import then continues without a resume.`,
      since: new Date(clock.now()).toISOString(),
    });
  }
  const forAll = missing.find(({ queue, host }) => host === null && versionOfQueue(queue) === null);
  if (forAll === undefined) return await store.endBatchWaits();
  const hold = {
    code: 'Batch.NoWorker',
    message: `no worker runs the batch${lastSeen(forAll.seenAt)}`,
    remedy: `${startWorkerRemedy(null)} The batch then continues without a resume.`,
  } as const;
  await store.recordBatchWaits(hold, forAll, limitMs);
}

/** The remedy names no import: the stop is written to all that wait for this version. */
function versionMissing(version: string, seenAt: string | null, nowMs: number): Attention {
  const [, buildId = version] = version.split(':');
  const query = `TemporalWorkerDeploymentVersion="${version}" AND ExecutionStatus="Running"`;
  return {
    code: VERSION_MISSING,
    message: `the import is pinned to version ${version} of the worker, and no worker of this version runs${lastSeen(seenAt)}`,
    remedy: `Start a worker of version ${buildId}, or move all its imports to the current version: temporal workflow update-options --query '${query}' --versioning-override-behavior auto_upgrade --yes (one import: --workflow-id import/ID instead of --query). The import then continues without a resume.`,
    since: new Date(nowMs).toISOString(),
  };
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
