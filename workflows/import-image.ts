/** One import, from the accepted request to the checked image: the lifecycle of docs/architecture.md, read from top to bottom. */
import { ApplicationFailure, CancellationScope, ContinueAsNew, isCancellation, patched } from '@temporalio/workflow';
import type { WatchedImport } from '../activities/watch-import.js';
import type { FinalState, ImageRef, ImportError } from '../domain/import.js';
import { type Ending, type ImportPlan, NO_RESULTS, type PhaseResults, resultsWithout } from '../domain/plan.js';
import {
  type ImportOutcome,
  type ImportWorkflowInput,
  MAIN_QUEUE,
  POLL_QUEUE,
  uploadQueue,
  WATCH_QUEUE,
} from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { activitiesOn, longTimeoutMs, READING, SHORT, watchersOn } from './activity-options.js';
import { importErrorOf } from './failures.js';
import { openImportControl } from './import-control.js';
import { ImportEnded, ReturnToPhase } from './import-jumps.js';

/**
 * Promises: ends `succeeded` with exactly one image, or `failed` or `cancelled` with no resources remaining.
 * Stops for attention on what a person can fix, and continues from the phase that repairs it on `resume`; a cancel wins at
 * any moment. If the record shows that the import has ended, the workflow does nothing and returns the recorded outcome.
 */
