/** One batch: starts pages of items as imports while its policy allows; can be paused, resumed, cancelled and retried. */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  patched,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { PageAnswer } from '../activities/batch/next-page.js';
import type { StartOrder } from '../activities/batch/start-imports.js';
import { type BatchFinalState, type BatchState, isFinalBatch } from '../domain/batch/batch.js';
import type { BatchCancelSignal, BatchOutcome, BatchWorkflowInput } from '../domain/batch/names.js';
import { importWorkflowId } from '../domain/ids.js';
import { IMPORT_WORKFLOW, type ImportWorkflowInput, MAIN_QUEUE, WATCH_QUEUE } from '../domain/process-names.js';
import { searchPairs, summaryOf } from '../domain/search-attributes.js';
import { batchActivitiesOn, pageWaitersOn } from './activity-options.js';
import { openControl, stateOf } from './batch-control.js';
import type { importImage } from './import-image.js';
import { openShown, showBatch } from './shown.js';
import { upgradeWithWorkers } from './worker-versions.js';

type ItemToStart = Extract<PageAnswer, { readonly kind: 'page' }>['items'][number];

/** Temporal ends a workflow with more than 51,200 events. A page of 200 items has about 1,200. */
const MAX_EVENTS = 2_000;

/**
 * Promises: every item is started once for each attempt, and the batch ends when all items have ended.
 * A sliding window: no import waits for the slowest one of its page. The request for a page starts its imports, and the
 * batch continues as new after each page, so its history holds one page. The record knows how imports ended.
 * A cancel by Temporal's own interface cancels the batch and its imports, as the batch's cancel signal does.
 */
export async function runBatch(input: BatchWorkflowInput): Promise<BatchOutcome> {
  const native = CancellationScope.current().cancelRequested;
  try {
    return await CancellationScope.nonCancellable(() => run(input, native));
  } catch (reason) {
    if (reason instanceof BatchEnded) return { state: reason.state };
    throw reason;
  }
}

upgradeWithWorkers(runBatch);

/** The record shows that the batch has ended: an operator reset its workflow afterwards. */
class BatchEnded extends Error {
  override readonly name = 'BatchEnded';
  constructor(readonly state: BatchFinalState) {
    super(`the batch has ended as ${state}`);
  }
}

