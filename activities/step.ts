/**
 * Shared by all activities of an import: heartbeats, the phase in the record, and the translation of every error into a
 * failure that the workflow handles.
 */

import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { createChangeLease, withChangeLease } from '../alibaba/change-lease.js';
import type { OnRetry } from '../alibaba/region-watcher.js';
import { explain } from '../domain/errors/explain.js';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { isFinal, type Phase, type Progress, type State } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { RECORD_DECIDES, type RecordedState } from '../domain/process-names.js';
import type { Unchanged } from '../resources/patience.js';
import type { CancelNotices } from '../store/cancel-notices.js';
import { databaseFailure } from '../store/database-failure.js';
import type { ImportStore, StartedStep, StepRead } from '../store/imports.js';
import { type StepWrite, VERSIONS_PER_STEP } from '../store/step-write.js';
import { startHeartbeats } from './heartbeat.js';
import { LaterWrites } from './later-writes.js';
import type { ActivityMetrics } from './metrics.js';
import { ProgressReporter } from './progress.js';
import { nextAttemptMs, RetryReporter } from './retry-report.js';

/** A confirmation that the step is current counts for this share of the time after which another worker may continue it. */
const LEASE_SHARE = 0.5;
const MAX_LEASE_MS = 10_000;

export interface StepSettings {
  /** How long a transient failure is retried before the import stops for attention; ms. */
  readonly patienceMs: number;
}

export interface StepDependencies {
  readonly store: ImportStore;
  readonly settings: StepSettings;
  /** Absent: cancels arrive with the regular heartbeats. */
  readonly cancels?: Pick<CancelNotices, 'subscribe'>;
  /** Absent: nothing is counted. */
  readonly metrics?: ActivityMetrics;
}

export interface Step extends StepWrite {
  /** Aborted when the import is cancelled, when the worker shuts down, or when another attempt has taken over. */
  readonly signal: AbortSignal;
  /** Resolves after `ms`; rejects immediately when the signal is aborted. */
  sleep(ms: number): Promise<void>;
  /** Writes to the record at most once a second; never fails the step. */
  report(progress: Omit<Progress, 'phase' | 'bytesPerSecond' | 'etaSeconds'>): void;
  /**
   * Records an observation of a resource that the step waits for. Returns for how long nothing has changed, in ms, including
   * earlier attempts. A change counts as progress.
   */
  readonly unchangedMs: Unchanged;
  /** Records a failure that this attempt retries itself, until the next `unchangedMs` or `report`. */
  readonly onRetry: OnRetry;
  /** What was read when the step started, as `StepOptions` asks; null: not asked for, or the import has ended. */
  readonly started: StartedStep | null;
  /** Throws `Import.Superseded` if a newer attempt has begun; needs no statement if that was confirmed just now. */
  requireCurrent(): Promise<void>;
  /** True for every attempt after the first: the resources that this step creates may already exist. */
  readonly repeated: boolean;
  log(message: string, attributes?: Readonly<Record<string, unknown>>): void;
}

type StepOrder = Pick<StepInput, 'importId' | 'step'> & { readonly request: StepInput['request'] | null };

export interface StepOptions<T = unknown> {
  /** Default: `running`. */
  readonly state?: State;
  /** What the step needs of the record. */
  readonly reads?: readonly StepRead[];
  /** Starts the step in another way than `startPhase`. */
  readonly start?: (write: StepWrite) => Promise<StartedStep | null>;
  /** True: `tryNextStep` follows, and writes what this step has left together with the start of the next one. */
  readonly isContinued?: (result: T) => boolean;
}

export async function runStep<T>(
  deps: StepDependencies,
  phase: Phase,
  input: StepOrder,
  body: (step: Step) => Promise<T>,
  options: StepOptions<T> = {},
): Promise<T> {
  return await inStep(deps, phase, input, body, options, (step, error, unchangedForMs) =>
    asTemporalFailure(deps, step, input.request, error, unchangedForMs),
  );
}

/**
 * Runs the step after the one of this activity in the same activity, which saves an activity. A failure changes nothing in the
 * record: the workflow then runs the step as an activity of its own, with its retries and its attention.
 * @param before the step before, which has left its last writes; null: an earlier attempt has ended it. An attempt that was frozen
 * since then must not begin the next step: its version is newer than that of the attempt that now runs the step before.
 * @returns whether the step has succeeded
 */
export async function tryNextStep(
  deps: StepDependencies,
  phase: Phase,
  input: StepInput,
  before: Step | null,
  body: (step: Step) => Promise<void>,
  reads: readonly StepRead[] = [],
): Promise<boolean> {
  const context = Context.current();
  const next = { ...input, step: input.step + 1 };
  const write = writeOf(phase, next, context.info.attempt);
  const start =
    before === null ? {} : { start: (started: StepWrite) => deps.store.startNextPhase(before, started, reads) };
  try {
    await inStep(deps, phase, next, body, { reads, ...start }, async (_step, error) => error);
    return true;
  } catch (error) {
    if (context.cancellationSignal.aborted) {
      const step = { ...write, signal: context.cancellationSignal, log: () => undefined };
      if (before !== null) await flushLeft(deps, before, write, input).catch(() => undefined);
      throw await asTemporalFailure(deps, step, input.request, error, 0);
    }
    if (before !== null) await flushLeft(deps, before, write, input);
    context.log.info('continues in an activity of its own', { importId: input.importId, phase, error: String(error) });
    return false;
  }
}