export async function importImage(input: ImportWorkflowInput): Promise<ImportOutcome> {
  const { fileQueue, pace } = input;
  let results: PhaseResults = input.continued?.results ?? NO_RESULTS;
  let ending: Ending | null = input.continued?.ending ?? null;
  const control = openImportControl(input, () => ({ results, ending }));
  // Temporal Cloud bills each activity, and each is a write to Temporal's database.
  const fewerActivities = patched('fewer-activities');
  try {
    control.setRequest(await acceptedRequest());
    return control.end(await lifecycle());
  } catch (reason) {
    if (reason instanceof ImportEnded) return control.end(reason.outcome);
    throw reason;
  }

  /** Not cancellable: without the request there is nothing to clean up by. */
  async function acceptedRequest(): Promise<ImportRequest> {
    const isRecorded = input.continued !== undefined || (input.recorded === true && fewerActivities);
    if (isRecorded && input.request !== null) return input.request;
    const { importId } = input;
    const recorded = await CancellationScope.nonCancellable(() =>
      control.runUntilDone('accepted', (step) =>
        activitiesOn(MAIN_QUEUE, pace, { summary: 'write the record', limit: SHORT }).accept({
          importId,
          step,
          request: input.request,
          fileQueue,
        }),
      ),
    );
    const request = input.request ?? recorded;
    if (request === null) throw ApplicationFailure.nonRetryable(`import ${importId} has no request`, 'defect');
    return request;
  }

  async function lifecycle(): Promise<ImportOutcome> {
    let error: ImportError | null = ending?.error ?? null;
    if (ending === null) {
      try {
        const image = await control.cancellable(async () => {
          const made = await importOneImage();
          await cleanUp({ outcome: 'succeeded', error: null, keepImage: true });
          return made;
        });
        return { state: 'succeeded', imageId: image?.imageId ?? null, error: null };
      } catch (reason) {
        if (reason instanceof ImportEnded || reason instanceof ContinueAsNew) throw reason;
        // An activity whose worker died during a cancel ends with a time-out: the cancel wins all the same.
        if (control.cancel === null && !isCancellation(reason)) error = importErrorOf(reason, control.phase);
      }
      const outcome = error === null ? 'cancelled' : 'failed';
      ending = { outcome, error, keepImage: control.cancel?.keepImage ?? false };
    }
    const last = ending;
    const state = await CancellationScope.nonCancellable(() => cleanUp(last));
    return { state, imageId: state === 'succeeded' ? (results.image?.imageId ?? null) : null, error };
  }

  /** Runs the phases in order. If a phase requires an earlier one again, continues there. */
  async function importOneImage(): Promise<ImageRef | null> {
    for (;;) {
      try {
        return await runPhases();
      } catch (reason) {
        if (!(reason instanceof ReturnToPhase)) throw reason;
        results = resultsWithout(reason.phase, results);
        await control.continueIfLong();
      }
    }
  }

  /** Each phase runs until it has a result. */
  async function runPhases(): Promise<ImageRef | null> {
    const { region, upload: to, role, disks } = control.request();
    const onAnyWorker = (summary: string) => activitiesOn(MAIN_QUEUE, pace, { summary, limit: SHORT });
    const count = `${disks.length} ${disks.length === 1 ? 'disk' : 'disks'}`;
    const onUploadQueue = activitiesOn(uploadQueue(fileQueue), pace, { summary: `upload ${count} to ${to.bucket}` });
    const onPollQueue = (summary: string) => watchersOn(POLL_QUEUE, pace, summary);
    // Distribution waits for long, so it runs on the queue for waiting; it creates copies, so a cancel waits for its end.
    const onWatchQueue = activitiesOn(WATCH_QUEUE, pace, {
      summary: 'copy and share the image',
      heartbeatTimeoutMs: longTimeoutMs(pace),
    });

    const plan = results.plan ?? (await preflight());
    results = plan.image === undefined ? { ...results, plan } : withImage(plan, plan.image);
    if (control.request().dryRun) return null;
    if (control.request().role !== 'skip' && !results.role) {
      await control.runStep('role', (step) => onAnyWorker(`${role} the role`).setUpRole(step, plan));
    }
    results = { ...results, role: true };
    const uploaded = results.uploaded ?? (await control.runStep('upload', (step) => onUploadQueue.upload(step, plan)));
    // The upload of the first version returned nothing.
    const adopted = (uploaded as ImportPlan | undefined)?.image;
    results = adopted === undefined ? { ...results, uploaded } : withImage(uploaded, adopted);
    const image =
      results.image ??
      (await control.runStep('import', (step) => onAnyWorker(`ImportImage in ${region}`).startImport(step, uploaded)));
    results = { ...results, image };
    const detects = control.request().detection.strategy !== 'none';
    if (!results.available) {
      const { watchImport } = onPollQueue(`wait for image ${image.imageId}`);
      if (fewerActivities && detects) {
        const watched = await control.runTwoSteps('import', (step) => watchImport(step, image, 'detection'));
        // A worker of an earlier version returns nothing.
        results = { ...results, detected: (watched as WatchedImport | undefined)?.detected ?? false };
      } else await control.runStep('import', (step) => watchImport(step, image));
    }
    results = { ...results, available: true };
    if (detects && !results.detected) {
      await control.runStep('detection', (step) =>
        onPollQueue(`detection of image ${image.imageId}`).detect(step, image),
      );
    }
    results = { ...results, detected: true };
    const { regions, shareWith, resourceShares = {} } = control.request().distribute;
    if (regions.length + shareWith.length + Object.keys(resourceShares).length > 0 && !results.distributed) {
      await control.runStep('distribution', (step) => onWatchQueue.distribute(step, image));
    }
    results = { ...results, distributed: true };
    return image;
  }

  /** Runs the phase `role` in the activity of preflight; if that fails, it runs again as an activity of its own. */
  async function preflight(): Promise<ImportPlan> {
    const { imageName } = control.request();
    const onFileHost = activitiesOn(fileQueue, pace, {
      summary: `check ${imageName} before the upload`,
      limit: READING,
    });
    if (!fewerActivities) return await control.runStep('preflight', (step) => onFileHost.preflight(step));
    const plan = await control.runTwoSteps('preflight', (step) => onFileHost.preflight(step, 'role'));
    if (plan.roleIsReady === true) results = { ...results, role: true };
    return plan;
  }

  /** The image exists already: the role and the upload are not needed. */
  function withImage(plan: ImportPlan, image: ImageRef): PhaseResults {
    return { ...results, plan, role: true, uploaded: plan, image: results.image ?? image };
  }

  /** Removes what the request does not keep, and writes the final state. */
  async function cleanUp(how: Ending): Promise<FinalState> {
    control.endAs(how.outcome);
    return await control.runStep('cleanup', (step) =>
      activitiesOn(MAIN_QUEUE, pace, { summary: `clean up, ${how.outcome}` }).cleanUp(step, how),
    );
  }
}
