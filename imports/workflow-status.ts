/** Reads the status of a workflow. */
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowStatus } from './ports.js';
import { unreachableReason } from './unreachable.js';

/** VERSIONING_BEHAVIOR_PINNED */
const PINNED = 1;
const ANSWER_WITHIN_MS = 5_000;

export async function statusOf(client: Client, workflowId: string): Promise<WorkflowStatus> {
  try {
    const { status, closeTime, raw } = await client.connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    if (status.name === 'RUNNING' || status.name === 'PAUSED') return { kind: 'running', ...pinOf(raw) };
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

type Described = Awaited<ReturnType<WorkflowHandle['describe']>>['raw'];

/** An override by an operator has priority over the version that the workflow started on. */
function pinOf({ workflowExecutionInfo }: Described): { readonly pinnedTo?: string } {
  const { behavior, deploymentVersion, versioningOverride } = workflowExecutionInfo?.versioningInfo ?? {};
  if (versioningOverride?.autoUpgrade === true) return {};
  const version = versioningOverride?.pinned?.version ?? (behavior === PINNED ? deploymentVersion : null);
  return version == null ? {} : { pinnedTo: `${version.deploymentName}:${version.buildId}` };
}
