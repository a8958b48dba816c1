/** The errors common to all actions of ECS, RAM and STS, and their format. */
import { ApiError } from './errors.js';
import type { Caller, KeyProblem } from './identity.js';
import type { Verdict } from './ram/permissions.js';
import type { RateLimit } from './settings.js';

const keyProblems: Readonly<Record<KeyProblem, readonly [number, string, string]>> = {
  unknown: [404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.'],
  inactive: [400, 'InvalidAccessKeyId.Inactive', 'Specified access key is disabled.'],
  'token-missing': [400, 'MissingSecurityToken', 'SecurityToken is mandatory for this action.'],
  'token-unknown': [400, 'InvalidSecurityToken.Malformed', 'Specified SecurityToken is malformed.'],
  'token-mismatch': [
    400,
    'InvalidSecurityToken.MismatchWithAccessKey',
    'Specified SecurityToken mismatch with the AccessKey.',
  ],
  'token-expired': [400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.'],
};

export function keyError(problem: KeyProblem): ApiError {
  return new ApiError(...keyProblems[problem]);
}

export function missingParameter(name: string): ApiError {
  const message = `The input parameter "${name}" that is mandatory for processing this request is not supplied.`;
  return new ApiError(400, 'MissingParameter', message);
}

export function permissionError(
  service: string,
  action: string,
  resource: string,
  caller: Caller,
  verdict: Verdict,
): ApiError {
  const details = {
    AccessDeniedDetail: {
      AuthAction: `${service}:${action}`,
      AuthPrincipalType: caller.type === 'RAMUser' ? 'SubUser' : caller.type,
      AuthPrincipalOwnerId: caller.accountId,
      AuthPrincipalDisplayName: caller.userId,
      NoPermissionType: verdict === 'explicit-deny' ? 'ExplicitDeny' : 'ImplicitDeny',
      PolicyType: caller.sessionPolicy === null ? 'AccountLevelIdentityBasedPolicy' : 'AssumeRolePolicy',
      EncodedDiagnosticMessage: Buffer.from(`${service}:${action} ${resource}`).toString('base64'),
    },
  };
  if (service === 'ecs') {
    const message = "User not authorized to operate on the specified resource, or this API doesn't support RAM.";
    return new ApiError(403, 'Forbidden.RAM', message, details);
  }
  const message = `You are not authorized to do this action. Resource: ${resource} Action: ${service}:${action}`;
  return new ApiError(403, 'NoPermission', message, details);
}

/** A call exceeded its rate limit. All further calls of this API fail until the next minute. */
export class ThrottledError extends ApiError {
  readonly retryAfterMs: number | undefined;
  constructor(limit: RateLimit) {
    super(400, limit.code ?? 'Throttling.User', 'Request was denied due to user flow control.');
    this.retryAfterMs = limit.retryAfterMs;
  }
}

/** A successful dry run of any action except ImportImage. */
export function dryRunPassed(): ApiError {
  return new ApiError(400, 'DryRunOperation', 'Request validation has been passed with DryRun flag set.');
}

/** The vendor's code, so that clients do not retry; the message is the emulator's, because the cloud itself may know the action. */
export function unknownAction(service: string, action: string): ApiError {
  const message = `The emulator does not support ${service} "${action}". GET /_emulator/coverage lists what it supports.`;
  return new ApiError(404, 'InvalidApi.NotFound', message);
}

/** Formats the error as JSON, or as XML if an older client requests it. */
export function errorBody(error: ApiError, requestId: string, host: string, format: 'json' | 'xml'): string {
  const fields = {
    RequestId: requestId,
    HostId: host,
    Code: error.code,
    Message: error.message,
    Recommend: `https://api.alibabacloud.com/troubleshoot?q=${encodeURIComponent(error.code)}`,
    ...error.details,
  };
  return format === 'json' ? JSON.stringify(fields) : toXml('Error', fields);
}

export function toXml(name: string, value: unknown): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, value)}`;
}

function element(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => element(name, item)).join('');
  if (typeof value !== 'object' || value === null) return `<${name}>${escapeXml(String(value ?? ''))}</${name}>`;
  const inner = Object.entries(value).map(([key, item]) => element(key, item));
  return `<${name}>${inner.join('')}</${name}>`;
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}
