/** What a failed call implies for its resource. */
import { FailureError } from '../domain/errors/failure.js';

/** The cloud refused the call, so it changed nothing; a retry does not help. */
export function isRefusal(error: unknown): error is FailureError {
  if (!(error instanceof FailureError)) return false;
  const { failure } = error;
  return failure.outcomeUnknown !== true && (failure.class === 'request' || failure.class === 'attention');
}

export function hasCode(error: unknown, codes: readonly string[]): error is FailureError {
  return error instanceof FailureError && codes.includes(error.failure.code);
}
