/**
 * What all activities of an import share: heartbeats, the phase in the record, and the translation of every failure
 * into one that the workflow can act on.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { Phase, Progress, State } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import type { Unchanged } from '../resources/patience.js';
import type { ImportStore } from '../store/imports.js';
import type { StepWrite } from '../store/step-write.js';
import { ProgressReporter } from './progress.js';

/** Often enough that a busy moment is not taken for death. */
const HEARTBEATS_PER_TIMEOUT = 4;
const MAX_HEARTBEAT_MS = 1_000;
/** A heartbeat is sent within this time; the worker's own setting holds it back for a second at most. */
const HEARTBEAT_HELD_BACK_MS = 1_200;
/** More tries than this in one step count as one: versions must stay whole numbers. */
const VERSIONS_PER_STEP = 1_000_000;

export interface StepSettings {
  /** For so long a transient failure is retried before a person is asked; ms. */
  readonly patienceMs: number;
}

export interface Step extends StepWrite {
  /** Aborted when the import is cancelled, when the worker shuts down, or when another try has taken over. */
  readonly signal: AbortSignal;
  /** Resolves after `ms`, rejects at once when the signal is aborted. */
  sleep(ms: number): Promise<void>;
  /** Writes to the record at most once a second; never fails the step. */
  report(progress: Omit<Progress, 'phase' | 'bytesPerSecond' | 'etaSeconds'>): void;
  /**
   * Notes what was observed of a resource that the step waits for, and returns for how long nothing has changed, in ms, earlier
   * tries included. A change counts as progress.
   */
  readonly unchangedMs: Unchanged;
  /** True for every try but the first: what this step makes may be there already. */
  readonly repeated: boolean;
  log(message: string, attributes?: Readonly<Record<string, unknown>>): void;
}

export async function runStep<T>(
  deps: { readonly store: ImportStore; readonly settings: StepSettings },
  phase: Phase,
  input: Pick<StepInput, 'importId' | 'step'>,
  body: (step: Step) => Promise<T>,
  state: State = 'running',
): Promise<T> {
  const context = Context.current();
  const { info } = context;
  const write: StepWrite = {
    importId: input.importId,
    version: input.step * VERSIONS_PER_STEP + Math.min(info.attempt, VERSIONS_PER_STEP - 1),
    phase,
  };
  const inherited = standstillOf(info.heartbeatDetails) ?? {
    sinceMs: info.scheduledTimestampMs,
    reached: 0,
    observed: {},
  };
  let standstill = inherited;
  // A first try has nothing to hand on yet: most are over before their first heartbeat, each of which is a write to Temporal's database.
  if (info.heartbeatDetails !== undefined) context.heartbeat(standstill);
  const beat = setInterval(() => context.heartbeat(standstill), heartbeatEveryMs(info.heartbeatTimeoutMs));
  const progress = new ProgressReporter(phase, (value) => deps.store.progress(write, value));
  const step: Step = {
    ...write,
    signal: context.cancellationSignal,
    sleep: (ms) => context.sleep(ms),
    report: (value) => {
      const reached = value.bytesDone ?? value.percent;
      if (reached > standstill.reached) standstill = { ...standstill, sinceMs: Date.now(), reached };
      progress.report(value);
    },
    unchangedMs: (subject, observed) => {
      if (standstill.observed[subject] !== observed) {
        standstill = { ...standstill, sinceMs: Date.now(), observed: { ...standstill.observed, [subject]: observed } };
      }
      return Date.now() - standstill.sinceMs;
    },
    repeated: info.attempt > 1,
    log: (message, attributes = {}) => context.log.info(message, { importId: input.importId, phase, ...attributes }),
  };
  try {
    await deps.store.startPhase(write, state);
    const result = await body(step);
    await progress.drop();
    return result;
  } catch (error) {
    await progress.flush();
    if (standstill !== inherited && !step.signal.aborted) {
      // A try that fails at once would else take its last heartbeat with it, and the next one the same steps for progress: for ever.
      context.heartbeat(standstill);
      await delay(HEARTBEAT_HELD_BACK_MS);
    }
    throw await asTemporalFailure(deps, step, error, Date.now() - standstill.sinceMs);
  } finally {
    clearInterval(beat);
  }
}

