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
  /** Our code for programs: `Request.Invalid`, `Import.NotFound` … */
  readonly code: string;
  readonly remedy: string;
  readonly errors?: readonly RequestProblem[];
  readonly [extension: string]: unknown;
}

/** Thrown by a route; the app answers with it. */
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
  unauthorized: [401, 'Api.Unauthorized', 'Not authorized'],
  notFound: [404, 'Api.NotFound', 'Nothing is here'],
  unknownImport: [404, 'Import.NotFound', 'No such import'],
  unknownSource: [404, 'Source.NotFound', 'No such image'],
  unknownBatch: [404, 'Batch.NotFound', 'No such batch'],
  unreadableBatch: [400, 'Batch.Unreadable', 'The batch file cannot be read'],
  batchConflict: [409, 'Batch.Conflict', 'The batch is not in a state for this'],
  batchNameTaken: [422, 'Batch.NameTaken', 'The name or key was used for another batch'],
  notABatchFile: [415, 'Batch.NotAFile', 'The body must be a batch file'],
  conflict: [409, 'Import.Conflict', 'The import is not in a state for this'],
  workflowMissing: [409, 'Import.WorkflowMissing', 'Temporal does not run the import'],
  tooLarge: [413, 'Request.TooLarge', 'The body is too large'],
  notJson: [415, 'Request.NotJson', 'The body must be JSON'],
  keyReused: [422, 'Request.IdempotencyKeyReused', 'The idempotency key was used for another request'],
  internal: [500, 'Internal.Unexpected', 'Something went wrong here'],
  unavailable: [503, 'Service.Unavailable', 'A server that is needed cannot be reached'],
} as const satisfies Record<string, Kind>;

export function problem(
  kind: keyof typeof KINDS,
  detail: string,
  remedy: string,
  extensions: { readonly errors?: readonly RequestProblem[]; readonly [name: string]: unknown } = {},
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
  return problem('unknownImport', `there is no import ${id}`, 'See GET /v1/imports for those that there are.');
}

/** @param what was not done */
export function unreachable(what: string, reason: string): ProblemError {
  return problem(
    'unavailable',
    `${what}: Temporal cannot be reached (${reason})`,
    'See GET /readyz; send the request again once Temporal can be reached.',
  );
}

export function answerProblem(context: Context, error: ProblemError): Response {
  return context.body(JSON.stringify(error.details), error.details.status, {
    'content-type': 'application/problem+json',
  });
}
