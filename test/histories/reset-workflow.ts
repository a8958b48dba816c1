/** Resets a workflow that has ended, as an operator can do by Temporal's own commands. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { firstRunOf, type History } from './stored-history.js';

/** The index of the first completed workflow task in a history. */
const FIRST_TASK_COMPLETED = 3;

/** Resets the first run of the workflow. Resolves when it has ended again. */
export async function resetToStart({ workflowService, options, workflow }: Client, workflowId: string): Promise<void> {
  const handle = workflow.getHandle(workflowId);
  await handle.result();
  const runId = firstRunOf(await handle.fetchHistory());
  const { events }: History = await workflow.getHandle(workflowId, runId).fetchHistory();
  await workflowService.resetWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'recorded',
    requestId: randomUUID(),
    workflowTaskFinishEventId: events?.[FIRST_TASK_COMPLETED]?.eventId ?? null,
  });
  await workflow.getHandle(workflowId).result();
}