/** Writes what the step before has left, unless the next one has started: both are one statement, whose response may be lost. */
async function flushLeft(deps: StepDependencies, before: Step, next: StepWrite, { request }: StepInput): Promise<void> {
  try {
    const now = await deps.store.standing(before.importId);
    if (now?.version !== next.version) await deps.store.flush(before);
  } catch (error) {
    throw await asTemporalFailure(deps, before, request, error, 0);
  }
}

/** An earlier attempt of this activity has begun the next step, so that its own step is done. */
export async function hasBegunNextStep(
  { store }: Pick<StepDependencies, 'store'>,
  { importId, step }: StepInput,
): Promise<boolean> {
  if (Context.current().info.attempt === 1) return false;
  const now = await store.standing(importId);
  return now !== null && !isFinal(now.state) && Math.floor(now.version / VERSIONS_PER_STEP) === step + 1;
}

async function inStep<T>(
  deps: StepDependencies,
  phase: Phase,
  input: StepOrder,
  body: (step: Step) => Promise<T>,
  { state = 'running', reads = [], start, isContinued = () => false }: StepOptions<T>,
  failureOf: (step: Step, error: unknown, unchangedForMs: number) => Promise<unknown>,
): Promise<T> {
  const context = Context.current();
  const { info } = context;
  const write = writeOf(phase, input, info.attempt);
  const inherited = lastProgressOf(info.heartbeatDetails) ?? {
    sinceMs: info.scheduledTimestampMs,
    reached: 0,
    observed: {},
  };
  let lastProgress = inherited;
  const retries = new RetryReporter(deps.store, write, info.attempt > 1);
  // A first attempt has nothing to pass on yet. Most end before their first heartbeat, which saves a write to Temporal's database.
  if (info.heartbeatDetails !== undefined) context.heartbeat(lastProgress);
  const stopHeartbeats = startHeartbeats(context, () => lastProgress, { notices: deps.cancels, id: input.importId });
  const progress = new ProgressReporter(phase, (value) => deps.store.progress(write, value));
  const later = new LaterWrites(deps.store, write);
  const leaseMs = Math.min(MAX_LEASE_MS, (info.heartbeatTimeoutMs ?? MAX_LEASE_MS) * LEASE_SHARE);
  const lease = createChangeLease(() => deps.store.requireCurrent(write), leaseMs);
  let started: StartedStep | null = null;
  const step: Step = {
    ...write,
    get started() {
      return started;
    },
    pending: later.pending,
    confirming: lease.confirming,
    signal: context.cancellationSignal,
    sleep: (ms) => context.sleep(ms),
    onRetry: (failure, { nextMs, givesUpMs }) => {
      const known = explain(failure, { importId: input.importId, phase, request: input.request }, 'retried');
      retries.failed(known, nextMs, givesUpMs);
    },
    report: (value) => {
      retries.progressed();
      const reached = value.bytesDone ?? value.percent;
      if (reached > lastProgress.reached) lastProgress = { ...lastProgress, sinceMs: Date.now(), reached };
      lastProgress = { ...lastProgress, shown: progress.report(value) };
    },
    unchangedMs: (subject, observed) => {
      retries.progressed();
      if (lastProgress.observed[subject] !== observed) {
        lastProgress = {
          ...lastProgress,
          sinceMs: Date.now(),
          observed: { ...lastProgress.observed, [subject]: observed },
        };
      }
      return Date.now() - lastProgress.sinceMs;
    },
    requireCurrent: () => lease.hold(),
    repeated: info.attempt > 1,
    log: (message, attributes = {}) => context.log.info(message, { importId: input.importId, phase, ...attributes }),
  };
  try {
    const confirmed = lease.confirming();
    started = await (start === undefined ? deps.store.startPhase(write, state, reads) : start(write));
    if (started !== null) confirmed();
    else await requireCurrent(deps.store, write);
    const result = await withChangeLease({ ...lease, onChange: later.called }, () => body(step));
    if (!isContinued(result)) await later.write(step);
    await progress.drop();
    await retries.written();
    return result;
  } catch (error) {
    await progress.flush();
    // A later attempt writes it again.
    await later.write(step).catch(() => undefined);
    await retries.written();
    if (lastProgress !== inherited && !step.signal.aborted) {
      // The next attempt would count the same steps as progress again, without limit. The SDK sends the last heartbeat before the failure.
      context.heartbeat(lastProgress);
    }
    throw await failureOf(step, error, Date.now() - lastProgress.sinceMs);
  } finally {
    later.stop();
    stopHeartbeats();
  }
}

function writeOf(phase: Phase, { importId, step }: Pick<StepInput, 'importId' | 'step'>, attempt: number): StepWrite {
  const version = step * VERSIONS_PER_STEP + Math.min(attempt, VERSIONS_PER_STEP - 1);
  return { importId, version, phase };
}

