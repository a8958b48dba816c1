/** One process polls several task queues, so that waiting or long activities do not block the others. */
import type { WorkflowClientInterceptor } from '@temporalio/client';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkerDeploymentOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import type { BatchDependencies } from '../activities/batch/dependencies.js';
import { createBatchActivities, createPageWaiters } from '../activities/batch/index.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import { createActivities } from '../activities/index.js';
import type { WorkerSettings, WorkerVersioning } from '../config/worker.js';
import { fileQueue, MAIN_QUEUE, POLL_QUEUE, uploadQueue, WATCH_QUEUE } from '../domain/process-names.js';
import { runUntilDrained } from './drain.js';
import type { WorkerPayloads } from './payloads.js';
import { workflowCode } from './workflow-bundle.js';

/** Cancellation reaches an activity with its heartbeats: this limits how long the SDK delays one. */
const MAX_HEARTBEAT_THROTTLE = '1s';

/** Uploads of slow web servers do not count against the limit of concurrent uploads, so that they do not stop the others. */
const SLOW_UPLOADS_FACTOR = 4;

/** Few polls while a queue is empty, more under load. */
function pollersUpTo(maximum: number): NonNullable<WorkerOptions['activityTaskPollerBehavior']> {
  return { type: 'autoscaling', minimum: Math.min(2, maximum), initial: Math.min(5, maximum), maximum };
}

function deploymentOf({ deployment, buildId }: WorkerVersioning): WorkerDeploymentOptions {
  return {
    version: { deploymentName: deployment, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  };
}

export interface ImportWorkers {
  /** Resolves when all queues are drained after `shutdown`; rejects when one of them fails. */
  run(): Promise<void>;
  shutdown(): void;
  /** The task queues of this worker. */
  readonly queues: readonly string[];
  /** The task queues that are polled now. */
  polledQueues(): readonly string[];
}

export async function createImportWorkers(
  settings: WorkerSettings,
  connection: NativeConnection,
  deps: ActivityDependencies & BatchDependencies,
  identity: string,
  interceptors: readonly ActivityInterceptorsFactory[] = [],
  payloads: WorkerPayloads | null = null,
  clientInterceptors: readonly WorkflowClientInterceptor[] = [],
): Promise<ImportWorkers> {
  const activities = createActivities(deps);
  const files = fileQueue(settings.host);
  const { workflowModules = [], ...code } = workflowCode();
  const pollers = pollersUpTo(settings.maxPollers);
  const common = {
    connection,
    identity,
    ...(payloads === null ? {} : { dataConverter: payloads.dataConverter }),
    interceptors: {
      // The first one sees the input as it was sent.
      activity: [...(payloads === null ? [] : [payloads.activityInterceptor]), ...interceptors],
      client: { workflow: [...clientInterceptors, ...(payloads === null ? [] : payloads.clientInterceptors)] },
      workflowModules: [...workflowModules],
    },
    namespace: settings.temporal.namespace,
    maxHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE,
    defaultHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE,
    activityTaskPollerBehavior: pollers,
    ...(settings.versioning === undefined ? {} : { workerDeploymentOptions: deploymentOf(settings.versioning) }),
    shutdownGraceTime: 0,
    shutdownForceTime: settings.shutdownMs,
  } satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...common,
      ...code,
      taskQueue: MAIN_QUEUE,
      // How long a workflow waits for the worker that has it in memory before any worker takes it.
      stickyQueueScheduleToStartTimeout: '5s',
      workflowTaskPollerBehavior: pollers,
      maxConcurrentWorkflowTaskExecutions: settings.maxWorkflowTasks,
      ...(settings.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: settings.maxCachedWorkflows }),
      activities: { ...activities, ...createBatchActivities(deps) },
      maxConcurrentActivityTaskExecutions: settings.maxActivities,
    }),
    Worker.create({
      ...common,
      taskQueue: files,
      activities: { preflight: activities.preflight, inspectFile: activities.inspectFile },
      maxConcurrentActivityTaskExecutions: settings.maxPreflights,
    }),
    // One queue for the files of this host, one for sources that every worker can read.
    ...[
      { taskQueue: uploadQueue(files), uploads: settings.maxUploads },
      { taskQueue: uploadQueue(MAIN_QUEUE), uploads: settings.maxUploads * SLOW_UPLOADS_FACTOR },
    ].map(({ taskQueue, uploads }) =>
      Worker.create({
        ...common,
        taskQueue,
        activities: { upload: activities.upload },
        maxConcurrentActivityTaskExecutions: uploads,
      }),
    ),
    Worker.create({
      ...common,
      // There may be thousands of these activities: they heartbeat less often.
      maxHeartbeatThrottleInterval: '60s',
      taskQueue: POLL_QUEUE,
      activities: { watchImport: activities.watchImport, detect: activities.detect },
      maxConcurrentActivityTaskExecutions: settings.maxWatches,
    }),
    Worker.create({
      ...common,
      taskQueue: WATCH_QUEUE,
      activities: { distribute: activities.distribute, ...createPageWaiters(deps) },
      maxConcurrentActivityTaskExecutions: settings.maxWatches,
    }),
  ]);
  let isStopping = false;
  return {
    queues: workers.map(({ options }) => options.taskQueue),
    run: () => runUntilDrained(workers, () => isStopping),
    shutdown() {
      isStopping = true;
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
    polledQueues: () =>
      workers.filter((worker) => worker.getState() === 'RUNNING').map(({ options }) => options.taskQueue),
  };
}
