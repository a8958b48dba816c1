/** Generates the OpenAPI document from the routes and their schemas. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { packageRoot } from '../store/package-root.js';
import { schemaPath } from './answers.js';
import { SCHEMAS, schemaNameOf } from './components.js';

type Definition = OpenAPIHono['openAPIRegistry']['definitions'][number];
type Route = Extract<Definition, { readonly type: 'route' }>['route'];

export function openApiDocument(app: OpenAPIHono): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    const at = paths[route.path] ?? {};
    at[route.method] = describe(route);
    paths[route.path] = at;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ecs-image-import',
      version: packageVersion(),
      description: 'Imports disk images as custom images into Alibaba Cloud ECS.',
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
    security: [{}, { bearer: [] }],
  };
}

function describe({ summary, request, responses }: Route): object {
  const parameters = [
    ...parametersOf('path', request?.params),
    ...parametersOf('query', request?.query),
    ...parametersOf('header', request?.headers),
  ];
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request?.body === undefined ? {} : { requestBody: { content: contentOf(request.body.content) } }),
    responses,
  };
}

function parametersOf(place: 'path' | 'query' | 'header', schema: unknown): readonly object[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description } = z.globalRegistry.get(field as z.ZodType) ?? {};
    return {
      name,
      in: place,
      ...(place === 'path' ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      schema: { type: 'string' },
    };
  });
}

function contentOf(content: object): object {
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => [type, { schema: schemaReference(schemaIn(media)) }]),
  );
}

/** The schema of one media type. */
function schemaIn(media: unknown): unknown {
  return typeof media === 'object' && media !== null && 'schema' in media ? media.schema : undefined;
}

function schemaReference(schema: unknown): unknown {
  if (!(schema instanceof z.ZodType)) return schema;
  const name = schemaNameOf(schema);
  return name === null ? jsonSchema(schema) : { $ref: schemaPath(name) };
}

function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function packageVersion(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