/** The failure of an attempt that ran in another process, which has written its start to the record. */
export async function failureOfStep(
  deps: Pick<StepDependencies, 'store' | 'settings' | 'metrics'>,
  phase: Phase,
  input: Pick<StepInput, 'importId' | 'step'>,
  error: FailureError,
): Promise<Error> {
  const context = Context.current();
  const step = {
    ...writeOf(phase, input, context.info.attempt),
    signal: context.cancellationSignal,
    log: (message: string, attributes = {}) =>
      context.log.info(message, { importId: input.importId, phase, ...attributes }),
  };
  return await asTemporalFailure(deps, step, null, error, 0);
}

/**
 * The record has rejected the start of the step. Throws if the import has ended, or if a later step has written to the record:
 * an operator reset the workflow, whose steps count again from an earlier one. The cleanup of an ended import is repeated
 * instead, because it returns the recorded end.
 */
async function requireCurrent(store: ImportStore, { importId, version, phase }: StepWrite): Promise<void> {
  const now = await store.standing(importId);
  if (now === null) return;
  if (isFinal(now.state)) {
    if (phase === 'cleanup') return;
    const view = await store.get(importId);
    const outcome = { state: now.state, imageId: view?.image?.imageId ?? null, error: view?.error ?? null };
    throw recordDecides({ kind: 'ended', outcome });
  }
  if (now.version >= version) throw recordDecides({ kind: 'ahead', step: Math.floor(now.version / VERSIONS_PER_STEP) });
}

function recordDecides(state: RecordedState): ApplicationFailure {
  const message = state.kind === 'ended' ? `the import has ended as ${state.outcome.state}` : 'a later step has run';
  return ApplicationFailure.create({ message, type: RECORD_DECIDES, nonRetryable: true, details: [state] });
}

/**
 * The last progress of a step: more bytes (or percent, where no bytes are counted), or a change of a resource that the step
 * waits for. Patience counts from here, so that one broken connection after hours of uploading does not count as hours of
 * failing. Heartbeats pass it to the next attempt, for which only a new observation counts as progress.
 */
interface LastProgress {
  readonly sinceMs: number;
  readonly reached: number;
  /** The last observation of each subject. */
  readonly observed: Readonly<Record<string, string>>;
  /** For Temporal's UI; no attempt reads it. */
  readonly shown?: Pick<Progress, 'percent' | 'bytesDone' | 'bytesTotal' | 'bytesPerSecond'>;
}

function lastProgressOf(details: unknown): LastProgress | null {
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

/** An error that is not in the catalogue: a defect, or the database is unavailable. Retried, then the import stops for attention. */
function unexplained(error: unknown): Failure {
  const ofDatabase = databaseFailure(error);
  if (ofDatabase !== null) return ofDatabase.failure;
  return fail('Internal.Unexpected', error instanceof Error ? error.message : String(error)).failure;
}

/** The SDK documents this message for a shutdown; it sets no cancellation details for it. */
const WORKER_SHUTDOWN = 'WORKER_SHUTDOWN';

/** Aborted because the worker shuts down: another worker retries the step. */
export function isShutdown({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof CancelledFailure && reason.message === WORKER_SHUTDOWN;
}

async function asTemporalFailure(
  deps: Pick<StepDependencies, 'store' | 'settings' | 'metrics'>,
  step: StepWrite & Pick<Step, 'signal' | 'log'>,
  request: StepInput['request'] | null,
  error: unknown,
  unchangedForMs: number,
): Promise<Error> {
  if (error instanceof ApplicationFailure && error.type === RECORD_DECIDES) return error;
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
  const known = error instanceof FailureError ? error.failure : unexplained(error);
  const isTemporary = known.class === 'transient' || known.class === 'throttled';
  const retries = isTemporary && unchangedForMs < deps.settings.patienceMs;
  const { importId, phase } = step;
  const failure = explain(known, { importId, phase, request }, retries ? 'retried' : 'stopped');
  if (retries) {
    deps.metrics?.retried(phase, failure.class);
    step.log('attempt failed, retrying', { code: failure.code, error: failure.message, requestId: failure.requestId });
    const now = Date.now();
    const record = new RetryReporter(deps.store, step, true);
    record.failed(
      failure,
      now + nextAttemptMs(Context.current().info, failure),
      now - unchangedForMs + deps.settings.patienceMs,
    );
    await record.written();
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
  const { code, message, remedy, requestId } = failure;
  deps.metrics?.stopped(phase);
  let since: string | null;
  try {
    since = await deps.store.attention(step, {
      code,
      message,
      remedy,
      ...(requestId === undefined ? {} : { requestId }),
    });
  } catch (unwritten) {
    // An attention that is not in the record cannot be resumed: retry the whole step.
    return ApplicationFailure.create({ message: String(unwritten), type: 'transient' });
  }
  return ApplicationFailure.create({
    message: `${failure.code}: ${failure.message}`,
    type: 'attention',
    nonRetryable: true,
    details: [{ ...failure, class: 'attention', version: step.version, ...(since === null ? {} : { since }) }],
  });
}
