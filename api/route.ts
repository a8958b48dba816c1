/** The building blocks of routes: strict query parameters, path parameters and JSON bodies. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler, Next } from 'hono';
import { etag } from 'hono/etag';
import { z } from 'zod';
import type { ImportTag } from '../domain/import-filter.js';
import { wordsOf } from '../domain/import-name.js';
import { readJson } from '../domain/json-document.js';
import { isRecord } from '../domain/json-value.js';
import { exceededBound } from '../domain/request/bounds.js';
import { nearest } from '../domain/request/nearest.js';
import type { RequestProblem } from '../domain/request/request.js';
import { workerHostOf } from '../domain/request/source-rules.js';
import { problem } from './problems.js';
import { BODY_IDLE_MS, type BodyLimits, bodyText, malformed } from './request-body.js';
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

/** `application/json`, as UTF-8. A page of another origin cannot send it without a CORS preflight. */
const JSON_TYPE = /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*("utf-?8"|utf-?8)[ \t]*)?$/i;

const BODY_LIMITS = { maxBytes: 1024 * 1024, idleMs: BODY_IDLE_MS };

/** Of a codec endpoint. Temporal's limit for one payload is 2 MiB, before base64. */
const PAYLOAD_LIMITS = { maxBytes: 8 * 1024 * 1024, idleMs: BODY_IDLE_MS };

const PAYLOAD_BOUNDS = { depth: 5, values: 20_000, text: PAYLOAD_LIMITS.maxBytes };

/** The middleware of every route with a `jsonBody`. */
export const readsJson: MiddlewareHandler = (context, next) => readJsonBody(context, next, BODY_LIMITS, checkDocument);

/** Instead of `readsJson`, for payloads of Temporal, which are longer than any text of a request. */
export const readsPayloads: MiddlewareHandler = (context, next) =>
  readJsonBody(context, next, PAYLOAD_LIMITS, checkPayloads);

async function readJsonBody(
  context: Context,
  next: Next,
  limits: BodyLimits,
  check: (text: string) => void,
): Promise<void> {
  const { req } = context;
  const type = req.header('content-type');
  if (type !== undefined && !JSON_TYPE.test(type.trim())) {
    throw problem('notJson', 'the content type is not application/json', 'Send Content-Type: application/json.');
  }
  const text = (await bodyText(req.raw.body, limits)).trim();
  if (text !== '' && type === undefined) {
    throw problem('notJson', 'the body has no content type', 'Send Content-Type: application/json.');
  }
  if (text !== '') check(text);
  const headers = new Headers(req.raw.headers);
  headers.set('content-type', 'application/json');
  headers.delete('content-length');
  headers.delete('transfer-encoding');
  // The validator reads the body again. An absent body is an empty object.
  req.raw = new Request(req.raw.url, { method: req.raw.method, headers, body: text === '' ? '{}' : text });
  req.bodyCache = {};
  await next();
}

function checkPayloads(text: string): void {
  refuseBeyond(exceededBound(parsed(text), PAYLOAD_BOUNDS));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('the body is not JSON', 'Send one JSON object.');
  }
}

function checkDocument(text: string): void {
  const document = readJson(text);
  if (!document.ok && document.rule === 'syntax') throw malformed(document.message, 'Send one JSON object.');
  const wrong = document.ok ? exceededBound(document.value) : repeatedField(document);
  refuseBeyond(wrong);
}

function refuseBeyond(wrong: RequestProblem | null): void {
  if (wrong === null) return;
  throw problem('invalidRequest', wrong.message, 'Fix the fields in errors[]. Nothing was changed.', {
    errors: [wrong],
  });
}

function repeatedField({ path, message }: { readonly path: string; readonly message: string }): RequestProblem {
  return { path, rule: 'request.repeatedField', given: null, message, vendorCode: null };
}

/** The middleware of routes whose answer has an `ETag`: with If-None-Match, an unchanged one is 304. */
export const conditional: MiddlewareHandler = etag();

/** The format of IDs and file names in paths and cursors. */
const NAME = /^[\w.-]{1,200}$/;

const name = z.string().regex(NAME, 'must consist of letters, digits and . _ -');

export const idPath = z.strictObject({ id: name });
export const filePath = z.strictObject({ id: name, name });

/** For routes without query parameters. */
export const noQuery = z.strictObject({});

/** The JSON Schema of a parameter in the OpenAPI document. Its rules are those of `schema`. */
type Documented = Readonly<Record<string, unknown>> & { readonly type: string };

/** An empty value counts as absent. */
function absentWhenEmpty<Schema extends z.ZodType>(schema: Schema, documented: Documented, description: string) {
  return z
    .preprocess((value) => (value === '' ? undefined : value), schema.optional())
    .optional()
    .meta({ ...documented, description });
}

/** The largest `integer` of PostgreSQL. */
export const MAX_INTEGER = 2_147_483_647;
const MAX_DIGITS = 999_999_999_999_999;

