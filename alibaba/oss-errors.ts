/** Converts errors of OSS calls to failures of the error catalogue. */

import { type Failure, FailureError } from '../domain/errors/failure.js';
import { type FailureFacts, failureOf } from '../domain/errors/index.js';
import type { EndpointView } from './oss-api.js';

/** The facts of a failed call, from an error of `ali-oss`, of a socket, or from a response. */
export interface OssErrorFacts extends Omit<FailureFacts, 'service' | 'field'> {
  /** A code of the vendor, of Node.js (`ECONNRESET`), or of this service (`Upload.…`, `Source.…`). */
  readonly code: string;
  readonly cause?: unknown;
  /** The kind of the endpoint that answered. */
  readonly endpoint?: EndpointView['kind'];
}

export function ossFailure({ cause, endpoint, ...facts }: OssErrorFacts): FailureError {
  const code = codeAt(endpoint, facts);
  return new FailureError(failureOf({ service: 'oss', ...facts, code }), { cause });
}

function codeAt(endpoint: OssErrorFacts['endpoint'], facts: Pick<OssErrorFacts, 'code' | 'message'>): string {
  // The answer of OSS to a domain that is bound to no bucket, or to another one.
  if (endpoint === 'custom' && (facts.code === 'NoSuchBucket' || isElsewhere(facts))) return 'Upload.DomainNotBound';
  if (!isElsewhere(facts)) return facts.code;
  // The accelerate endpoint knows no regions: it has no buckets without acceleration.
  return endpoint === 'accelerate' ? 'Upload.AccelerationNotEnabled' : 'InvalidOSSBucket.NotMatched';
}

/** OSS also returns AccessDenied for a bucket at another endpoint, where no permission helps. */
function isElsewhere({ code, message }: Pick<OssErrorFacts, 'code' | 'message'>): boolean {
  return code === 'AccessDenied' && message.includes('must be addressed using the specified endpoint');
}

/** Reads the fields of an error of unknown type. */
export function describeError(error: unknown): { code: string; message: string; status?: number; requestId?: string } {
  if (!(error instanceof Error)) return { code: 'UnknownError', message: String(error) };
  const text = (key: string) => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const status: unknown = Reflect.get(error, 'status');
  const requestId = text('requestId');
  // The call succeeded, but its response was cut off. The parser's message quotes the whole response, so it is not used.
  if (typeof status === 'number' && status >= 200 && status < 300) {
    const message = `the response with status ${status} cannot be parsed`;
    return { code: 'UnreadableAnswer', message, ...(requestId === undefined ? {} : { requestId }) };
  }
  return {
    code: text('code') ?? error.name,
    message: error.message,
    // ali-oss uses -1 for a broken connection and -2 for a timeout.
    ...(typeof status === 'number' && status > 0 ? { status } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** True if a failed call may have taken effect: no response, or one that does not show the outcome. */
export function mayHaveHappened(failure: Failure): boolean {
  return failure.status === undefined || failure.status >= 500;
}
