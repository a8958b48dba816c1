/** Turns what goes wrong between us and OSS into the catalogue's failures; the one place where the adapter does so. */

import { type Failure, FailureError } from '../domain/errors/failure.js';
import { type FailureFacts, failureOf } from '../domain/errors/index.js';

/** What is known of a failed call; from an error of `ali-oss`, of a socket, or from an answer that we read ourselves. */
export interface OssProblem extends Omit<FailureFacts, 'service' | 'field'> {
  /** The vendor's code, Node's (`ECONNRESET`), or one of ours under `Upload.` and `Source.`. */
  readonly code: string;
  readonly cause?: unknown;
}

export function ossFailure({ cause, ...facts }: OssProblem): FailureError {
  const code = isWrongRegion(facts) ? 'InvalidOSSBucket.NotMatched' : facts.code;
  return new FailureError(failureOf({ service: 'oss', ...facts, code }), { cause });
}

/** A bucket of another region answers AccessDenied too; no permission would help there. */
function isWrongRegion({ code, message }: Pick<OssProblem, 'code' | 'message'>): boolean {
  return code === 'AccessDenied' && message.includes('must be addressed using the specified endpoint');
}

/** The fields of an error that came from outside, without trusting its shape. */
export function describeError(error: unknown): { code: string; message: string; status?: number; requestId?: string } {
  if (!(error instanceof Error)) return { code: 'UnknownError', message: String(error) };
  const text = (key: string) => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const status: unknown = Reflect.get(error, 'status');
  const requestId = text('requestId');
  // The cloud said yes, and the answer was cut off on its way: its parser's words quote all of it, and tell nothing.
  if (typeof status === 'number' && status >= 200 && status < 300) {
    const message = `answered ${status} with something that cannot be read`;
    return { code: 'UnreadableAnswer', message, ...(requestId === undefined ? {} : { requestId }) };
  }
  return {
    code: text('code') ?? error.name,
    message: error.message,
    // ali-oss says -1 for a cut connection and -2 for a time-out.
    ...(typeof status === 'number' && status > 0 ? { status } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** Whether a failed call may all the same have reached the cloud: no answer, or one that says nothing of the outcome. */
export function mayHaveHappened(failure: Failure): boolean {
  return failure.status === undefined || failure.status >= 500;
}
