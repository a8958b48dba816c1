/** What routes are made of: strict query parameters, ids in paths, JSON bodies, and one answer to what is wrong with them. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { isRecord } from '../domain/json-value.js';
import { workerHostOf } from '../domain/request/source-rules.js';
import { problem } from './problems.js';
import { invalidRequest, schemaOf } from './validation.js';

/** An app whose routes answer 400 to every field and parameter that their schemas do not accept. */
export function routes(): OpenAPIHono {
  const app: OpenAPIHono = new OpenAPIHono({
    defaultHook: (result, context) => {
      if (!result.success) throw invalidRequest(result, schemaOf(app, context, result.target));
    },
  });
  return app;
}

/** One JSON document as the body. Where all fields are optional, it may be absent. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { content: { 'application/json': { schema } }, required: true } as const;
}

/** `application/json`, or a type that is written in JSON; nothing that a page of another origin may send unasked. */
const JSON_TYPE = /^application\/([\w.-]+\+)?json *(;|$)/i;

/** Before a route that has a `jsonBody`. */
export const readsJson: MiddlewareHandler = async (context, next) => {
  const { req } = context;
  const text = await req.text();
  const isEmpty = text.trim() === '';
  if (!isEmpty && !JSON_TYPE.test(req.header('content-type') ?? '')) {
    throw problem('notJson', 'the content type is not application/json', 'Send Content-Type: application/json.');
  }
  if (!isEmpty) {
    try {
      JSON.parse(text);
    } catch (error) {
      throw problem('malformedBody', error instanceof Error ? error.message : 'not JSON', 'Send one JSON object.');
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

/** Names in paths and cursors: every id of an import or batch and every file name fits. */
const NAME = /^[\w.-]{1,200}$/;

const name = z.string().regex(NAME, 'has to be a name of letters, digits and . _ -');

export const idPath = z.strictObject({ id: name });
export const filePath = z.strictObject({ id: name, name });

/** No query parameter at all. */
export const noQuery = z.strictObject({});

/** An empty value counts as absent. */
function absentWhenEmpty<Schema extends z.ZodType>(schema: Schema, description: string) {
  return z
    .preprocess((value) => (value === '' ? undefined : value), schema.optional())
    .optional()
    .meta({ type: 'string', description });
}

/** The types of query parameters. */
export const parameter = {
  text: (description: string) => absentWhenEmpty(z.string().regex(/^[^\0]*$/, 'has to be text'), description),
  name: (description: string) => absentWhenEmpty(name, description),
  oneOf: <const Values extends readonly [string, ...string[]]>(values: Values, description: string) =>
    absentWhenEmpty(z.enum(values), description),
  whole: (description: string) =>
    absentWhenEmpty(
      z
        .string()
        .regex(/^\d{1,15}$/, 'has to be a whole number')
        .transform(Number),
      description,
    ),
  /** The size of a page: a larger number counts as the largest. */
  limit: (most: number, description: string) =>
    absentWhenEmpty(
      z
        .string()
        .regex(/^0*[1-9]\d{0,14}$/, `has to be a whole number from 1 to ${most}`)
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
      z.string().refine((text) => workerHostOf(text) === '', 'has to be a folder as file:///folder/'),
      description,
    ),
  /** A JSON object as text. */
  object: (description: string) =>
    absentWhenEmpty(
      z.string().transform((text, context) => {
        try {
          const value: unknown = JSON.parse(text);
          if (isRecord(value)) return value;
        } catch {
          // Reported below.
        }
        context.addIssue('has to be a JSON object: give {"…":…}, or leave it out');
        return z.NEVER;
      }),
      description,
    ),
} as const;
