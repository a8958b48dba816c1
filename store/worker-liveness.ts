/** Which workers poll which task queues: each worker reports every second. Times are those of the database. */
import type pg from 'pg';

/** A worker that has not reported for this long counts as gone. */
export const GONE_AFTER_MS = 5_000;
const IS_ALIVE_SQL = `ended_at is null and seen_at > now() - interval '${GONE_AFTER_MS} milliseconds'`;
const KEEP_DAYS = 30;
const MAX_QUEUES = 200;

export interface PollingWorker {
  /** Of one run of a worker process. */
  readonly workerId: string;
  readonly namespace: string;
  readonly host: string;
  /** The name under which Temporal lists its pollers. */
  readonly identity: string;
}

export interface WorkerLine {
  readonly host: string;
  readonly identity: string;
  readonly alive: boolean;
  readonly startedAt: string;
  readonly seenAt: string;
}

export type WorkerLiveness = ReturnType<typeof createWorkerLiveness>;

export function createWorkerLiveness(pool: pg.Pool) {
  return {
    /** Reports that the worker polls these queues now. */
    async report(worker: PollingWorker, queues: readonly string[]): Promise<void> {
      await pool.query(
        `insert into ecs_image_import.worker_queues (namespace, task_queue, worker_id, host, identity)
         select $1, queue, $3, $4, $5 from unnest($2::text[]) as queue
         on conflict (namespace, task_queue, worker_id) do update set seen_at = now(), ended_at = null`,
        [worker.namespace, queues, worker.workerId, worker.host, worker.identity],
      );
    },

    /** Reports an orderly shutdown, and forgets workers that ended long ago. */
    async leave({ workerId }: PollingWorker): Promise<void> {
      await pool.query('update ecs_image_import.worker_queues set ended_at = now() where worker_id = $1', [workerId]);
      await pool.query(
        `delete from ecs_image_import.worker_queues where seen_at < now() - interval '${KEEP_DAYS} days'`,
      );
    },

    /** The task queues that workers poll, or polled within the last day. */
    async queuesOf(namespace: string): Promise<readonly string[]> {
      const result = await pool.query<{ task_queue: string }>(
        `select distinct task_queue from ecs_image_import.worker_queues
         where namespace = $1 and seen_at > now() - interval '1 day' order by 1 limit ${MAX_QUEUES}`,
        [namespace],
      );
      return result.rows.map((row) => row.task_queue);
    },

    /** The names in Temporal of all workers that have ever polled a queue and reported it. */
    async identitiesOf(namespace: string, queue: string): Promise<ReadonlySet<string>> {
      const result = await pool.query<{ identity: string }>(
        'select distinct identity from ecs_image_import.worker_queues where namespace = $1 and task_queue = $2',
        [namespace, queue],
      );
      return new Set(result.rows.map(({ identity }) => identity));
    },

    /** The workers that poll a queue, and those that did, the latest first. */
    async workersOf(namespace: string, queue: string, limit = 20): Promise<readonly WorkerLine[]> {
      const result = await pool.query<{
        host: string;
        identity: string;
        alive: boolean;
        started_at: Date;
        seen_at: Date;
      }>(
        `select host, identity, started_at, seen_at, ${IS_ALIVE_SQL} as alive from ecs_image_import.worker_queues
         where namespace = $1 and task_queue = $2 order by alive desc, seen_at desc limit $3`,
        [namespace, queue, limit],
      );
      return result.rows.map((row) => ({
        host: row.host,
        identity: row.identity,
        alive: row.alive,
        startedAt: row.started_at.toISOString(),
        seenAt: row.seen_at.toISOString(),
      }));
    },
  };
}

/** True for a row of `worker_queues` whose worker polls now. */
export const WORKER_IS_ALIVE_SQL = IS_ALIVE_SQL;
