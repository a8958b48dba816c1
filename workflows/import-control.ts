/** Signals, the state query and attention of one import: what the lifecycle in import-image.ts runs under. */
import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type Attention, type FinalState, PHASES, type Phase } from '../domain/import.js';
import type { Continued, StepInput } from '../domain/plan.js';
import {
  CANCEL_SIGNAL,
  type CancelSignal,
  type ImportOutcome,
  type ImportProgressState,
  type ImportWorkflowInput,
  MAIN_QUEUE,
  RESUME_SIGNAL,
  type ResumeSignal,
  STATE_QUERY,
} from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { searchOfRequest } from '../domain/search-attributes.js';
import { activitiesOn } from './activity-options.js';
import { attentionOf, failureIn, recordedIn } from './failures.js';
import { ImportEnded, ReturnToPhase } from './import-jumps.js';
import { openShown, showAttention, showEnd, showPhase } from './shown.js';

export const cancelSignal = defineSignal<[CancelSignal]>(CANCEL_SIGNAL);
export const resumeSignal = defineSignal<[ResumeSignal]>(RESUME_SIGNAL);
export const stateQuery = defineQuery<ImportProgressState>(STATE_QUERY);

/** A resume in vain costs about 10 events; Temporal ends a workflow with more than 51,200. */
const MAX_EVENTS_BEFORE_RESUME = 500;
/** How often an import repeats an earlier phase without a resume, e.g. an upload whose object was deleted. */
const MAX_REPETITIONS = 3;

export interface ImportControl {
  readonly phase: Phase;
  /** The first cancel signal or a later one; null while none has arrived. */
  readonly cancel: CancelSignal | null;
  /** Runs the lifecycle in a scope that a cancel signal cancels. */
  cancellable<T>(lifecycle: () => Promise<T>): Promise<T>;
  /** Reported by the state query from now on. */
  endAs(outcome: FinalState): void;
  /** Shows the outcome in Temporal, and returns it. */
  end(outcome: ImportOutcome): ImportOutcome;
  /** The request of the import; set once `accept` has returned it. */
  setRequest(request: ImportRequest): void;
  /** As `setRequest` set it, with the amendments of later resumes. */
  request(): ImportRequest;
  /**
   * Runs one activity of a phase. On attention, waits for `resume` and runs it again.
   * Throws `ReturnToPhase` if an earlier phase has to run first, and `ImportEnded` if the record shows that the import has ended.
   */
  runStep<T>(phase: Phase, activity: (input: StepInput) => Promise<T>): Promise<T>;
  /** As `runStep`, for an activity that also runs the step after its own. */
  runTwoSteps<T>(phase: Phase, activity: (input: StepInput) => Promise<T>): Promise<T>;
  /** As `runStep`, for the activity that runs before the request is known; it gets the number of the step. */
  runUntilDone<T>(phase: Phase, activity: (step: number) => Promise<T>): Promise<T>;
  /** Continues as new if the history has become long: imports may be resumed in vain without limit. */
  continueIfLong(): Promise<void>;
}

type Carried = Pick<Continued, 'results' | 'ending'>;

