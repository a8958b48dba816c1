/** Starts and signals the workflows of batches on a Temporal server. */
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import {
  BATCH_CANCEL_SIGNAL,
  BATCH_PAUSE_SIGNAL,
  BATCH_POLICY_UPDATE,
  BATCH_RESUME_IMPORTS_SIGNAL,
  BATCH_RESUME_SIGNAL,
  BATCH_RETRY_SIGNAL,
  BATCH_WORKFLOW,
  type BatchCancelSignal,
  type BatchResumeImportsSignal,
  type BatchWorkflowInput,
  batchWorkflowId,
} from '../domain/batch/names.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import type { Requester } from '../domain/import-facts.js';
import { type ActivityTiming, MAIN_QUEUE } from '../domain/process-names.js';
import { ownerOf, searchPairs, summaryOf } from '../domain/search-attributes.js';
import { type SearchUse, withSearch } from '../imports/search-use.js';
import { createServerReader } from '../imports/temporal-server.js';
import { activitiesEndWithinMs } from '../imports/temporal-workflows.js';
import { unreachableReason } from '../imports/unreachable.js';
import { statusOf } from '../imports/workflow-status.js';
import type { BatchToStart } from '../store/batches.js';
import type { BatchDelivery, BatchMessage, BatchWorkflows } from './ports.js';

const ANSWER_WITHIN_MS = 5_000;
/**
 * An update returns only after a worker has run it. If a worker loses the task, Temporal gives it to another one after its
 * time limit of 10 s: long enough for that, and shorter than the client waits for the API.
 */
const UPDATE_WITHIN_MS = 25_000;

/** @param search whether the namespace has the search attributes */
export function createBatchWorkflows(client: Client, pace: ActivityTiming, search: SearchUse): BatchWorkflows {
  async function send(withinMs: number, call: () => Promise<unknown>): Promise<BatchDelivery> {
    try {
      await client.connection.withDeadline(Date.now() + withinMs, call);
      return { kind: 'delivered' };
    } catch (error) {
      const reason = unreachableReason(error);
      if (reason === null) throw error;
      return { kind: 'unreachable', reason };
    }
  }

  function startOptions(batch: BatchToStart, has: boolean) {
    const input: BatchWorkflowInput = {
      batchId: batch.id,
      policy: batch.policy,
      pace,
      // The last claimed page is claimed again, because its imports may not have been started.
      page: Math.max(1, batch.claimedPage),
      step: batch.step,
      paused: false,
      forgiven: 0,
      noted: null,
      ...(has ? { search: true } : {}),
    };
    const owner = ownerOf(batch.by);
    const shown = { batch: batch.id, name: batch.name, state: 'running', ...(owner === null ? {} : { owner }) };
    return {
      workflowId: batchWorkflowId(batch.id),
      taskQueue: MAIN_QUEUE,
      args: [input],
      staticSummary: summaryOf(`batch ${batch.name}`),
      ...(has ? { typedSearchAttributes: searchPairs(shown) } : {}),
      workflowIdConflictPolicy: 'USE_EXISTING',
      // A retry of items starts the workflow of an ended batch again.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    } as const;
  }

  return {
    server: createServerReader(client),
    activitiesEndWithinMs: activitiesEndWithinMs(pace),
    status: (batchId) => statusOf(client, batchWorkflowId(batchId)),
    start: (batch) =>
      send(ANSWER_WITHIN_MS, () =>
        withSearch(search, (has) => client.workflow.start(BATCH_WORKFLOW, startOptions(batch, has))),
      ),

    send(batch, message) {
      const { signal, payload } = signalOf(message);
      const sent = { signal, signalArgs: [payload] };
      return send(ANSWER_WITHIN_MS, () =>
        withSearch(search, (has) =>
          client.workflow.signalWithStart(BATCH_WORKFLOW, { ...startOptions(batch, has), ...sent }),
        ),
      );
    },

    setPolicy(batch, change) {
      return send(UPDATE_WITHIN_MS, () =>
        withSearch(search, (has) =>
          client.workflow.executeUpdateWithStart<Workflow, BatchPolicy, [unknown]>(BATCH_POLICY_UPDATE, {
            args: [change],
            startWorkflowOperation: new WithStartWorkflowOperation(BATCH_WORKFLOW, startOptions(batch, has)),
          }),
        ),
      );
    },
  };
}

interface Signal {
  readonly signal: string;
  readonly payload: BatchCancelSignal | BatchResumeImportsSignal | null;
}

function signalOf(message: BatchMessage): Signal {
  switch (message.kind) {
    case 'pause':
      return { signal: BATCH_PAUSE_SIGNAL, payload: null };
    case 'resume':
      return { signal: BATCH_RESUME_SIGNAL, payload: null };
    case 'retry':
      return { signal: BATCH_RETRY_SIGNAL, payload: null };
    case 'cancel':
      return { signal: BATCH_CANCEL_SIGNAL, payload: { running: message.running, ...byIn(message) } };
    case 'resumeImports':
      return {
        signal: BATCH_RESUME_IMPORTS_SIGNAL,
        payload: { cause: message.cause, set: message.set, ...byIn(message) },
      };
  }
}

function byIn({ by }: { readonly by?: Requester }): { readonly by?: Requester } {
  return by === undefined ? {} : { by };
}
