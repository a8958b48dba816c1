/** One import, from the accepted request to the checked image: the lifecycle of docs/architecture.md, read from top to bottom. */
import { ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { FinalState, ImageRef, ImportError } from '../domain/import.js';
import type { Ending, ImportPlan } from '../domain/plan.js';
import {
  type ImportOutcome,
  type ImportWorkflowInput,
  MAIN_QUEUE,
  POLL_QUEUE,
  uploadQueue,
  WATCH_QUEUE,
} from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { activitiesOn, watchersOn } from './activity-options.js';
import { importErrorOf } from './failures.js';
import { openImportControl } from './import-control.js';

/**
 * Promises: ends `succeeded` with exactly one image, or `failed` or `cancelled` with no resources remaining.
 * Stops for attention on what a person can fix, and continues from the same phase on `resume`; a cancel wins at any moment.
 */
export async function importImage(input: ImportWorkflowInput): Promise<ImportOutcome> {
  const { importId, fileQueue, pace } = input;
  const control = openImportControl(importId, pace.attentionLimitMs, input.firstStep);
  const onAnyWorker = activitiesOn(MAIN_QUEUE, pace);
  const onFileHost = activitiesOn(fileQueue, pace);
  const onUploadQueue = activitiesOn(uploadQueue(fileQueue), pace);
  const onPollQueue = watchersOn(POLL_QUEUE, pace);
  // Distribution waits for long, so it runs on the queue for waiting; it creates copies, so a cancel waits for its end.
  const onWatchQueue = activitiesOn(WATCH_QUEUE, pace);

  /** Not cancellable: without the request there is nothing to clean up by. */
  async function accept(): Promise<ImportRequest> {
    const recorded = await CancellationScope.nonCancellable(() =>
      control.runUntilDone('accepted', (step) =>
        onAnyWorker.accept({ importId, step, request: input.request, fileQueue }),
      ),
    );
    const request = input.request ?? recorded;
    if (request === null) throw ApplicationFailure.nonRetryable(`import ${importId} has no request`, 'defect');
    return request;
  }

  async function importOneImage(): Promise<ImageRef | null> {
    const plan: ImportPlan = await control.runStep('preflight', onFileHost.preflight);
    if (control.request().dryRun) return null;
    if (control.request().role !== 'skip') await control.runStep('role', (step) => onAnyWorker.setUpRole(step, plan));
    const uploaded = await control.runStep('upload', (step) => onUploadQueue.upload(step, plan));
    const image = await control.runStep('import', (step) => onAnyWorker.startImport(step, uploaded));
    await control.runStep('import', (step) => onPollQueue.watchImport(step, image));
    const { detection, distribute } = control.request();
    if (detection.strategy !== 'none') await control.runStep('detection', (step) => onPollQueue.detect(step, image));
    if (distribute.regions.length + distribute.shareWith.length > 0) {
      await control.runStep('distribution', (step) => onWatchQueue.distribute(step, image));
    }
    return image;
  }

  /** Removes what the request does not keep, and writes the final state. */
  async function cleanUp(ending: Ending): Promise<FinalState> {
    control.endAs(ending.outcome);
    return await control.runStep('cleanup', (step) => onAnyWorker.cleanUp(step, ending));
  }

  control.setRequest(await accept());
  let error: ImportError | null = null;
  try {
    const image = await control.cancellable(async () => {
      const made = await importOneImage();
      await cleanUp({ outcome: 'succeeded', error: null, keepImage: true });
      return made;
    });
    return { state: 'succeeded', imageId: image?.imageId ?? null, error: null };
  } catch (reason) {
    // An activity whose worker died during a cancel ends with a time-out: the cancel wins all the same.
    if (control.cancel === null && !isCancellation(reason)) error = importErrorOf(reason, control.phase);
  }

  const outcome = error === null ? 'cancelled' : 'failed';
  const keepImage = control.cancel?.keepImage ?? false;
  const ended = await CancellationScope.nonCancellable(() => cleanUp({ outcome, error, keepImage }));
  return { state: ended, imageId: null, error };
}
