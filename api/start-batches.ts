/**
 * Starts the workflow of a batch, and tells it things. What is told to a workflow that nobody runs (any more) starts it
 * again: everything that it has to know is in the record.
 */
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import {
  BATCH_POLICY_UPDATE,
  BATCH_WORKFLOW,
  type BatchCancelSignal,
  type BatchResumeImportsSignal,
  type BatchWorkflowInput,
  batchWorkflowId,
} from '../domain/batch/names.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import { MAIN_QUEUE, type Pace } from '../domain/process-names.js';
import type { BatchStore, BatchToStart } from '../store/batches.js';

const SWEEP_EVERY_MS = 2_000;
/** Younger ones are being started by the request that made them. */
const LEFT_ALONE_MS = 3_000;
const SWEEP_PAGE = 50;
const TELL_MS = 5_000;
/** An update is answered only once a worker has taken it up. */
const UPDATE_MS = 15_000;

export type BatchTold = BatchCancelSignal | BatchResumeImportsSignal | null;

export interface BatchStarter {
  /** False when Temporal cannot be reached now: the sweep will start it. */
  start(batch: BatchToStart): Promise<boolean>;
  /** Rejects when Temporal cannot be reached. */
  tell(batchId: string, signal: string, payload?: BatchTold): Promise<void>;
  /** The policy that is in force from now on. */
  setPolicy(batchId: string, change: unknown): Promise<BatchPolicy>;
  stop(): void;
}

export function createBatchStarter(
  client: Client,
  batches: BatchStore,
  pace: Pace,
  log: { warn(attributes: object, message: string): void },
): BatchStarter {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  function startOptions(batch: BatchToStart) {
    const input: BatchWorkflowInput = {
      batchId: batch.id,
      policy: batch.policy,
      pace,
      // The last page that was given out is given out again: whoever asked for it may not have started it.
      page: Math.max(1, batch.claimedPage),
      step: batch.step,
      paused: false,
      forgiven: 0,
      noted: null,
    };
    return {
      workflowId: batchWorkflowId(batch.id),
      taskQueue: MAIN_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      // One that has ended starts again when items are retried.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    } as const;
  }

  async function start(batch: BatchToStart): Promise<boolean> {
    try {
      await client.connection.withDeadline(Date.now() + TELL_MS, () =>
        client.workflow.start(BATCH_WORKFLOW, startOptions(batch)),
      );
      await batches.markStarted(batch.id);
      return true;
    } catch (error) {
      log.warn({ batchId: batch.id, error: String(error) }, 'batch not started yet');
      return false;
    }
  }

  async function known(batchId: string): Promise<BatchToStart> {
    const batch = await batches.forStart(batchId);
    if (batch === null) throw new Error(`there is no batch ${batchId}`);
    return batch;
  }

  async function sweep(): Promise<void> {
    try {
      for (const batch of await batches.toStart(LEFT_ALONE_MS, SWEEP_PAGE)) {
        if (stopped || !(await start(batch))) break;
      }
    } catch (error) {
      log.warn({ error: String(error) }, 'sweep of batches failed');
    }
    if (!stopped) timer = setTimeout(() => void sweep(), SWEEP_EVERY_MS);
  }
  void sweep();

  return {
    start,
    async tell(batchId, signal, payload = null) {
      const batch = await known(batchId);
      await client.connection.withDeadline(Date.now() + TELL_MS, () =>
        client.workflow.signalWithStart(BATCH_WORKFLOW, {
          ...startOptions(batch),
          signal,
          signalArgs: [payload],
        }),
      );
    },
    async setPolicy(batchId, change) {
      const startWorkflowOperation = new WithStartWorkflowOperation(BATCH_WORKFLOW, startOptions(await known(batchId)));
      return await client.connection.withDeadline(Date.now() + UPDATE_MS, () =>
        client.workflow.executeUpdateWithStart<Workflow, BatchPolicy, [unknown]>(BATCH_POLICY_UPDATE, {
          args: [change],
          startWorkflowOperation,
        }),
      );
    },
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
