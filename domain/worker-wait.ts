/** A wait for a worker: no worker polls the task queue on which an import or a batch would continue. */
import { MAIN_QUEUE } from './process-names.js';

export interface WorkerWait {
  readonly queue: string;
  /** Null: a worker of any host can continue. */
  readonly host: string | null;
  readonly since: string;
}

/** A task queue that no worker polls, although something waits on it. */
export interface MissingWorker {
  readonly queue: string;
  readonly host: string | null;
  /** When a worker last polled it; null: never, as far as is known. */
  readonly seenAt: string | null;
}

/** The host whose workers poll a task queue; null: workers of all hosts do. */
export function hostOfQueue(queue: string): string | null {
  const at = queue.indexOf('@');
  return at < 0 ? null : queue.slice(at + 1);
}

/** A name besides the task queues, by which workers report their version: imports that are pinned to it need it. */
export function versionQueue(version: string): string {
  return `${MAIN_QUEUE}${VERSION_MARK}${version}`;
}

const VERSION_MARK = '#';

/** The version that a name of `versionQueue` contains, as DEPLOYMENT:BUILD; null: a task queue. */
export function versionOfQueue(queue: string): string | null {
  const at = queue.indexOf(VERSION_MARK);
  return at < 0 ? null : queue.slice(at + 1);
}

/** `a worker`, `a worker of host web-3` */
export function workerOf(host: string | null): string {
  return host === null ? 'a worker' : `a worker of host ${host}`;
}

/** `waiting for a worker of host web-3 since 2026-11-29T10:02:03.000Z` */
export function waitMessage({ queue, host, since }: WorkerWait): string {
  const version = versionOfQueue(queue);
  return `waiting for ${workerOf(host)}${version === null ? '' : ` of version ${version}`} since ${since}`;
}

/** How to end the wait. */
export function startWorkerRemedy(host: string | null): string {
  const named = host === null ? '' : ` with ECS_IMPORT_WORKER_HOST=${host} on that host`;
  return `Start a worker${named}, with the same DATABASE_URL, TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE as the API: ecs-image-import worker.`;
}
