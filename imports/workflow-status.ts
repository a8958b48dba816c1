/** Reads the status of a workflow. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowStatus } from './ports.js';
import { unreachableReason } from './unreachable.js';

const ANSWER_WITHIN_MS = 5_000;

export async function statusOf(client: Client, workflowId: string): Promise<WorkflowStatus> {
  try {
    const { status, closeTime } = await client.connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    if (status.name === 'RUNNING' || status.name === 'PAUSED') return { kind: 'running' };
    if (status.name === 'COMPLETED') return { kind: 'completed' };
    const how = status.name.toLowerCase().replaceAll('_', ' ');
    return { kind: 'broken', how, closedAtMs: closeTime?.getTime() ?? Date.now() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'unknown' };
    const reason = unreachableReason(error);
    if (reason === null) throw error;
    return { kind: 'unreachable', reason };
  }
}
