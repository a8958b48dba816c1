/** Starts, signals and describes the workflows of imports on a Temporal server. */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { importWorkflowId } from '../domain/ids.js';
import {
  type ActivityTiming,
  CANCEL_SIGNAL,
  IMPORT_WORKFLOW,
  type ImportOutcome,
  type ImportWorkflowInput,
  LATE_CHECK_WORKFLOW,
  MAIN_QUEUE,
  RESUME_SIGNAL,
} from '../domain/process-names.js';
import { searchPairs } from '../domain/search-attributes.js';
import type { Delivery, ImportWorkflows, WorkflowStart } from './ports.js';
import { type SearchUse, WITHOUT_SEARCH, withSearch } from './search-use.js';
import { createServerReader } from './temporal-server.js';
import { unreachableReason } from './unreachable.js';
import { statusOf } from './workflow-status.js';

type ImportWorkflow = (input: ImportWorkflowInput) => Promise<ImportOutcome>;

const ANSWER_WITHIN_MS = 5_000;
/** One for all API processes. */
const LATE_CHECK_WORKFLOW_ID = 'late-checks';
const LATE_CHECKS_END_WITHIN = '1 hour';
/** An activity is notified of the end of its workflow by a heartbeat; several heartbeats fit into one timeout. */
const HEARTBEAT_TIMEOUTS = 2;

/** The time after which no activity of a closed workflow runs; ms. */
export function activitiesEndWithinMs({ heartbeatTimeoutMs }: ActivityTiming): number {
  return HEARTBEAT_TIMEOUTS * heartbeatTimeoutMs;
}

/** @param search whether the namespace has the search attributes; absent: workflows are started without them */
export function createImportWorkflows(
  client: Client,
  timing: ActivityTiming,
  search: SearchUse = WITHOUT_SEARCH,
): ImportWorkflows {
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

  const options = (start: WorkflowStart, by?: ImportWorkflowInput['search']) => {
    const input: ImportWorkflowInput = {
      ...{ ...start, recorded: true, pace: timing },
      ...(by === undefined ? {} : { search: by }),
    };
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
    server: createServerReader(client),
    activitiesEndWithinMs: activitiesEndWithinMs(timing),

    async start(start, shown, priority) {
      const delivery = await send(() =>
        withSearch(search, (has) =>
          client.workflow.start(IMPORT_WORKFLOW, {
            ...options(start, has ? 'set' : undefined),
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            staticSummary: shown.summary,
            staticDetails: shown.details,
            ...(has ? { typedSearchAttributes: searchPairs(shown.search) } : {}),
            ...(priority === undefined ? {} : { priority }),
          }),
        ),
      );
      return delivery.kind === 'notRunning' ? { kind: 'delivered' } : delivery;
    },

    cancel: (importId, payload) => signal(importId, CANCEL_SIGNAL, payload),
    resume: (importId, payload) => signal(importId, RESUME_SIGNAL, payload),

    startCancelled: (start, payload, after, delayMs) =>
      send(() =>
        client.workflow.signalWithStart(IMPORT_WORKFLOW, {
          // Its request is not known here: the workflow sets them.
          ...options(start, search.isUsable() ? 'unset' : undefined),
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

    status: (importId) => statusOf(client, importWorkflowId(importId)),

    async outcome(importId) {
      const { workflow } = client;
      try {
        return await withDeadline(client, () =>
          workflow.getHandle<ImportWorkflow>(importWorkflowId(importId)).result(),
        );
      } catch {
        return null;
      }
    },
  };
}

function withDeadline<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return client.connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, call);
}
