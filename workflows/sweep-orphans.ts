/** One sweep for cloud resources that no ledger accounts for; the API runs it daily and on request. */
import { proxyActivities } from '@temporalio/workflow';
import type { ImportActivities } from '../activities/index.js';
import { MAIN_QUEUE, type OrphanSweepInput } from '../domain/process-names.js';
import { upgradeWithWorkers } from './worker-versions.js';

/** Promises to delete nothing that a live import owns, and nothing at all unless the input requests it. */
export async function sweepOrphans(input: OrphanSweepInput) {
  const activities = proxyActivities<Pick<ImportActivities, 'sweepOrphans'>>({
    taskQueue: MAIN_QUEUE,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '30 seconds',
    retry: { maximumAttempts: 5 },
  });
  return await activities.sweepOrphans(input);
}

upgradeWithWorkers(sweepOrphans);
