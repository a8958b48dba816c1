/** Converts errors of the vendor's SDKs for ECS, RAM and STS to failures of the error catalogue. */

import { FailureError } from '../domain/errors/failure.js';
import { type FailureFacts, failureOf } from '../domain/errors/index.js';

export type Service = 'ecs' | 'ram' | 'sts' | 'resourcesharing' | 'quotas';

/** The facts of a failed call. */
type Facts = Omit<FailureFacts, 'service' | 'action' | 'field'>;

/** The code for a response that cannot be read. The outcome of the call is unknown. */
export const UNREADABLE = 'UnreadableAnswer';

/** Nothing was sent, so the call certainly had no effect. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED']);

export function sdkFailure(service: Service, action: string, error: unknown): FailureError {
  if (error instanceof FailureError) return error;
  return failed(service, action, errorResponseOf(error) ?? noResponseOf(service, error));
}

/** The failure for a response without a required field. The call may have taken effect. */
export function unreadable(service: Service, action: string, what: string, requestId?: string): FailureError {
  const message = `the response to ${action} ${what}`;
  return failed(service, action, {
    ...{ code: UNREADABLE, message, outcomeUnknown: true },
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/**
 * The SDK's error is not included, not even as the cause, because its text for a network failure contains the whole query of the request.
 */
function failed(service: Service, action: string, facts: Facts): FailureError {
  return new FailureError(failureOf({ service, action, ...facts }));
}

/** An error response of the cloud, recognized by its fields, because two copies of a package break `instanceof`. */
function errorResponseOf(error: unknown): Facts | null {
  const status = field(error, 'statusCode');
  const code = field(error, 'code');
  if (typeof status !== 'number' || typeof code !== 'string') return null;
  const data = field(error, 'data');
  const requestId = nonEmpty(field(error, 'requestId'));
  const retryAfterMs = field(error, 'retryAfter');
  return {
    // The SDK writes "undefined" for missing fields.
    code: nonEmpty(code) ?? UNREADABLE,
    message: `${nonEmpty(field(data, 'Message') ?? field(data, 'message')) ?? `HTTP status ${status}`}${deniedAction(error)}`,
    status,
    ...(requestId === undefined ? {} : { requestId }),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    // A server error does not show whether the call had an effect.
    ...(status >= 500 ? { outcomeUnknown: true } : {}),
  };
}

/** No response, or one that is not JSON: an HTML page of a proxy, an empty body, a broken connection. */
function noResponseOf(service: Service, error: unknown): Facts {
  const place = service.toUpperCase();
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return { code: UNREADABLE, message: `the response of ${place} is not JSON`, outcomeUnknown: true };
  }
  const name = nonEmpty(field(error, 'name')) ?? 'Error';
  const code = nonEmpty(field(error, 'code')) ?? name;
  const proxy = nonEmpty(field(error, 'detail'));
  if (proxy !== undefined && code.startsWith('Proxy')) return { code, message: `${place}: ${proxy}` };
  if (NOT_SENT.has(code)) return { code, message: `${place} cannot be reached (${code})` };
  // "ConnectTimeout" proves nothing, because the SDK also raises it for a delivered request.
  const message = /timeout/i.test(name)
    ? `${place} did not respond in time`
    : `the connection to ${place} broke before the response (${code})`;
  return { code, message, outcomeUnknown: true };
}

/** The action that RAM denied. The other details are encoded and not readable. */
function deniedAction(error: unknown): string {
  const action = nonEmpty(field(field(error, 'accessDeniedDetail'), 'AuthAction'));
  return action === undefined ? '' : ` (missing permission: ${action})`;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== 'undefined' ? value : undefined;
}