/**
 * Since when there has been no progress: no more bytes (or percent, where there are none), and no change of a resource that the
 * step waits for. Patience counts from here, so that one broken connection after hours of uploading does not count as hours of
 * failing. Passed on to the next try in the heartbeats: it has to observe something new to count as progress.
 */
interface Standstill {
  readonly sinceMs: number;
  readonly reached: number;
  /** What was last observed, by subject. */
  readonly observed: Readonly<Record<string, string>>;
}

function standstillOf(details: unknown): Standstill | null {
  if (typeof details !== 'object' || details === null || !('sinceMs' in details && 'reached' in details)) return null;
  const { sinceMs, reached } = details;
  if (typeof sinceMs !== 'number' || typeof reached !== 'number') return null;
  return { sinceMs, reached, observed: 'observed' in details ? textsOf(details.observed) : {} };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}

function heartbeatEveryMs(timeoutMs: number | undefined): number {
  return Math.min(MAX_HEARTBEAT_MS, (timeoutMs ?? Number.POSITIVE_INFINITY) / HEARTBEATS_PER_TIMEOUT);
}

/** A failure that no catalogue entry explains: a fault of ours, or the database is away. Retried, then a person is asked. */
function unexplained(error: unknown): Failure {
  return fail('Internal.Unexpected', error instanceof Error ? error.message : String(error)).failure;
}

/** The SDK documents this message for a shutdown; it sets no cancellation details for it. */
const WORKER_SHUTDOWN = 'WORKER_SHUTDOWN';

/** Aborted because the worker ends: the step is tried again by the next one. */
export function isShutdown({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof CancelledFailure && reason.message === WORKER_SHUTDOWN;
}

async function asTemporalFailure(
  deps: { readonly store: ImportStore; readonly settings: StepSettings },
  step: Step,
  error: unknown,
  standstillMs: number,
): Promise<Error> {
  if (step.signal.aborted) {
    const reason: unknown = step.signal.reason;
    if (isShutdown(step.signal)) {
      return ApplicationFailure.create({
        message: 'worker is shutting down',
        type: 'shutdown',
        nextRetryDelay: '10ms',
      });
    }
    return reason instanceof Error ? reason : new CancelledFailure('cancelled');
  }
  if (!(error instanceof FailureError)) {
    step.log('unexpected error', { error: error instanceof Error ? error.stack : String(error) });
  }
  const failure = error instanceof FailureError ? error.failure : unexplained(error);
  const retriable = failure.class === 'transient' || failure.class === 'throttled';
  if (retriable && standstillMs < deps.settings.patienceMs) {
    step.log('will try again', { code: failure.code, error: failure.message, requestId: failure.requestId });
    return ApplicationFailure.create({
      message: `${failure.code}: ${failure.message}`,
      type: failure.class,
      details: [failure],
      category: ApplicationFailureCategory.BENIGN,
      ...(failure.retryAfterMs === undefined ? {} : { nextRetryDelay: failure.retryAfterMs }),
    });
  }
  if (failure.class === 'request' || failure.class === 'defect') {
    return ApplicationFailure.create({
      message: `${failure.code}: ${failure.message}`,
      type: failure.class,
      nonRetryable: true,
      details: [failure],
    });
  }
  const attention = {
    code: failure.code,
    message: failure.message,
    remedy: failure.remedy,
    since: new Date().toISOString(),
  };
  try {
    await deps.store.attention(step, attention);
  } catch (unwritten) {
    // What nobody can read helps nobody: try the whole step again.
    return ApplicationFailure.create({ message: String(unwritten), type: 'transient' });
  }
  return ApplicationFailure.create({
    message: `${failure.code}: ${failure.message}`,
    type: 'attention',
    nonRetryable: true,
    details: [{ ...failure, class: 'attention', version: step.version, since: attention.since }],
  });
}
