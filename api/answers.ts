/** The responses of a route, for its OpenAPI description. */
import type { SchemaName } from './components.js';

export interface Answer {
  readonly description: string;
  readonly schema?: SchemaName;
  readonly type: string;
}

interface DocumentedAnswer {
  readonly description: string;
  readonly content?: Record<string, { readonly schema: object }>;
}

export function json(description: string, schema: SchemaName): Answer {
  return { description, schema, type: 'application/json' };
}

export function other(description: string, type: string, schema?: SchemaName): Answer {
  return { description, type, ...(schema === undefined ? {} : { schema }) };
}

export function problem(description: string): Answer {
  return { description, schema: 'Problem', type: 'application/problem+json' };
}

/** By status. Every route rejects unknown fields and parameters. */
export function answers(byStatus: Readonly<Record<number, Answer>>): Record<number, DocumentedAnswer> {
  const all = { 400: problem('A field or parameter is unknown or invalid; errors[] lists all of them'), ...byStatus };
  return Object.fromEntries(
    Object.entries(all).map(([status, { description, schema, type }]) => [
      status,
      { description, content: { [type]: { schema: schema === undefined ? {} : { $ref: schemaPath(schema) } } } },
    ]),
  );
}

export function schemaPath(name: SchemaName): string {
  return `#/components/schemas/${name}`;
}