const CURSOR = /^[\w.-]{1,900}$/;
const NO_TIME = 'must be a time such as 2026-11-01T20:00:00Z';
/** What PostgreSQL, and an ISO time of four digits for the year, can express. */
const FIRST_TIME = new Date('0001-01-02T00:00:00Z');
const LAST_TIME = new Date('9999-12-30T00:00:00Z');
/** A point in time, in UTC or with an offset; in UTC after it is validated. */
export const pointInTime = z.iso
  .datetime({ offset: true, error: NO_TIME })
  .transform((text) => new Date(text))
  .refine((time) => time >= FIRST_TIME && time <= LAST_TIME, NO_TIME)
  .transform((time) => time.toISOString());

const MAX_TAG = 512;
const MAX_TAGS = 10;
const MAX_WORDS = 128;

function tagOf(text: string): ImportTag {
  const at = text.indexOf('=');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

/** The types of query parameters. */
export const parameter = {
  text: (description: string) =>
    absentWhenEmpty(z.string().regex(/^[^\0\p{Surrogate}]*$/u, 'must be text'), { type: 'string' }, description),
  name: (description: string) => absentWhenEmpty(name, { type: 'string', pattern: NAME.source }, description),
  /** `nextCursor` of a page. */
  cursor: () =>
    absentWhenEmpty(
      z.string().regex(CURSOR, 'must be the nextCursor of a page'),
      { type: 'string', pattern: CURSOR.source },
      'nextCursor of the previous page, with the same filters and order',
    ),
  /** Text with at least one letter or digit. */
  words: (description: string) =>
    absentWhenEmpty(
      z
        .string()
        .max(MAX_WORDS)
        .regex(/^[^\0\p{Surrogate}]*$/u, 'must be text')
        .refine((text) => wordsOf(text).length > 0, 'must contain a letter or digit'),
      { type: 'string', maxLength: MAX_WORDS, pattern: '[^.:_ -]' },
      description,
    ),
  time: (description: string) => absentWhenEmpty(pointInTime, { type: 'string', format: 'date-time' }, description),
  /** `KEY=VALUE`, once or several times. */
  tags: (description: string) =>
    z
      .preprocess(
        (value) => (value === undefined || value === '' ? undefined : [value].flat()),
        z
          .array(
            z
              .string()
              .max(MAX_TAG)
              .regex(/^[^\0\p{Surrogate}]*$/u, 'must be text')
              .regex(/^[^=]+=/, 'must be KEY=VALUE'),
          )
          .max(MAX_TAGS)
          .transform((texts) => texts.map(tagOf))
          .optional(),
      )
      .optional()
      .meta({
        ...{ type: 'array', items: { type: 'string', pattern: '^[^=]+=', maxLength: MAX_TAG }, maxItems: MAX_TAGS },
        description,
      }),
  oneOf: <const Values extends readonly [string, ...string[]]>(values: Values, description: string) =>
    absentWhenEmpty(z.enum(values), { type: 'string', enum: values }, description),
  /** Names separated by commas. */
  names: <const Values extends readonly [string, ...string[]]>(values: Values, description: string) =>
    absentWhenEmpty(
      z.string().transform((text, context): readonly Values[number][] =>
        text.split(',').map((name) => {
          const known = values.find((value) => value === name.trim());
          if (known !== undefined) return known;
          const near = nearest(name, values);
          context.addIssue(
            `must be names separated by commas, without ${JSON.stringify(name)}; ${near === null ? `valid names: ${values.join(', ')}` : `did you mean ${near}?`}`,
          );
          return z.NEVER;
        }),
      ),
      { type: 'array', items: { type: 'string', enum: values } },
      description,
    ),
  whole: (description: string, most = MAX_DIGITS) =>
    absentWhenEmpty(
      z
        .string()
        .regex(/^\d{1,15}$/, 'must be an integer')
        .transform(Number)
        .refine((number) => number <= most, `must be at most ${most}`),
      { type: 'integer', minimum: 0, maximum: most },
      description,
    ),
  /** The size of a page; larger values are reduced to the maximum. */
  limit: (most: number, byDefault: number) =>
    absentWhenEmpty(
      z
        .string()
        .regex(/^0*[1-9]\d{0,14}$/, `must be an integer from 1 to ${most}`)
        .transform((text) => Math.min(most, Number(text))),
      { type: 'integer', minimum: 1, maximum: MAX_DIGITS, default: byDefault },
      `The size of the page. Larger values than ${most} count as ${most}`,
    ),
  flag: (description: string) =>
    absentWhenEmpty(
      z.enum(['true', 'false']).transform((value) => value === 'true'),
      { type: 'boolean' },
      description,
    ),
  /** A folder of the client's host, as a URL. */
  folder: (description: string) =>
    absentWhenEmpty(
      z.string().refine((text) => workerHostOf(text) === '', 'must be a folder URL such as file:///folder/'),
      { type: 'string', pattern: '^file:///', examples: ['file:///images/'] },
      description,
    ),
  /** A JSON object as text. */
  object: (description: string) =>
    absentWhenEmpty(
      z.string().transform((text, context) => {
        const read = readJson(text);
        if (read.ok && isRecord(read.value) && exceededBound(read.value) === null) return read.value;
        const isRepeated = !read.ok && read.rule === 'repeatedField';
        context.addIssue(
          isRepeated ? `must not repeat a field: ${read.message}` : 'must be a JSON object such as {"…":…}, or absent',
        );
        return z.NEVER;
      }),
      { type: 'object' },
      description,
    ),
} as const;
