/** One run of the late checks that are due; the API starts it. */
import { proxyActivities } from '@temporalio/workflow';
import type { ImportActivities } from '../activities/index.js';
import { MAIN_QUEUE } from '../domain/process-names.js';
import { upgradeWithWorkers } from './worker-versions.js';

/** Promises to remove only what an ended import created after its end. */
export async function checkLate(): Promise<number> {
  const activities = proxyActivities<Pick<ImportActivities, 'checkLate'>>({
    taskQueue: MAIN_QUEUE,
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '30 seconds',
    retry: { maximumAttempts: 3 },
  });
  return await activities.checkLate();
}

upgradeWithWorkers(checkLate);
