/** The building blocks of routes: strict query parameters, path parameters and JSON bodies. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { isRecord } from '../domain/json-value.js';
import { exceededBound } from '../domain/request/bounds.js';
import { workerHostOf } from '../domain/request/source-rules.js';
import { problem } from './problems.js';
import { invalidRequest, schemaOf } from './validation.js';

/** An app whose routes respond with 400 to every field and parameter that their schemas do not accept. */
export function routes(): OpenAPIHono {
  const app: OpenAPIHono = new OpenAPIHono({
    defaultHook: (result, context) => {
      if (!result.success) throw invalidRequest(result, schemaOf(app, context, result.target));
    },
  });
  return app;
}

/** One JSON document as the body. It may be absent if all fields are optional. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { content: { 'application/json': { schema } }, required: true } as const;
}

/** `application/json` or another JSON type. A page of another origin cannot send these without a CORS preflight. */
const JSON_TYPE = /^application\/([\w.-]+\+)?json *(;|$)/i;

/** The middleware of every route with a `jsonBody`. */
export const readsJson: MiddlewareHandler = async (context, next) => {
  const { req } = context;
  const text = await req.text();
  const isEmpty = text.trim() === '';
  if (!isEmpty && !JSON_TYPE.test(req.header('content-type') ?? '')) {
    throw problem('notJson', 'the content type is not application/json', 'Send Content-Type: application/json.');
  }
  if (!isEmpty) {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (error) {
      throw problem('malformedBody', error instanceof Error ? error.message : 'not JSON', 'Send one JSON object.');
    }
    const exceeded = exceededBound(document);
    if (exceeded !== null) {
      throw problem('invalidRequest', exceeded.message, 'Fix the fields in errors[]. Nothing was changed.', {
        errors: [exceeded],
      });
    }
  }
  if (isEmpty) {
    const headers = new Headers(req.raw.headers);
    headers.set('content-type', 'application/json');
    headers.delete('content-length');
    req.raw = new Request(req.raw.url, { method: req.raw.method, headers, body: '{}' });
    req.bodyCache = {};
  }
  await next();
};

/** The format of IDs and file names in paths and cursors. */
const NAME = /^[\w.-]{1,200}$/;

const name = z.string().regex(NAME, 'must consist of letters, digits and . _ -');

export const idPath = z.strictObject({ id: name });
export const filePath = z.strictObject({ id: name, name });

/** For routes without query parameters. */
export const noQuery = z.strictObject({});

/** An empty value counts as absent. */
function absentWhenEmpty<Schema extends z.ZodType>(schema: Schema, description: string) {
  return z
    .preprocess((value) => (value === '' ? undefined : value), schema.optional())
    .optional()
    .meta({ type: 'string', description });
}

/** The largest `integer` of PostgreSQL. */
export const MAX_INTEGER = 2_147_483_647;

/** The types of query parameters. */
export const parameter = {
  text: (description: string) => absentWhenEmpty(z.string().regex(/^[^\0]*$/, 'must be text'), description),
  name: (description: string) => absentWhenEmpty(name, description),
  oneOf: <const Values extends readonly [string, ...string[]]>(values: Values, description: string) =>
    absentWhenEmpty(z.enum(values), description),
  whole: (description: string, most = Number.MAX_SAFE_INTEGER) =>
    absentWhenEmpty(
      z
        .string()
        .regex(/^\d{1,15}$/, 'must be an integer')
        .transform(Number)
        .refine((number) => number <= most, `must be at most ${most}`),
      description,
    ),
  /** The size of a page; larger values are reduced to the maximum. */
  limit: (most: number, description: string) =>
    absentWhenEmpty(
      z
        .string()
        .regex(/^0*[1-9]\d{0,14}$/, `must be an integer from 1 to ${most}`)
        .transform((text) => Math.min(most, Number(text))),
      description,
    ),
  flag: (description: string) =>
    absentWhenEmpty(
      z.enum(['true', 'false']).transform((value) => value === 'true'),
      description,
    ),
  /** A folder of the client's host, as a URL. */
  folder: (description: string) =>
    absentWhenEmpty(
      z.string().refine((text) => workerHostOf(text) === '', 'must be a folder URL such as file:///folder/'),
      description,
    ),
  /** A JSON object as text. */
  object: (description: string) =>
    absentWhenEmpty(
      z.string().transform((text, context) => {
        try {
          const value: unknown = JSON.parse(text);
          if (isRecord(value) && exceededBound(value) === null) return value;
        } catch {
          // Reported below.
        }
        context.addIssue('must be a JSON object such as {"…":…}, or absent');
        return z.NEVER;
      }),
      description,
    ),
} as const;
