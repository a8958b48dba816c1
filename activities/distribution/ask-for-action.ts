/** Makes a failure of distribution one that a user can act on: the image itself took hours, so a wrong request does not fail it. */
import { type Failure, FailureError } from '../../domain/errors/failure.js';

/** @param set the change of the request with which the import continues without the copy or the share */
export function askForAction(error: unknown, what: string, set: string): unknown {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  if (failure.class !== 'request' && failure.class !== 'attention') return error;
  const asked: Failure = {
    ...failure,
    class: 'attention',
    message: `${what}: ${failure.message}`,
    remedy: `${failure.remedy} To continue without it, resume with --set '${set}'.`,
  };
  return new FailureError(asked);
}
