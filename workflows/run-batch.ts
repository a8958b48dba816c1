/** One batch: pages of items become imports for as long as its policy allows; a person may pause, resume, cancel, retry. */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import type { PageAnswer } from '../activities/batch/next-page.js';
import type { BatchFinalState, BatchState } from '../domain/batch/batch.js';
import type { BatchOutcome, BatchWorkflowInput } from '../domain/batch/names.js';
import { importWorkflowId } from '../domain/ids.js';
import { IMPORT_WORKFLOW, type ImportWorkflowInput, MAIN_QUEUE, WATCH_QUEUE } from '../domain/process-names.js';
import { batchActivitiesOn, pageWaitersOn } from './activity-options.js';
import { openControl, stateOf } from './batch-control.js';
import type { importImage } from './import-image.js';

/**
 * Promises: every item is started once for each attempt, and the batch ends when all have ended. The window of imports
 * under way slides, so that none waits for the slowest of a page. A page's imports are left to themselves (ABANDON) and
 * the batch continues as new: its history holds one page, whatever its size. How imports ended, the record tells.
 */
export async function runBatch(input: BatchWorkflowInput): Promise<BatchOutcome> {
  const { batchId, pace } = input;
  const here = batchActivitiesOn(MAIN_QUEUE, pace);
  const waiting = pageWaitersOn(WATCH_QUEUE, pace);
  let { page, step, noted } = input;
  let look: CancellationScope | null = null;
  /** What is told while the batch looks for items ends the look, so that the next one knows. */
  const control = openControl(
    input,
    () => look?.cancel(),
    () => note(stateOf(control)),
  );

  async function note(state: BatchState): Promise<void> {
    noted = state;
    step += 1;
    await here.noteBatch({ batchId, step, state, policy: control.policy, attention: control.attention });
  }

  /** Items to start, once there are some and the policy allows it. Null where something was told meanwhile. */
  async function nextPage(): Promise<PageAnswer | null> {
    const scope = new CancellationScope();
    look = scope;
    const { policy, forgiven } = control;
    try {
      return await scope.run(() => waiting.nextPage({ batchId, page, policy, forgiven }));
    } catch (error) {
      // Also a look whose worker died while it was being told.
      if (isCancellation(error) || scope.consideredCancelled) return null;
      throw error;
    } finally {
      look = null;
    }
  }

  async function startImport(importId: string, fileQueue: string): Promise<void> {
    const start: ImportWorkflowInput = { importId, request: null, fileQueue, pace };
    const { priority, weight } = control.policy;
    try {
      await startChild<typeof importImage>(IMPORT_WORKFLOW, {
        workflowId: importWorkflowId(importId),
        taskQueue: MAIN_QUEUE,
        args: [start],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        priority: { priorityKey: priority, fairnessKey: batchId, fairnessWeight: weight },
      });
    } catch (error) {
      // A page that is given out again: this one has been started before.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async function stopItems(running: 'cancel' | 'finish'): Promise<void> {
    await note('cancelling');
    await here.dropWaiting(batchId);
    if (running === 'cancel') await here.cancelImports(batchId);
  }

  async function resumeStoppedImports(): Promise<void> {
    for (let next = control.toResume.shift(); next !== undefined; next = control.toResume.shift()) {
      await here.resumeImports({ batchId, ...next });
    }
  }

  let stopped = false;
  for (;;) {
    if (control.cancel !== null && !stopped) {
      stopped = true;
      await stopItems(control.cancel.running);
    }
    await resumeStoppedImports();
    const state = stateOf(control);
    if (state !== noted) await note(state);
    if (state === 'paused' || state === 'attention') {
      await condition(() => stateOf(control) !== state || control.toResume.length > 0);
      continue;
    }

    control.retried = false;
    const answer = await nextPage();
    if (answer === null) continue;
    control.failed = answer.failed;
    if (answer.kind === 'hold') control.attention = answer.reason;
    else if (answer.kind === 'page') {
      await Promise.all(answer.items.map((item) => startImport(item.importId, item.fileQueue)));
      page += 1;
      await condition(allHandlersFinished);
      if (stateOf(control) !== 'cancelling' && control.toResume.length === 0) {
        const { policy, paused, forgiven } = control;
        await continueAsNew<typeof runBatch>({ batchId, pace, policy, page, step, paused, forgiven, noted });
      }
    } else {
      const end = endOf(stopped, answer.failed);
      await note(end);
      await condition(allHandlersFinished);
      if (!control.retried) return { state: end };
      // Told at the last moment: there is more to do after all.
      control.cancel = null;
      stopped = false;
    }
  }
}

function endOf(cancelled: boolean, failed: number): BatchFinalState {
  if (cancelled) return 'cancelled';
  return failed > 0 ? 'failed' : 'succeeded';
}
