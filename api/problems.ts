/** Errors as RFC 9457 problem details: what happened, to what, and what to do. */

import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { CatalogueCode } from '../domain/errors/index.js';
import type { RequestProblem } from '../domain/request/request.js';

export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: ContentfulStatusCode;
  readonly detail: string;
  /** The error code, for programs: `Request.Invalid`, `Import.NotFound` … */
  readonly code: string;
  readonly remedy: string;
  readonly errors?: readonly RequestProblem[];
  /** Also sent as the header `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly [extension: string]: unknown;
}

/** Thrown by a route; the app sends it as the response. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(readonly details: ProblemDetails) {
    super(details.detail);
  }
}

type Kind = readonly [status: ContentfulStatusCode, code: CatalogueCode, title: string];

const KINDS = {
  invalidRequest: [400, 'Request.Invalid', 'The request is not valid'],
  malformedBody: [400, 'Request.Malformed', 'The body is not JSON'],
  crossOrigin: [403, 'Api.CrossOrigin', 'The request comes from a page of another origin'],
  unknownHost: [403, 'Api.UnknownHost', 'The host name of the request is not one of this API'],
  bodyTimeout: [408, 'Request.Timeout', 'The body did not arrive in time'],
  forbidden: [403, 'Api.Forbidden', 'Not allowed'],
  tooManyStreams: [429, 'Api.TooManyStreams', 'Too many event streams'],
  unauthorized: [401, 'Api.Unauthorized', 'Not authorized'],
  unknownKey: [404, 'Key.NotFound', 'The key does not exist'],
  keyConflict: [409, 'Key.Conflict', 'The state of the keys does not allow this operation'],
  noSignIn: [409, 'Api.NoSignIn', 'The sender cannot sign in to the page'],
  notFound: [404, 'Api.NotFound', 'Not found'],
  unknownImport: [404, 'Import.NotFound', 'The import does not exist'],
  deletedImport: [410, 'Import.Deleted', 'The import was deleted'],
  deletedBatch: [410, 'Batch.Deleted', 'The batch was deleted'],
  unknownSource: [404, 'Source.NotFound', 'The image does not exist'],
  unknownInspection: [404, 'Inspection.NotFound', 'The inspection does not exist'],
  unknownBatch: [404, 'Batch.NotFound', 'The batch does not exist'],
  unreadableBatch: [400, 'Batch.Unreadable', 'The batch file cannot be read'],
  batchConflict: [409, 'Batch.Conflict', 'The state of the batch does not allow this operation'],
  otherTemporal: [409, 'Batch.OtherTemporal', 'The batch runs on another Temporal server'],
  batchArriving: [409, 'Batch.Arriving', 'Another request is sending this batch'],
  tooManyBatches: [503, 'Batch.TooManyArriving', 'Too many batch files are being received'],
  batchNameTaken: [422, 'Batch.NameTaken', 'The name or key was used for another batch'],
  notABatchFile: [415, 'Batch.NotAFile', 'The body must be a batch file'],
  conflict: [409, 'Import.Conflict', 'The state of the import does not allow this operation'],
  workflowMissing: [409, 'Import.WorkflowMissing', 'Temporal does not run the workflow of the import'],
  methodNotAllowed: [405, 'Api.MethodNotAllowed', 'The path does not support this method'],
  tooManyRequests: [429, 'Api.TooManyRequests', 'Too many requests'],
  tooLarge: [413, 'Request.TooLarge', 'The body is too large'],
  notJson: [415, 'Request.NotJson', 'The body must be JSON'],
  keyReused: [422, 'Request.IdempotencyKeyReused', 'The idempotency key was used for another request'],
  unknownWebhook: [404, 'Webhook.NotFound', 'The webhook does not exist'],
  unknownDelivery: [404, 'Webhook.DeliveryNotFound', 'The delivery does not exist'],
  tooManyWebhooks: [409, 'Webhook.TooMany', 'There are too many webhooks'],
  disabledWebhook: [409, 'Webhook.Disabled', 'The webhook is disabled'],
  internal: [500, 'Internal.Unexpected', 'Unexpected error'],
  noWorker: [503, 'Worker.Missing', 'No worker runs'],
  unavailable: [503, 'Service.Unavailable', 'A required server cannot be reached'],
} as const satisfies Record<string, Kind>;

export type ProblemKind = keyof typeof KINDS;

export function problem(
  kind: ProblemKind,
  detail: string,
  remedy: string,
  extensions: Partial<Pick<ProblemDetails, 'errors' | 'retryAfterSeconds'>> & Readonly<Record<string, unknown>> = {},
): ProblemError {
  const [status, code, title] = KINDS[kind];
  return new ProblemError({
    type: `urn:ecs-image-import:problem:${code}`,
    title,
    status,
    detail,
    code,
    remedy,
    ...extensions,
  });
}

export function unknownImport(id: string): ProblemError {
  return problem('unknownImport', `import ${id} does not exist`, 'List the imports with GET /v1/imports.');
}

export function unknownBatch(id: string): ProblemError {
  return problem('unknownBatch', `batch ${id} does not exist`, 'List the batches with GET /v1/batches.');
}

/** An ID that is not found and is older than the newest deleted one. */
export function deleted(of: 'imports' | 'batches', id: string): ProblemError {
  const [kind, what] = of === 'imports' ? (['deletedImport', 'import'] as const) : (['deletedBatch', 'batch'] as const);
  return problem(
    kind,
    `${what} ${id} is not in the record: it ended longer ago than the record keeps ${what === 'import' ? 'imports' : 'batches'}, and was deleted`,
    `Search for ${id} in the exported files in ECS_IMPORT_EXPORT_DIR of the API. To start it again, send its request as a new ${what}.`,
  );
}

/** @param path of the field with the code */
export function unknownCode(path: string, code: string, near: string | null): ProblemError {
  const hint = near === null ? '' : `; did you mean ${near}?`;
  const message = `no import waits for ${code.slice(0, SHOWN_CODE)}, and this code does not exist${hint}`;
  return problem('invalidRequest', message, 'List the codes of waiting imports with GET /v1/imports/waiting.', {
    errors: [{ path, rule: 'code.known', given: code.slice(0, SHOWN_CODE), message, vendorCode: null }],
  });
}

const SHOWN_CODE = 100;

/** @param what did not happen */
export function unreachable(what: string, reason: string): ProblemError {
  return problem(
    'unavailable',
    `${what}: Temporal cannot be reached (${reason})`,
    'Check GET /readyz, and send the request again when Temporal can be reached.',
  );
}

/** RFC 6750. Browsers show no dialog for this scheme. */
const CHALLENGE = 'Bearer realm="ecs-image-import"';

export function answerProblem(context: Context, error: ProblemError): Response {
  const { retryAfterSeconds, status } = error.details;
  return context.body(JSON.stringify(error.details), status, {
    'content-type': 'application/problem+json',
    ...(status === 401 ? { 'www-authenticate': CHALLENGE } : {}),
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  });
}
