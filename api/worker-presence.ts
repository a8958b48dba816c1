/** Checks that a worker polls a task queue: from its reports, else from the pollers that Temporal lists. */
import type { Client } from '@temporalio/client';
import { MAIN_QUEUE } from '../domain/process-names.js';
import { startWorkerRemedy, workerOf } from '../domain/worker-wait.js';
import { pollersOf } from '../imports/task-queue-pollers.js';
import { GONE_AFTER_MS, type WorkerLine, type WorkerLiveness } from '../store/worker-liveness.js';
import { type ProblemError, problem } from './problems.js';

/** Shorter than the time limit of a check: without Temporal, the reports of the workers decide. */
const POLLERS_WITHIN_MS = 1_000;

export interface WorkerSources {
  readonly client: Client;
  readonly liveness: Pick<WorkerLiveness, 'workersOf' | 'identitiesOf'>;
}

export interface WorkerPresence {
  readonly present: boolean;
  /** `2 workers: web-1, web-2`, or what is missing. */
  readonly message: string;
  /** Those that report. */
  readonly workers: readonly WorkerLine[];
}

export async function workerPresence(
  { client, liveness }: WorkerSources,
  queue: string = MAIN_QUEUE,
): Promise<WorkerPresence> {
  const { namespace } = client.options;
  const workers = await liveness.workersOf(namespace, queue);
  // Null: Temporal cannot be reached, which its own check reports.
  const pollers = await pollersOf(client, queue, POLLERS_WITHIN_MS).catch(() => null);
  const alive = workers.filter((worker) => worker.alive);
  if (alive.length > 0 && pollers?.length === 0) {
    const message = `${describe(alive)} but none polls task queue ${queue} in namespace ${namespace}: check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE of workers and API`;
    return { present: false, message, workers };
  }
  if (alive.length > 0) return { present: true, message: describe(alive), workers };
  const known = await liveness.identitiesOf(namespace, queue);
  const others = (pollers ?? []).filter((identity) => !known.has(identity));
  if (others.length > 0) return { present: true, message: `polled by ${others.join(', ')}`, workers };
  const last = workers[0];
  const since = last === undefined ? '' : `; the last one, on host ${last.host}, stopped at ${last.seenAt}`;
  return { present: false, message: `no worker polls task queue ${queue}${since}`, workers };
}

function describe(alive: readonly WorkerLine[]): string {
  const hosts = [...new Set(alive.map(({ host }) => host))].sort();
  return `${alive.length} ${alive.length === 1 ? 'worker' : 'workers'}: ${hosts.join(', ')}`;
}

/**
 * Runs `work`, which a worker of the queue must do. Throws a 503 problem if no worker polls the queue, also when the last
 * one stops in between.
 */
export async function withWorker<T>(
  sources: WorkerSources,
  { queue, host }: { readonly queue: string; readonly host: string | null },
  work: () => Promise<T>,
): Promise<T> {
  const check = async () => {
    const { present, message } = await workerPresence(sources, queue);
    if (!present) throw noWorker(message, host);
  };
  await check();
  let timer: NodeJS.Timeout | undefined;
  const gone = new Promise<never>((_, reject) => {
    let misses = 0;
    const again = async () => {
      // A single miss may be a short outage of Temporal or the database, which `work` survives.
      misses = await check().then(
        () => 0,
        (error: unknown) => {
          if (misses + 1 >= MISSES) reject(error);
          return misses + 1;
        },
      );
      if (misses < MISSES) timer = setTimeout(() => void again(), GONE_AFTER_MS / MISSES);
    };
    timer = setTimeout(() => void again(), GONE_AFTER_MS);
  });
  // Unhandled if `work` ends first.
  gone.catch(() => undefined);
  try {
    return await Promise.race([work(), gone]);
  } finally {
    clearTimeout(timer);
  }
}

const MISSES = 2;

function noWorker(message: string, host: string | null): ProblemError {
  return problem('noWorker', `${workerOf(host)} is required, but ${message}`, startWorkerRemedy(host));
}
