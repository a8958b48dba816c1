/** The package entry `./worker`: runs a worker inside another program, or provides the parts for a custom worker. */
import { createBatchActivities, createPageWaiters } from '../activities/batch/index.js';
import { createActivities as createImportActivities } from '../activities/index.js';
import type { OpenDependencies } from './dependencies.js';

export type { CloudOptions } from '../alibaba/create-cloud.js';
export { type Credentials, defaultCredentials, staticCredentials } from '../alibaba/credentials.js';
export { ConfigError } from '../config/environment.js';
export type { TemporalConfig, TemporalSettings, TemporalTlsConfig } from '../config/temporal.js';
export { type WorkerConfig, workerConfigFromEnvironment } from '../config/worker.js';
export { MAIN_QUEUE, POLL_QUEUE, WATCH_QUEUE } from '../domain/process-names.js';
export type { OpenDependencies } from './dependencies.js';
export { openDependencies } from './dependencies.js';
export { type RunWorkerOptions, runWorker } from './run-worker.js';
export { workflowBundlePath } from './workflow-bundle.js';

/** All activities, bound to their dependencies (`openDependencies`). */
export function createActivities(dependencies: OpenDependencies) {
  return {
    ...createImportActivities(dependencies),
    ...createBatchActivities(dependencies),
    ...createPageWaiters(dependencies),
  };
}
