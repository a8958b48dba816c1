/** What a failed call means and how to react. Errors are values with a code from the catalogue. */

import type { Phase } from '../import.js';
import type { RemedyValues } from './placeholders.js';

/**
 * `transient`: retry with backoff. `throttled`: retry later and slow down. `attention`: action required, then resume.
 * `request`: the request is wrong; the import fails. `defect`: a defect of the service, or an unknown error.
 */
export type FailureClass = 'transient' | 'throttled' | 'attention' | 'request' | 'defect';

export interface Failure {
  readonly code: string;
  readonly class: FailureClass;
  /** What happened, to what. Never contains a secret or the query of a request. */
  readonly message: string;
  /** How to fix it: a policy, console page or command. */
  readonly remedy: string;
  readonly link?: string;
  readonly requestId?: string;
  /** HTTP status; absent where there was no response. */
  readonly status?: number;
  /** `ecs`, `ram`, `sts`, `oss` … and the action that failed. */
  readonly service?: string;
  readonly action?: string;
  /** The request field that caused the failure, e.g. `imageName`. */
  readonly field?: string;
  /** What the failed call was about, for the remedy; what is absent is taken from the request. */
  readonly values?: RemedyValues;
  /** A finding of the inspection: `inspection.failOn: never` lets the import pass. */
  readonly overridable?: boolean;
  /** How long the cloud asks to wait, in ms. */
  readonly retryAfterMs?: number;
  /** True when the call may have taken effect although it failed (response lost, time-out, unreadable body). */
  readonly outcomeUnknown?: boolean;
  /** Of `attention`: the phase that repairs it. A resume continues there if the import stopped in a later phase. */
  readonly repairedIn?: Phase;
  /** The import repeats this earlier phase by itself, a limited number of times; afterwards the failure is final. */
  readonly repeatFrom?: Phase;
}

/** Thrown by every adapter; its failure comes from the catalogue. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(`${failure.code}: ${failure.message}`, options);
  }
}
