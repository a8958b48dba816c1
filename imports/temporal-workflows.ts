/** Starts, signals and describes the workflows of imports on a Temporal server. */
import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { importWorkflowId } from '../domain/ids.js';
import {
  type ActivityTiming,
  CANCEL_SIGNAL,
  IMPORT_WORKFLOW,
  type ImportWorkflowInput,
  LATE_CHECK_WORKFLOW,
  MAIN_QUEUE,
  RESUME_SIGNAL,
} from '../domain/process-names.js';
import type { Delivery, ImportWorkflows, WorkflowStart } from './ports.js';

const ANSWER_WITHIN_MS = 5_000;
/** One for all API processes. */
const LATE_CHECK_WORKFLOW_ID = 'late-checks';
const LATE_CHECKS_END_WITHIN = '1 hour';
/** An activity is notified of the end of its workflow by a heartbeat; several heartbeats fit into one timeout. */
const HEARTBEAT_TIMEOUTS = 2;

export function createImportWorkflows(client: Client, timing: ActivityTiming): ImportWorkflows {
  async function send(call: () => Promise<unknown>): Promise<Delivery> {
    try {
      await withDeadline(client, call);
      return { kind: 'delivered' };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError) {
        return { kind: 'notRunning' };
      }
      const reason = unreachableReason(error);
      if (reason === null) throw error;
      return { kind: 'unreachable', reason };
    }
  }

  const options = (start: WorkflowStart) => {
    const input: ImportWorkflowInput = { ...start, pace: timing };
    return {
      workflowId: importWorkflowId(start.importId),
      taskQueue: MAIN_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
    } as const;
  };
  const signal = (importId: string, name: string, payload: unknown) =>
    send(() => client.workflow.getHandle(importWorkflowId(importId)).signal(name, payload));

  return {
    namespace: client.options.namespace,
    activitiesEndWithinMs: HEARTBEAT_TIMEOUTS * timing.heartbeatTimeoutMs,

    async start(start, staticSummary) {
      const delivery = await send(() =>
        client.workflow.start(IMPORT_WORKFLOW, {
          ...options(start),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          staticSummary,
        }),
      );
      return delivery.kind === 'notRunning' ? { kind: 'delivered' } : delivery;
    },

    cancel: (importId, payload) => signal(importId, CANCEL_SIGNAL, payload),
    resume: (importId, payload) => signal(importId, RESUME_SIGNAL, payload),

    startCancelled: (start, payload, after, delayMs) =>
      send(() =>
        client.workflow.signalWithStart(IMPORT_WORKFLOW, {
          ...options(start),
          // Temporal rejects the start after a completed workflow, whatever the record contains.
          workflowIdReusePolicy: after === 'broken' ? 'ALLOW_DUPLICATE_FAILED_ONLY' : 'REJECT_DUPLICATE',
          signal: CANCEL_SIGNAL,
          signalArgs: [payload],
          ...(delayMs > 0 ? { startDelay: delayMs } : {}),
        }),
      ),

    startLateChecks: () =>
      send(() =>
        client.workflow.start(LATE_CHECK_WORKFLOW, {
          workflowId: LATE_CHECK_WORKFLOW_ID,
          taskQueue: MAIN_QUEUE,
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          workflowExecutionTimeout: LATE_CHECKS_END_WITHIN,
        }),
      ),

    async status(importId) {
      try {
        const { status, closeTime } = await withDeadline(client, () =>
          client.workflow.getHandle(importWorkflowId(importId)).describe(),
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
    },
  };
}

function withDeadline<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return client.connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, call);
}

/** gRPC's INVALID_ARGUMENT: the message itself is invalid, which is a bug of this service. */
const INVALID_ARGUMENT = 3;

/** Why the server did not respond or rejected the call; null for any other error. */
export function unreachableReason(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return cause.code === INVALID_ARGUMENT ? null : cause.details || cause.message;
    // Thrown by the client before a connection exists.
    if (/connect before the deadline|channel has been (shut down|closed)/i.test(cause.message)) return cause.message;
  }
  return null;
}