async function run(input: BatchWorkflowInput, nativeCancel: Promise<never>): Promise<BatchOutcome> {
  const { batchId, pace } = input;
  const onAnyWorker = batchActivitiesOn(MAIN_QUEUE, pace);
  const onWatchQueue = pageWaitersOn(WATCH_QUEUE, pace);
  let { page, step, noted } = input;
  const shown = openShown(input.search === true, { state: noted ?? 'running' });
  const starts: StartOrder = { pace, search: input.search === true };
  let pageRequest: CancellationScope | null = null;
  /** Items may have been claimed for the page, by a request of this run or of an earlier one. */
  let isPageOpen = true;
  /** A signal ends the request for a page under way, so that the next request sees the change. */
  const control = openControl(
    input,
    () => pageRequest?.cancel(),
    () => note(stateOf(control)),
  );
  nativeCancel.catch(() => {
    control.cancel ??= { running: 'cancel' };
    pageRequest?.cancel();
  });

  async function note(state: BatchState): Promise<void> {
    noted = state;
    showBatch(shown, state, control.attention);
    for (;;) {
      step += 1;
      const { policy, attention } = control;
      const recorded = await onAnyWorker.noteBatch({ batchId, step, state, policy, attention });
      // A later step has written to the record: an operator reset the workflow, whose steps count again from an earlier one.
      if (!recorded || recorded.state === state || !patched('batch-record-decides')) return;
      if (isFinalBatch(recorded.state)) throw new BatchEnded(recorded.state);
      step = recorded.step;
    }
  }

  /** Pauses, resumes and changes in vain are unlimited; the history of a run is not. */
  async function continueIfLong(): Promise<void> {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    const isLong = continueAsNewSuggested || historyLength >= MAX_EVENTS;
    if (!isLong || control.cancel !== null || control.toResume.length > 0 || control.retried) return;
    if (!patched('continue-long-batch')) return;
    await condition(allHandlersFinished);
    await continueRun();
  }

  async function continueRun(): Promise<void> {
    const { policy, paused, forgiven } = control;
    const search = input.search === undefined ? {} : { search: input.search };
    await continueAsNew<typeof runBatch>({ batchId, pace, policy, page, step, paused, forgiven, noted, ...search });
  }

  /** Null: a signal arrived meanwhile. */
  async function untilSignal<T>(request: () => Promise<T>): Promise<T | null> {
    const scope = new CancellationScope();
    pageRequest = scope;
    try {
      return await scope.run(request);
    } catch (error) {
      // Also where the worker died while the request was being cancelled.
      if (isCancellation(error) || scope.consideredCancelled) return null;
      throw error;
    } finally {
      pageRequest = null;
    }
  }

  /** Waits for items that the policy allows to start. Null: a signal arrived meanwhile. */
  async function nextPage(): Promise<PageAnswer | null> {
    const { policy, forgiven } = control;
    isPageOpen = true;
    return await untilSignal(() => onWatchQueue.nextPage({ batchId, page, policy, forgiven, starts }));
  }

  /**
   * A request for the page may have ended without an answer, because its worker died or froze. Starts the imports that it
   * has claimed, and keeps it from claiming others while the batch waits.
   */
  async function closePage(): Promise<void> {
    const { policy } = control;
    const answer = await untilSignal(() => onWatchQueue.startClaimed({ batchId, page, policy, starts }));
    if (answer === null) return;
    page += 1;
    isPageOpen = false;
  }

  /** For a page of a worker of an earlier version, which leaves the start to the workflow. */
  async function startImport({ importId, fileQueue, search: values }: ItemToStart): Promise<void> {
    const start: ImportWorkflowInput = { importId, request: null, fileQueue, pace };
    const search = input.search === undefined || values === undefined ? null : values;
    const { priority, weight } = control.policy;
    try {
      await startChild<typeof importImage>(IMPORT_WORKFLOW, {
        workflowId: importWorkflowId(importId),
        taskQueue: MAIN_QUEUE,
        args: [search === null ? start : { ...start, search: 'set' }],
        ...(search === null ? {} : { typedSearchAttributes: searchPairs(search) }),
        ...(values === undefined ? {} : { staticSummary: summaryOf(`${values.name} → ${values.region}`) }),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        priority: { priorityKey: priority, fairnessKey: batchId, fairnessWeight: weight },
      });
    } catch (error) {
      // The page was returned before, and this import was started then.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async function stopItems({ running, by }: BatchCancelSignal): Promise<void> {
    await note('cancelling');
    await onAnyWorker.dropWaiting(batchId);
    if (running === 'cancel') await onAnyWorker.cancelImports(batchId, pace, by);
  }

  async function resumeStoppedImports(): Promise<void> {
    for (let next = control.toResume.shift(); next !== undefined; next = control.toResume.shift()) {
      await onAnyWorker.resumeImports({ batchId, ...next });
    }
  }

  let stopped = false;
  for (;;) {
    if (control.cancel !== null && !stopped) {
      stopped = true;
      await stopItems(control.cancel);
    }
    await resumeStoppedImports();
    const state = stateOf(control);
    if (state !== noted) await note(state);
    if (state === 'paused' || state === 'running') await continueIfLong();
    if (state === 'paused' || state === 'attention') {
      if (isPageOpen && patched('close-page-before-wait')) {
        await closePage();
        continue;
      }
      await condition(() => stateOf(control) !== state || control.toResume.length > 0);
      continue;
    }

    // A signal that arrived during the writes above must not wait for the end of a page request.
    const changed = stateOf(control) !== state || control.toResume.length > 0 || (control.cancel !== null && !stopped);
    if (changed && patched('recheck-before-page')) continue;

    control.retried = false;
    const answer = await nextPage();
    if (answer === null) continue;
    control.failed = answer.failed;
    if (answer.kind === 'hold') control.attention = answer.reason;
    else if (answer.kind === 'page') {
      await Promise.all(answer.items.map(startImport));
      page += 1;
      await condition(allHandlersFinished);
      if (stateOf(control) !== 'cancelling' && control.toResume.length === 0) {
        await continueRun();
      }
    } else {
      const end = endOf(stopped, answer.failed);
      await note(end);
      await condition(allHandlersFinished);
      if (!control.retried) return { state: end };
      // Items were put back for a retry while the batch was ending.
      control.cancel = null;
      stopped = false;
    }
  }
}

function endOf(cancelled: boolean, failed: number): BatchFinalState {
  if (cancelled) return 'cancelled';
  return failed > 0 ? 'failed' : 'succeeded';
}
