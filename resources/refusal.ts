/** What a failed call implies for its resource. */
import { FailureError } from '../domain/errors/failure.js';

/** The cloud refused the call, so it changed nothing; a retry does not help. */
export function isRefusal(error: unknown): error is FailureError {
  if (!(error instanceof FailureError)) return false;
  const { failure } = error;
  return failure.outcomeUnknown !== true && (failure.class === 'request' || failure.class === 'attention');
}

/**
 * Codes that report a missing parent: the bucket or the region does not exist, or the bucket was created again in another
 * region. OSS deletes only empty buckets, so its objects and unfinished uploads do not exist either.
 */
const PARENT_GONE = ['NoSuchBucket', 'InvalidOSSBucket.NotMatched', 'InvalidRegionId.NotFound'];

/** The bucket or region of the resource does not exist, which implies that the resource does not exist. */
export function isParentGone(error: unknown): error is FailureError {
  return hasCode(error, PARENT_GONE);
}

/** Resolves to `gone` where a call on a resource fails because its parent does not exist. */
export async function orGoneWithParent<Answer, Gone>(call: Promise<Answer>, gone: Gone): Promise<Answer | Gone> {
  try {
    return await call;
  } catch (error) {
    if (isParentGone(error)) return gone;
    throw error;
  }
}

export function hasCode(error: unknown, codes: readonly string[]): error is FailureError {
  return error instanceof FailureError && codes.includes(error.failure.code);
}
