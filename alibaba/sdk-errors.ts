/** Turns what the vendor's SDKs throw into the catalogue's failures; the one place where ECS, RAM and STS do so. */

import { FailureError } from '../domain/errors/failure.js';
import { type FailureFacts, failureOf } from '../domain/errors/index.js';

export type Service = 'ecs' | 'ram' | 'sts';

/** What is known of a failed call. */
type Facts = Omit<FailureFacts, 'service' | 'action' | 'field'>;

/** The code of an answer that came, but could not be read: what it said of the outcome is lost. */
export const UNREADABLE = 'UnreadableAnswer';

/** Nothing left this machine: the call certainly did nothing. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED']);

export function sdkFailure(service: Service, action: string, error: unknown): FailureError {
  if (error instanceof FailureError) return error;
  return failed(service, action, answerOf(error) ?? silenceOf(service, error));
}

/** An answer of the cloud that lacks what it must hold: the call may have done its work. */
export function unreadable(service: Service, action: string, what: string, requestId?: string): FailureError {
  const message = `the answer to ${action} ${what}`;
  return failed(service, action, {
    ...{ code: UNREADABLE, message, outcomeUnknown: true },
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/**
 * The SDK's own text is not passed on with the failure, not even as its cause: for a network failure it holds the request's whole query.
 */
function failed(service: Service, action: string, facts: Facts): FailureError {
  return new FailureError(failureOf({ service, action, ...facts }));
}

/** An error that the cloud answered, told by its fields: two copies of a package break `instanceof`. */
function answerOf(error: unknown): Facts | null {
  const status = field(error, 'statusCode');
  const code = field(error, 'code');
  if (typeof status !== 'number' || typeof code !== 'string') return null;
  const data = field(error, 'data');
  const requestId = word(field(error, 'requestId'));
  const retryAfterMs = field(error, 'retryAfter');
  return {
    // The SDK writes the word "undefined" for what the answer lacks.
    code: word(code) ?? UNREADABLE,
    message: `${word(field(data, 'Message') ?? field(data, 'message')) ?? `HTTP status ${status}`}${deniedAction(error)}`,
    status,
    ...(requestId === undefined ? {} : { requestId }),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    // A server that broke down says nothing of what it had done by then.
    ...(status >= 500 ? { outcomeUnknown: true } : {}),
  };
}

/** No answer, or one that was no JSON: an HTML page of a proxy, an empty body, a cut connection. */
function silenceOf(service: Service, error: unknown): Facts {
  const place = service.toUpperCase();
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return { code: UNREADABLE, message: `${place} answered something that is no JSON`, outcomeUnknown: true };
  }
  const name = word(field(error, 'name')) ?? 'Error';
  const code = word(field(error, 'code')) ?? name;
  if (NOT_SENT.has(code)) return { code, message: `${place} cannot be reached (${code})` };
  // One that says "ConnectTimeout" proves nothing: the SDK raises it for a delivered request, too.
  const message = /timeout/i.test(name)
    ? `${place} did not answer in time`
    : `the connection to ${place} broke before its answer came (${code})`;
  return { code, message, outcomeUnknown: true };
}

/** RAM names the action that the caller lacks; the rest of that detail is encoded and of no use to a reader. */
function deniedAction(error: unknown): string {
  const action = word(field(field(error, 'accessDeniedDetail'), 'AuthAction'));
  return action === undefined ? '' : ` (the caller lacks ${action})`;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== 'undefined' ? value : undefined;
}
