/** The worker: several task queues in one process, so that waiting never keeps work from running, nor long work short. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { BatchDependencies } from '../activities/batch/dependencies.js';
import { createBatchActivities, createPageWaiters } from '../activities/batch/index.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import { createActivities } from '../activities/index.js';
import { fileQueue, MAIN_QUEUE, POLL_QUEUE, uploadQueue, WATCH_QUEUE } from '../domain/process-names.js';
import type { WorkerConfig } from './config.js';

/** Cancellation travels with heartbeats; this is the longest that one is held back. */
const MAX_HEARTBEAT_THROTTLE = '1s';

export interface ImportWorkers {
  /** Resolves when all queues are drained after `shutdown`, rejects when one of them breaks. */
  run(): Promise<void>;
  shutdown(): void;
}

export async function createImportWorkers(
  config: WorkerConfig,
  connection: NativeConnection,
  deps: ActivityDependencies & BatchDependencies,
): Promise<ImportWorkers> {
  const activities = createActivities(deps);
  const files = fileQueue(config.ECS_IMPORT_WORKER_HOST);
  const common = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    maxHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE,
    defaultHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE,
    shutdownGraceTime: 0,
    shutdownForceTime: config.ECS_IMPORT_SHUTDOWN_MS,
  } as const;
  const workers = await Promise.all([
    Worker.create({
      ...common,
      ...workflowCode(),
      taskQueue: MAIN_QUEUE,
      // So long a workflow waits for the worker that had it in memory, when that one died.
      stickyQueueScheduleToStartTimeout: '5s',
      activities: { ...activities, ...createBatchActivities(deps) },
      maxConcurrentActivityTaskExecutions: config.ECS_IMPORT_MAX_ACTIVITIES,
    }),
    Worker.create({
      ...common,
      taskQueue: files,
      activities: { preflight: activities.preflight, inspectFile: activities.inspectFile },
      maxConcurrentActivityTaskExecutions: config.ECS_IMPORT_MAX_PREFLIGHTS,
    }),
    // Of this host's files, and of what any worker can read.
    ...[uploadQueue(files), uploadQueue(MAIN_QUEUE)].map((taskQueue) =>
      Worker.create({
        ...common,
        taskQueue,
        activities: { upload: activities.upload },
        maxConcurrentActivityTaskExecutions: config.ECS_IMPORT_MAX_UPLOADS,
      }),
    ),
    Worker.create({
      ...common,
      // There may be thousands: they heartbeat as seldom as they may.
      maxHeartbeatThrottleInterval: '60s',
      taskQueue: POLL_QUEUE,
      activities: { watchImport: activities.watchImport, detect: activities.detect },
      maxConcurrentActivityTaskExecutions: config.ECS_IMPORT_MAX_WATCHES,
    }),
    Worker.create({
      ...common,
      taskQueue: WATCH_QUEUE,
      activities: { distribute: activities.distribute, ...createPageWaiters(deps) },
      maxConcurrentActivityTaskExecutions: config.ECS_IMPORT_MAX_WATCHES,
    }),
  ]);
  return {
    async run() {
      await Promise.all(workers.map((worker) => worker.run()));
    },
    shutdown() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

/** The bundle that the build made; when run from the sources, the SDK bundles at start. */
function workflowCode(): { readonly workflowBundle: WorkflowBundleOption } | { readonly workflowsPath: string } {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const codePath = path.join(here, '..', 'workflow-bundle.js');
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: path.join(here, '..', 'workflows', 'index.ts') };
}
