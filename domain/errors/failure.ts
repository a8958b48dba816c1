/** What a failed call to the outside means, and what to do about it. Errors are values with a code from the catalogue. */

/**
 * `transient`: retry with backoff. `throttled`: retry later and slow down. `attention`: a person must act, then resume.
 * `request`: the request is wrong; it fails. `defect`: ours, or not understood.
 */
export type FailureClass = 'transient' | 'throttled' | 'attention' | 'request' | 'defect';

export interface Failure {
  readonly code: string;
  readonly class: FailureClass;
  /** What happened, to what. Never holds a secret or a request's full query. */
  readonly message: string;
  /** What a person can do: the policy, console page or command. */
  readonly remedy: string;
  readonly link?: string;
  readonly requestId?: string;
  /** HTTP status, where the cloud answered at all. */
  readonly status?: number;
  /** `ecs`, `ram`, `sts`, `oss` … and the action that failed. */
  readonly service?: string;
  readonly action?: string;
  /** The request field that is to blame, e.g. `imageName`. */
  readonly field?: string;
  /** How long the cloud asks to wait, in ms. */
  readonly retryAfterMs?: number;
  /** True when the call may have taken effect although it failed (answer lost, time-out, unreadable body). */
  readonly outcomeUnknown?: boolean;
}

/** Thrown by every adapter to the outside, and only with a catalogue entry's words. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(`${failure.code}: ${failure.message}`, options);
  }
}
