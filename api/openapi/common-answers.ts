/** The errors that many routes share, as named responses of the OpenAPI document. */
import { schemaPath } from '../answers.js';
import { type ProblemKind, problem } from '../problems.js';
import type { Route } from './described-route.js';

interface CommonAnswer {
  readonly status: number;
  readonly name: string;
  readonly description: string;
  readonly kind: ProblemKind;
  readonly detail: string;
  readonly remedy: string;
  readonly isOf: (route: Pick<Route, 'path' | 'method' | 'request'>, isOpen: boolean) => boolean;
}

const always = () => true;
const hasBody: CommonAnswer['isOf'] = ({ request }) => request?.body !== undefined;

const COMMON: readonly CommonAnswer[] = [
  {
    ...{ status: 400, name: 'Invalid', kind: 'invalidRequest', isOf: always },
    description: 'A field or parameter is unknown or invalid; errors[] lists all of them',
    detail: 'statee is not a query parameter of this route; did you mean state?',
    remedy: 'Fix the fields in errors[]. Nothing was changed.',
  },
  {
    ...{ status: 401, name: 'Unauthorized', kind: 'unauthorized', isOf: (_route, isOpen) => !isOpen },
    description: 'The request has no identity',
    detail: 'the request has no credential, or one that is unknown, expired or revoked',
    remedy: 'Send Authorization: Bearer with a token of the API.',
  },
  {
    ...{ status: 403, name: 'Forbidden', kind: 'crossOrigin', isOf: always },
    description:
      'The role or the scope of the identity does not allow it, the request comes from a page of another origin, or it was sent to a host name that is not one of this API',
    detail: 'a page of another origin (https://example.com) may not change anything here',
    remedy: 'Use the command line or a program.',
  },
  {
    ...{ status: 408, name: 'BodyTimeout', kind: 'bodyTimeout', isOf: hasBody },
    description: 'The body did not arrive in time',
    detail: 'the body did not arrive in time: after 100 bytes, nothing for 10 s',
    remedy: 'Check the connection and send the request again. Nothing was changed.',
  },
  {
    ...{ status: 410, name: 'Deleted', kind: 'deletedImport' },
    isOf: ({ path }) => /^\/v1\/(imports|batches)\/\{id\}/.test(path),
    description: 'The record has ended longer ago than it is kept, and was deleted',
    detail: 'import imp-1 is not in the record: it ended longer ago than the record keeps imports, and was deleted',
    remedy: 'Search for imp-1 in the exported files in ECS_IMPORT_EXPORT_DIR of the API.',
  },
  {
    ...{ status: 413, name: 'TooLarge', kind: 'tooLarge', isOf: hasBody },
    description: 'The body is too large',
    detail: 'the body is larger than 1048576 bytes',
    remedy: 'Send one import per request.',
  },
  {
    ...{ status: 415, name: 'NotJson', kind: 'notJson', isOf: hasBody },
    description: 'The content type is not one of this route',
    detail: 'the content type is not application/json',
    remedy: 'Send Content-Type: application/json.',
  },
  {
    ...{ status: 429, name: 'TooManyRequests', kind: 'tooManyRequests', isOf: always },
    description:
      'The identity or the address sends too many requests, or the address has sent too many wrong credentials',
    detail: 'address 192.0.2.7 sends too many requests',
    remedy: 'Send the request again in 1 s, and fewer at a time.',
  },
  {
    ...{ status: 500, name: 'Unexpected', kind: 'internal', isOf: always },
    description: 'A bug of the service',
    detail: 'the request failed because of an unexpected error',
    remedy: 'Check the log of the API.',
  },
  {
    ...{ status: 503, name: 'Unavailable', kind: 'unavailable', isOf: always },
    description:
      'PostgreSQL, Temporal or a worker cannot be reached; Retry-After may say when to send the request again',
    detail: 'PostgreSQL or Temporal cannot be reached',
    remedy: 'Check GET /readyz to see which one, and send the request again later.',
  },
];

const HEADERS: Readonly<Record<number, Readonly<Record<string, object>>>> = {
  401: {
    'WWW-Authenticate': { description: 'The accepted scheme: Bearer', schema: { type: 'string' }, required: true },
  },
  429: {
    'Retry-After': { description: 'Seconds until the next attempt', schema: { type: 'integer', minimum: 0 } },
  },
  503: {
    'Retry-After': { description: 'Seconds until the next attempt', schema: { type: 'integer', minimum: 0 } },
  },
};

export function headersOf(status: number): Readonly<Record<string, object>> {
  return HEADERS[status] ?? {};
}

/** The named responses of the document. */
export function commonAnswers(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    COMMON.map(({ status, name, description }) => {
      const headers = headersOf(status);
      const content = {
        'application/problem+json': { schema: { $ref: schemaPath('Problem') }, example: problemExample(status) },
      };
      return [name, { description, ...(Object.keys(headers).length === 0 ? {} : { headers }), content }];
    }),
  );
}

/** References to the errors that a route can return besides those that it describes itself. */
export function commonAnswersOf(route: Route, isOpen: boolean): Readonly<Record<string, object>> {
  const own = Object.keys(route.responses);
  return Object.fromEntries(
    COMMON.filter((one) => !own.includes(String(one.status)) && one.isOf(route, isOpen)).map(({ status, name }) => [
      status,
      { $ref: `#/components/responses/${name}` },
    ]),
  );
}

const OTHERS: Readonly<Record<number, readonly [ProblemKind, string, string]>> = {
  404: ['unknownImport', 'import imp-1 does not exist', 'List the imports with GET /v1/imports.'],
  409: [
    'conflict',
    'import imp-1 is in state running and cannot be resumed',
    'Resume only imports in state attention, and only once for each stop.',
  ],
  422: [
    'keyReused',
    'the idempotency key web-01 belongs to import imp-1, which has another request',
    'Use a new key for a new request.',
  ],
};

export function problemExample(status: number): object {
  const common = COMMON.find((one) => one.status === status);
  const [kind, detail, remedy] =
    common === undefined ? (OTHERS[status] ?? missing(status)) : [common.kind, common.detail, common.remedy];
  return problem(kind, detail, remedy).details;
}

function missing(status: number): never {
  throw new Error(`api/openapi/common-answers.ts has no example of status ${status}`);
}
