/** Describes one route as an operation of the OpenAPI document. */
import { z } from 'zod';
import { schemaPath } from '../answers.js';
import { schemaNameOf } from '../components.js';
import { conditional } from '../route.js';
import { commonAnswersOf, headersOf, problemExample } from './common-answers.js';
import { inlineSchema } from './component-schemas.js';
import type { Route } from './described-route.js';
import { exampleOf } from './examples.js';
import { isOpen } from './security.js';

type Fields = Readonly<Record<string, unknown>>;

export function describeOperation(route: Route): object {
  const { operationId, tags, summary, description = `${summary ?? ''}.`, request } = route;
  const withoutIdentity = isOpen(route.method.toUpperCase(), route.path);
  const parameters = [
    ...parametersOf('path', request?.params),
    ...parametersOf('query', request?.query),
    ...parametersOf('header', request?.headers),
    ...(isConditional(route) ? [IF_NONE_MATCH] : []),
  ];
  return {
    operationId,
    tags,
    summary,
    description,
    ...(withoutIdentity ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request?.body === undefined ? {} : { requestBody: bodyOf(request.body.content) }),
    responses: {
      ...answersOf(route),
      ...(isConditional(route) ? UNCHANGED : {}),
      ...commonAnswersOf(route, withoutIdentity),
    },
  };
}

function isConditional(route: Route): boolean {
  return 'middleware' in route && route.middleware === conditional;
}

const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag of an answer that the client has; if it is still the same, the answer is 304 without a body',
  schema: { type: 'string' },
};
const ETAG = { ETag: { description: 'Changes with the content', schema: { type: 'string' } } };
const UNCHANGED = { 304: { description: 'The answer is the one that the client has', headers: ETAG } };

function parametersOf(place: 'path' | 'query' | 'header', schema: unknown): readonly object[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...rest } = parameterSchema(field);
    return {
      name,
      in: place,
      required: place === 'path',
      ...(description === undefined ? {} : { description }),
      ...(place === 'query' ? queryStyle(rest) : { schema: rest }),
    };
  });
}

/** A parameter is a text with rules. What it means is in its metadata. */
function parameterSchema(field: z.core.$ZodType): Fields {
  const documented = z.globalRegistry.get(field) ?? {};
  return 'type' in documented ? documented : inlineSchema(field);
}

function queryStyle(schema: Fields): object {
  if (schema.type === 'object') return { content: { 'application/json': { schema } } };
  const isRepeated = schema.type === 'array' && 'maxItems' in schema;
  if (isRepeated) return { style: 'form', explode: true, allowEmptyValue: true, schema };
  // Names separated by commas.
  if (schema.type === 'array') return { style: 'form', explode: false, allowEmptyValue: true, schema };
  return { allowEmptyValue: true, schema };
}

/** The body may be absent if an empty object is valid. */
function bodyOf(content: object): object {
  const schemas = Object.values(content).map(schemaIn);
  const required = schemas.every((schema) => !(schema instanceof z.ZodType) || !schema.safeParse({}).success);
  return { required, content: contentOf(content) };
}

function contentOf(content: object): object {
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => {
      const schema = type === 'text/event-stream' ? EVENT_STREAM : schemaReference(schemaIn(media));
      const example = exampleOf(schema, type);
      return [type, { schema, ...(example === undefined ? {} : { example }) }];
    }),
  );
}

/** OpenAPI 3.1 has no words for a stream of events, so the schema says what one `data:` contains. */
const EVENT_STREAM = {
  type: 'string',
  description:
    'Server-sent events. `event:` is the type and `data:` the JSON of one event. `id:` is its position, which Last-Event-ID continues after; events of type progress have none, because the next one replaces them. Lines that begin with a colon are heartbeats.',
  contentMediaType: 'application/json',
  contentSchema: { $ref: schemaPath('Event') },
};

/** The schema of one media type. */
function schemaIn(media: unknown): unknown {
  return typeof media === 'object' && media !== null && 'schema' in media ? media.schema : undefined;
}

function schemaReference(schema: unknown): unknown {
  if (!(schema instanceof z.ZodType)) return schema;
  const name = schemaNameOf(schema);
  return name === null ? inlineSchema(schema) : { $ref: schemaPath(name) };
}

function answersOf(route: Route): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, described]) => {
      if ('$ref' in described) return [status, described];
      const { content, headers, ...answer } = described;
      const sent = {
        ...headersOf(Number(status)),
        ...(status === '200' && isConditional(route) ? ETAG : {}),
        ...headers,
      };
      return [
        status,
        {
          ...answer,
          ...(Object.keys(sent).length === 0 ? {} : { headers: sent }),
          ...(content === undefined ? {} : { content: answerContent(Number(status), content) }),
        },
      ];
    }),
  );
}

const PROBLEM = 'application/problem+json';

function answerContent(status: number, content: object): object {
  if (!(PROBLEM in content)) return contentOf(content);
  return { [PROBLEM]: { schema: schemaIn(content[PROBLEM]), example: problemExample(status) } };
}
