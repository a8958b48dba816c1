/** Converts the validation errors of a route's schemas into one problem document that lists every field and parameter. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, ValidationTargets } from 'hono';
import { z } from 'zod';
import { nearest } from '../domain/request/nearest.js';
import { firstProblems, givenText, problemsOf, valueAt } from '../domain/request/problems.js';
import type { RequestProblem } from '../domain/request/request.js';
import { fieldNamesAt } from '../domain/request/schema.js';
import { type ProblemError, problem } from './problems.js';

type Issue = z.core.$ZodIssue;

/** For schemas whose rules create the problems themselves. */
export function addProblems(context: z.RefinementCtx, problems: readonly RequestProblem[]): never {
  for (const one of problems) context.addIssue({ code: 'custom', message: one.message, params: { problem: one } });
  return z.NEVER;
}

export interface FailedValidation {
  readonly target: keyof ValidationTargets;
  readonly error: z.ZodError;
  readonly data?: unknown;
}

/** @param schema that validated the value */
export function invalidRequest({ target, error, data }: FailedValidation, schema: unknown): ProblemError {
  const errors = error.issues.flatMap((issue) => problemsOfIssue(issue, target, data, schema));
  const [first] = errors;
  const detail =
    errors.length === 1 && first !== undefined ? first.message : `the request has ${errors.length} problems`;
  return problem('invalidRequest', detail, 'Fix the fields in errors[]. Nothing was changed.', {
    errors: firstProblems(errors),
  });
}

function problemsOfIssue(
  issue: Issue,
  target: keyof ValidationTargets,
  data: unknown,
  schema: unknown,
): readonly RequestProblem[] {
  const stated = issue.code === 'custom' ? issue.params?.problem : undefined;
  if (isProblem(stated)) return [stated];
  const known = (path: readonly PropertyKey[]) => fieldNamesAt(schema, path);
  if (target === 'query' && issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => unknownParameter(name, valueAt(data, [name]), known([])));
  }
  return problemsOf([issue], data, known);
}

function unknownParameter(path: string, value: unknown, known: readonly string[]): RequestProblem {
  const near = nearest(path, known);
  const all = known.length === 0 ? 'it has no query parameters' : `valid parameters: ${known.join(', ')}`;
  return {
    path,
    rule: 'query.unknownParameter',
    given: givenText(value),
    message: `${path} is not a query parameter of this route; ${near === null ? all : `did you mean ${near}?`}`,
    vendorCode: null,
  };
}

function isProblem(value: unknown): value is RequestProblem {
  return typeof value === 'object' && value !== null && 'path' in value && 'rule' in value && 'message' in value;
}

/** The schema that validates one part of a route's requests. */
export function schemaOf(app: OpenAPIHono, context: Context, target: keyof ValidationTargets): unknown {
  const { method, routePath } = context.req;
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    if (route.method !== method.toLowerCase() || route.path.replaceAll(/\{(\w+)\}/g, ':$1') !== routePath) continue;
    if (target === 'query') return route.request?.query;
    if (target === 'param') return route.request?.params;
    const media = target === 'json' ? route.request?.body?.content['application/json'] : undefined;
    return media !== undefined && 'schema' in media ? media.schema : undefined;
  }
  return undefined;
}
