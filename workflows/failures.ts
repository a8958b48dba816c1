/** Failures of activities as workflows see them: the catalogue's value that the activity attached. */

import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { Failure } from '../domain/errors/failure.js';
import { fail, ofEnded } from '../domain/errors/index.js';
import type { Attention, ImportError, Phase } from '../domain/import.js';
import { RECORD_DECIDES, type RecordedState } from '../domain/process-names.js';

/** The failure as the activity sent it, with the version under which the record shows its attention. */
export interface StepFailure extends Failure {
  readonly version?: number;
  readonly since?: string;
}

function isStepFailure(value: unknown): value is StepFailure {
  return typeof value === 'object' && value !== null && 'code' in value && 'class' in value && 'remedy' in value;
}

export function failureIn(error: unknown): StepFailure | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return null;
  const detail = error.cause.details?.[0];
  return isStepFailure(detail) ? detail : null;
}

/** What the record shows of an import whose step did nothing; null: the step failed for another reason. */
export function recordedIn(error: unknown): RecordedState | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return null;
  const { type, details } = error.cause;
  return type === RECORD_DECIDES && isRecordedState(details?.[0]) ? details[0] : null;
}

function isRecordedState(value: unknown): value is RecordedState {
  return typeof value === 'object' && value !== null && 'kind' in value && ('outcome' in value || 'step' in value);
}

export function attentionOf(failure: StepFailure): Attention {
  return {
    code: failure.code,
    message: failure.message,
    remedy: failure.remedy,
    since: failure.since ?? new Date().toISOString(),
  };
}

export function importErrorOf(error: unknown, phase: Phase): ImportError {
  const failure = failureIn(error);
  if (failure === null) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const { code, message, remedy } = fail(
      'Internal.Defect',
      cause instanceof Error ? cause.message : String(cause),
    ).failure;
    return { code, message, remedy, requestId: null, phase };
  }
  return {
    code: failure.code,
    message: failure.class === 'attention' ? `not resumed within the time limit: ${failure.message}` : failure.message,
    remedy: failure.class === 'attention' ? ofEnded(failure.remedy) : failure.remedy,
    requestId: failure.requestId ?? null,
    phase,
  };
}
