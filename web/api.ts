/** Calls the API by the types of its OpenAPI document. A failed call throws `ApiError`, which has the API's words for what to do. */
import type { components, paths } from '../client/api-types.js';
import { isObject } from '../domain/json-value.js';
import { reached, unreached } from './live/connection.js';
import { sessionToken } from './session-token.js';

export type Schemas = components['schemas'];

/** The folder of the page: the API is below it, also behind a proxy that adds a path. */
export const BASE = new URL('.', document.baseURI).href.replace(/\/$/, '');

const ANSWER_WITHIN_MS = 30_000;

export interface FieldProblem {
  /** `disks[0].diskImageSize` */
  readonly path: string;
  readonly message: string;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    /** 0: no response. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly remedy: string,
    readonly errors: readonly FieldProblem[] = [],
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }
}

/**
 * Sends a request as the session of this browser, and records whether the API was reached.
 * @param alsoFine statuses other than 2xx that are not errors
 */
export async function send(request: Request, alsoFine: readonly number[] = []): Promise<Response> {
  const headers = new Headers(request.headers);
  const token = sessionToken();
  if (token !== null && !headers.has('authorization')) headers.set('x-ecs-import-session', token);
  let response: Response;
  try {
    response = await fetch(new Request(request, { headers, credentials: 'same-origin' }));
  } catch (error) {
    if (request.signal.aborted && !isTimeout(request.signal.reason)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    unreached();
    throw new ApiError(0, 'Page.Offline', reason, '');
  }
  // A proxy answers for an API that does not run.
  if (response.status === 502 || response.status === 504) unreached();
  else reached();
  if (response.ok || alsoFine.includes(response.status)) return response;
  throw await refusal(response);
}

const isTimeout = (reason: unknown) => reason instanceof DOMException && reason.name === 'TimeoutError';

async function refusal(response: Response): Promise<ApiError> {
  const document: unknown = await response.json().catch(() => null);
  const fields = isObject(document) ? document : {};
  const text = (name: string, otherwise: string) => {
    const value = fields[name];
    return typeof value === 'string' ? value : otherwise;
  };
  const errors = Array.isArray(fields.errors) ? fields.errors.filter(isObject) : [];
  return new ApiError(
    response.status,
    text('code', ''),
    text('detail', `HTTP ${response.status}`),
    text('remedy', ''),
    errors.map(({ path, message }) => ({ path: String(path ?? ''), message: String(message ?? '') })),
    typeof fields.retryAfterSeconds === 'number' ? fields.retryAfterSeconds : null,
  );
}

type Method = 'get' | 'post' | 'delete';
type PathWith<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends { readonly [Name in M]: { readonly responses: unknown } } ? Path : never;
}[keyof paths];
type QueryOf<Operation> = Operation extends { readonly parameters: { readonly query?: infer Query } }
  ? NonNullable<Query>
  : never;
type PathOf<Operation> = Operation extends { readonly parameters: { readonly path: infer Parameters } }
  ? { readonly path: Parameters }
  : { readonly path?: never };
type BodyOf<Operation> = Operation extends {
  readonly requestBody?: { readonly content: { readonly 'application/json': infer Body } };
}
  ? { readonly body: Body }
  : { readonly body?: never };
type ContentOf<Answer> = Answer extends { content: { readonly 'application/json': infer Content } } ? Content : never;
type AnswerOf<Operation> = Operation extends { readonly responses: infer Responses }
  ? {
      [Status in keyof Responses]: Status extends 200 | 201 | 202 ? ContentOf<Responses[Status]> : never;
    }[keyof Responses]
  : never;

interface Options<Query> {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `await get('/v1/imports/{id}', { path: { id } })` resolves to the import. */
export async function get<Path extends PathWith<'get'>>(
  path: Path,
  options: Options<QueryOf<paths[Path]['get']>> & PathOf<paths[Path]['get']>,
): Promise<AnswerOf<paths[Path]['get']>> {
  return await call('GET', path, options);
}

/** `await post('/v1/imports/{id}/cancel', { path: { id }, body: { keepImage: false } })` */
export async function post<Path extends PathWith<'post'>>(
  path: Path,
  options: Options<QueryOf<paths[Path]['post']>> & PathOf<paths[Path]['post']> & BodyOf<paths[Path]['post']>,
): Promise<AnswerOf<paths[Path]['post']>> {
  return await call('POST', path, options);
}

/** The answer of a deletion has no content. */
export async function remove<Path extends PathWith<'delete'>>(
  path: Path,
  options: Options<QueryOf<paths[Path]['delete']>> & PathOf<paths[Path]['delete']>,
): Promise<void> {
  await respond('DELETE', path, options);
}

interface Call {
  readonly path?: object | undefined;
  readonly query?: object;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The types are those of the OpenAPI document, which the API tests its answers against. */
async function call<Answer>(method: string, path: string, options: Call): Promise<Answer> {
  const response = await respond(method, path, options);
  try {
    return await response.json();
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    // The connection broke within the body, or a proxy answered with something else.
    unreached();
    throw new ApiError(0, 'Page.Offline', error instanceof Error ? error.message : String(error), '');
  }
}

async function respond(method: string, path: string, options: Call): Promise<Response> {
  const { body, headers, signal } = options;
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return await send(
    new Request(urlOf(path, options), {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    }),
  );
}

/** The address of an operation: for links, and for what is not JSON. */
export function urlOf(path: string, { path: parameters = {}, query = {} }: Pick<Call, 'path' | 'query'> = {}): string {
  const filled = Object.entries(parameters).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(String(value))),
    path,
  );
  const values = Object.entries(query).flatMap(([name, value]): string[][] => {
    if (value === undefined || value === null || value === '') return [];
    if (!Array.isArray(value)) return [[name, String(value)]];
    // Names of fields are separated by commas; other lists are repeated.
    return name === 'fields' ? [[name, value.join(',')]] : value.map((one) => [name, String(one)]);
  });
  const text = new URLSearchParams(values).toString();
  return `${BASE}${filled}${text === '' ? '' : `?${text}`}`;
}
