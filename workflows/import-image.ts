/** One import, from the accepted request to the checked image: the lifecycle of docs/architecture.md, read from top to bottom. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { Attention, FinalState, ImageRef, ImportError, Phase } from '../domain/import.js';
import type { Ending, ImportPlan, StepInput } from '../domain/plan.js';
import {
  CANCEL_SIGNAL,
  type CancelSignal,
  type ImportOutcome,
  type ImportProgressState,
  type ImportWorkflowInput,
  MAIN_QUEUE,
  POLL_QUEUE,
  RESUME_SIGNAL,
  type ResumeSignal,
  STATE_QUERY,
  uploadQueue,
  WATCH_QUEUE,
} from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { activitiesOn, watchersOn } from './activity-options.js';
import { attentionOf, failureIn, importErrorOf } from './failures.js';

export const cancelSignal = defineSignal<[CancelSignal]>(CANCEL_SIGNAL);
export const resumeSignal = defineSignal<[ResumeSignal]>(RESUME_SIGNAL);
export const stateQuery = defineQuery<ImportProgressState>(STATE_QUERY);

/**
 * Promises: ends `succeeded` with exactly one image, or `failed` or `cancelled` with nothing left behind.
 * Stops for attention on what a person can mend and goes on from the same phase when told to; cancel wins at any moment.
 */
export async function importImage(input: ImportWorkflowInput): Promise<ImportOutcome> {
  const { importId } = input;
  const here = activitiesOn(MAIN_QUEUE, input.pace);
  const nearTheFiles = activitiesOn(input.fileQueue, input.pace);
  const uploading = activitiesOn(uploadQueue(input.fileQueue), input.pace);
  const watching = watchersOn(POLL_QUEUE, input.pace);
  // Waits for long, so on the queue of those that do; makes copies, so a cancel hears first which ones there are.
  const distributing = activitiesOn(WATCH_QUEUE, input.pace);

  /** There once `accept` has it; nothing runs before. */
  let request: ImportRequest;
  let phase: Phase = 'accepted';
  let attention: Attention | null = null;
  const told: { cancel: CancelSignal | null } = { cancel: null };
  let ending: Ending['outcome'] | null = null;
  let steps = 0;
  let cancels = 0;
  let attempt = 1;
  const resumed = new Map<number, ResumeSignal>();
  const life = new CancellationScope();

  setHandler(cancelSignal, (signal) => {
    told.cancel = signal;
    cancels += 1;
    life.cancel();
  });
  setHandler(resumeSignal, (signal) => {
    resumed.set(signal.attentionVersion, signal);
  });
  setHandler(stateQuery, () => ({
    phase,
    state: attention !== null ? 'attention' : ending === 'cancelled' ? 'cancelling' : 'running',
    attention,
  }));

  /** Runs one activity of a phase; on attention waits for `resume` and runs it again. */
  function step<T>(of: Phase, activity: (input: StepInput) => Promise<T>): Promise<T> {
    return untilDone(of, () => activity({ importId, step: steps, request, attempt }));
  }

  async function untilDone<T>(of: Phase, activity: () => Promise<T>): Promise<T> {
    phase = of;
    for (;;) {
      steps += 1;
      const cancelsBefore = cancels;
      try {
        return await activity();
      } catch (error) {
        const failure = failureIn(error);
        if (failure?.class !== 'attention' || failure.version === undefined) throw error;
        const { version } = failure;
        attention = attentionOf(failure);
        // Who cancels an import that cannot be cleaned up wants it cleaned up: it is tried again.
        const isTold = () => resumed.has(version) || (of === 'cleanup' && cancels > cancelsBefore);
        const goesOn = await toldInTime(of, isTold);
        attention = null;
        if (!goesOn) throw error;
        const amended = resumed.get(version)?.request ?? null;
        if (amended !== null) {
          request = amended;
          attempt += 1;
        }
      }
    }
  }

  /** Not cancelled: without the request nothing is known of what there is to clean up. */
  async function accept(): Promise<ImportRequest> {
    const { fileQueue } = input;
    const recorded = await CancellationScope.nonCancellable(() =>
      untilDone('accepted', () => here.accept({ importId, step: steps, request: input.request, fileQueue })),
    );
    const known = input.request ?? recorded;
    if (known === null) throw ApplicationFailure.nonRetryable(`import ${importId} has no request`, 'defect');
    return known;
  }

  /** False when nobody has come within the limit. A cleanup has none: to end without it would leave things behind in silence. */
  async function toldInTime(of: Phase, isTold: () => boolean): Promise<boolean> {
    const { attentionLimitMs } = input.pace;
    // Without its request an import cannot even be cleaned up.
    const limited = of !== 'cleanup' && of !== 'accepted';
    if (limited && attentionLimitMs !== undefined) return await condition(isTold, attentionLimitMs);
    await condition(isTold);
    return true;
  }

  async function importOneImage(): Promise<ImageRef | null> {
    const plan: ImportPlan = await step('preflight', nearTheFiles.preflight);
    if (request.dryRun) return null;
    if (request.role !== 'skip') await step('role', (at) => here.setUpRole(at, plan));
    const sent = await step('upload', (at) => uploading.upload(at, plan));
    const image = await step('import', (at) => here.startImport(at, sent));
    await step('import', (at) => watching.watchImport(at, image));
    if (request.detection.strategy !== 'none') await step('detection', (at) => watching.detect(at, image));
    const { regions, shareWith } = request.distribute;
    if (regions.length + shareWith.length > 0) await step('distribution', (at) => distributing.distribute(at, image));
    return image;
  }

  /** Leaves behind what was asked for and nothing else, and writes the final state. */
  async function cleanUp(how: Ending): Promise<FinalState> {
    ending = how.outcome;
    attention = null;
    return await step('cleanup', (at) => here.cleanUp(at, how));
  }

  request = await accept();
  let image: ImageRef | null = null;
  let error: ImportError | null = null;
  try {
    image = await life.run(async () => {
      const made = await importOneImage();
      await cleanUp({ outcome: 'succeeded', error: null, keepImage: true });
      return made;
    });
    return { state: 'succeeded', imageId: image?.imageId ?? null, error: null };
  } catch (reason) {
    // An activity whose worker died while it was being cancelled ends with a time-out: the cancel wins all the same.
    if (told.cancel === null && !isCancellation(reason)) error = importErrorOf(reason, phase);
  }

  const outcome = error === null ? 'cancelled' : 'failed';
  const keepImage = told.cancel?.keepImage ?? false;
  const ended = await CancellationScope.nonCancellable(() => cleanUp({ outcome, error, keepImage }));
  return { state: ended, imageId: null, error };
}
