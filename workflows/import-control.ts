/** Signals, the state query and attention of one import: what the lifecycle in import-image.ts runs under. */
import { CancellationScope, condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { Attention, FinalState, Phase } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import {
  CANCEL_SIGNAL,
  type CancelSignal,
  type ImportProgressState,
  RESUME_SIGNAL,
  type ResumeSignal,
  STATE_QUERY,
} from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { attentionOf, failureIn } from './failures.js';

export const cancelSignal = defineSignal<[CancelSignal]>(CANCEL_SIGNAL);
export const resumeSignal = defineSignal<[ResumeSignal]>(RESUME_SIGNAL);
export const stateQuery = defineQuery<ImportProgressState>(STATE_QUERY);

export interface ImportControl {
  readonly phase: Phase;
  /** The first cancel signal or a later one; null while none has arrived. */
  readonly cancel: CancelSignal | null;
  /** Runs the lifecycle in a scope that a cancel signal cancels. */
  cancellable<T>(lifecycle: () => Promise<T>): Promise<T>;
  /** Reported by the state query from now on. */
  endAs(outcome: FinalState): void;
  /** The request of the import; set once `accept` has returned it. */
  setRequest(request: ImportRequest): void;
  /** As `setRequest` set it, with the amendments of later resumes. */
  request(): ImportRequest;
  /** Runs one activity of a phase. On attention, waits for `resume` and runs it again. */
  runStep<T>(phase: Phase, activity: (input: StepInput) => Promise<T>): Promise<T>;
  /** As `runStep`, for the activity that runs before the request is known; it gets the number of the step. */
  runUntilDone<T>(phase: Phase, activity: (step: number) => Promise<T>): Promise<T>;
}

/**
 * @param attentionLimitMs how long an import waits for `resume` before it fails; undefined: without limit
 * @param firstStep steps count from here
 */
export function openImportControl(
  importId: string,
  attentionLimitMs: number | undefined,
  firstStep = 0,
): ImportControl {
  const scope = new CancellationScope();
  const resumes = new Map<number, ResumeSignal>();
  let phase: Phase = 'accepted';
  let attention: Attention | null = null;
  let ending: FinalState | null = null;
  let cancel: CancelSignal | null = null;
  let cancelCount = 0;
  let stepCount = firstStep;
  let attempt = 1;
  let request: ImportRequest | null = null;

  setHandler(cancelSignal, (signal) => {
    cancel = signal;
    cancelCount += 1;
    scope.cancel();
  });
  setHandler(resumeSignal, (signal) => {
    resumes.set(signal.attentionVersion, signal);
  });
  setHandler(stateQuery, () => ({
    phase,
    state: attention !== null ? 'attention' : ending === 'cancelled' ? 'cancelling' : 'running',
    attention,
  }));

  async function runUntilDone<T>(of: Phase, activity: (step: number) => Promise<T>): Promise<T> {
    phase = of;
    for (;;) {
      stepCount += 1;
      const cancelsBefore = cancelCount;
      try {
        return await activity(stepCount);
      } catch (error) {
        const failure = failureIn(error);
        if (failure?.class !== 'attention' || failure.version === undefined) throw error;
        const { version } = failure;
        attention = attentionOf(failure);
        // A cancel while cleanup is in attention asks for the cleanup: it is retried.
        const resumed = () => resumes.has(version) || (of === 'cleanup' && cancelCount > cancelsBefore);
        const inTime = await waitForResume(of, resumed);
        attention = null;
        if (!inTime) throw error;
        const amended = resumes.get(version)?.request ?? null;
        if (amended !== null) {
          request = amended;
          attempt += 1;
        }
      }
    }
  }

  /**
   * False when the limit has passed. `cleanup` has no limit, since ending without it would leave resources behind
   * silently; neither has `accepted`, since an import without its request cannot be cleaned up.
   */
  async function waitForResume(of: Phase, resumed: () => boolean): Promise<boolean> {
    const limited = of !== 'cleanup' && of !== 'accepted';
    if (limited && attentionLimitMs !== undefined) return await condition(resumed, attentionLimitMs);
    await condition(resumed);
    return true;
  }

  function knownRequest(): ImportRequest {
    if (request === null) throw new Error(`import ${importId} runs a step before it is accepted`);
    return request;
  }

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
    },
    request: knownRequest,
    runUntilDone,
    runStep: (of, activity) =>
      runUntilDone(of, (step) => activity({ importId, step, request: knownRequest(), attempt })),
  };
}