/** @param carried what a new run of this workflow needs to continue, in addition to the state of the control */
export function openImportControl(input: ImportWorkflowInput, carried: () => Carried): ImportControl {
  const { importId, continued } = input;
  const { attentionLimitMs } = input.pace;
  const scope = new CancellationScope();
  const resumes = new Map<number, ResumeSignal>();
  let phase: Phase = continued?.phase ?? 'accepted';
  let attention: Attention | null = null;
  let ending: FinalState | null = null;
  let cancel: CancelSignal | null = null;
  let cancelCount = 0;
  let stepCount = input.firstStep ?? 0;
  let attempt = continued?.attempt ?? 1;
  let repetitions = continued?.repetitions ?? 0;
  let request: ImportRequest | null = null;
  const hasValues = input.search === 'set' || continued !== undefined;
  const shown = openShown(input.search !== undefined, hasValues ? { state: 'running' } : {});

  function onCancel(signal: CancelSignal): void {
    cancel = signal;
    cancelCount += 1;
    scope.cancel();
  }
  setHandler(cancelSignal, onCancel);
  // A cancel by Temporal's own interface cancels the scope by itself; a cleanup in attention is retried as by the signal.
  CancellationScope.current().cancelRequested.catch(() => {
    if (!patched('native-cancel-retries-cleanup')) return;
    const signal = cancel ?? { keepImage: false };
    onCancel(signal);
    if (patched('native-cancel-is-recorded')) noteCancel(signal);
  });
  setHandler(resumeSignal, (signal) => {
    resumes.set(signal.attentionVersion, signal);
  });
  setHandler(stateQuery, () => ({
    phase,
    state: attention !== null ? 'attention' : stateNow(),
    attention,
  }));

  /** Without it, a cleanup that completes before its next heartbeat would end the import as succeeded. */
  function noteCancel(signal: CancelSignal): void {
    const { noteCancel: note } = activitiesOn(MAIN_QUEUE, input.pace);
    // The lifecycle cancels the import by itself: it needs no result.
    CancellationScope.nonCancellable(() => note(importId, signal)).catch(() => undefined);
  }

  const stateNow = () => (ending === 'cancelled' ? 'cancelling' : 'running');

  async function runUntilDone<T>(of: Phase, activity: (step: number) => Promise<T>, steps = 1): Promise<T> {
    phase = of;
    for (;;) {
      showPhase(of, stateNow());
      const step = stepCount + 1;
      stepCount += steps;
      const cancelsBefore = cancelCount;
      try {
        return await activity(step);
      } catch (error) {
        const recorded = recordedIn(error);
        if (recorded !== null && patched('record-decides')) {
          if (recorded.kind === 'ended') throw new ImportEnded(recorded.outcome);
          stepCount = Math.max(stepCount, recorded.step);
          continue;
        }
        const failure = failureIn(error);
        const repeats = failure?.repeatFrom;
        if (repeats !== undefined && repetitions < MAX_REPETITIONS && patched('repeat-earlier-phase')) {
          repetitions += 1;
          attempt += 1;
          throw new ReturnToPhase(repeats);
        }
        if (failure?.class !== 'attention' || failure.version === undefined) throw error;
        const { version } = failure;
        attention = attentionOf(failure);
        showAttention(shown, importId, of, attention);
        // A cancel while cleanup is in attention asks for the cleanup: it is retried.
        const resumed = () => resumes.has(version) || (of === 'cleanup' && cancelCount > cancelsBefore);
        const inTime = await waitForResume(of, resumed);
        attention = null;
        if (!inTime) throw error;
        shown.search({ state: stateNow(), code: null });
        const amended = resumes.get(version)?.request ?? null;
        if (amended !== null) {
          request = amended;
          attempt += 1;
        }
        const { repairedIn } = failure;
        if (repairedIn !== undefined && precedes(repairedIn, of) && patched('resume-in-repairing-phase')) {
          throw new ReturnToPhase(repairedIn);
        }
        await continueIfLong();
      }
    }
  }

  /**
   * False when the limit has passed. `cleanup` has no limit, since ending without it would leave resources behind
   * silently; neither has `accepted`, since an import without its request cannot be cleaned up.
   */
  async function waitForResume(of: Phase, resumed: () => boolean): Promise<boolean> {
    const limited = of !== 'cleanup' && of !== 'accepted';
    if (limited && attentionLimitMs !== undefined)
      return await condition(resumed, attentionLimitMs, { summary: 'limit of the wait for a resume' });
    await condition(resumed);
    return true;
  }

  async function continueIfLong(): Promise<void> {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const isLong = continueAsNewSuggested || historyLength >= MAX_EVENTS_BEFORE_RESUME;
    if (!isLong || !patched('continue-long-import')) return;
    await continueAsNew<(next: ImportWorkflowInput) => Promise<unknown>>({
      ...input,
      request: request ?? input.request,
      firstStep: stepCount,
      continued: { ...carried(), phase, attempt, repetitions },
    });
  }

  function knownRequest(): ImportRequest {
    if (request === null) throw new Error(`import ${importId} runs a step before it is accepted`);
    return request;
  }

  const inputOf = (step: number): StepInput => ({ importId, step, request: knownRequest(), attempt });

  return {
    get phase() {
      return phase;
    },
    get cancel() {
      return cancel;
    },
    cancellable: (lifecycle) => scope.run(lifecycle),
    endAs: (outcome) => {
      ending = outcome;
      attention = null;
    },
    setRequest: (accepted) => {
      request = accepted;
      if (!hasValues) shown.search(searchOfRequest(accepted));
    },
    end: (outcome) => {
      showEnd(shown, outcome);
      return outcome;
    },
    request: knownRequest,
    runUntilDone,
    runStep: (of, activity) => runUntilDone(of, (step) => activity(inputOf(step))),
    runTwoSteps: (of, activity) => runUntilDone(of, (step) => activity(inputOf(step)), 2),
    continueIfLong,
  };
}

/** Cleanup comes after every phase and is never left for an earlier one. */
function precedes(earlier: Phase, phase: Phase): boolean {
  return phase !== 'cleanup' && PHASES.indexOf(earlier) < PHASES.indexOf(phase);
}
