/** One inspection for the API, run by the worker that has the file; it lives for seconds and keeps nothing. */
import { proxyActivities } from '@temporalio/workflow';
import type { ImportActivities } from '../activities/index.js';
import type { InspectionWorkflowInput } from '../domain/process-names.js';

/** Promises an answer or a failure within about two minutes: somebody waits for it on the other end of a connection. */
export async function inspectImage(input: InspectionWorkflowInput) {
  const { inspectFile } = proxyActivities<Pick<ImportActivities, 'inspectFile'>>({
    taskQueue: input.fileQueue,
    scheduleToStartTimeout: '20 seconds',
    startToCloseTimeout: '90 seconds',
    retry: { maximumAttempts: 2 },
  });
  return await inspectFile(input);
}
