/** One inspection for the API, run by the worker whose host has the file; it takes seconds and stores nothing. */
import { proxyActivities } from '@temporalio/workflow';
import type { ImportActivities } from '../activities/index.js';
import type { InspectionWorkflowInput } from '../domain/process-names.js';
import { upgradeWithWorkers } from './worker-versions.js';

/** Promises a result or a failure within about two minutes: an API client waits for it. */
export async function inspectImage(input: InspectionWorkflowInput) {
  const { inspectFile } = proxyActivities<Pick<ImportActivities, 'inspectFile'>>({
    taskQueue: input.fileQueue,
    scheduleToStartTimeout: '20 seconds',
    startToCloseTimeout: '90 seconds',
    retry: { maximumAttempts: 2 },
  });
  return await inspectFile(input);
}

upgradeWithWorkers(inspectImage);
