/** The responses of a route, for its OpenAPI description. */
import type { SchemaName } from './components.js';

export interface Answer {
  readonly description: string;
  readonly schema?: SchemaName;
  readonly type: string;
  /** Other media types of the same answer. */
  readonly others?: Readonly<Record<string, SchemaName | null>>;
}

interface DocumentedAnswer {
  readonly description: string;
  readonly content?: Record<string, { readonly schema: object }>;
}

export function json(description: string, schema: SchemaName): Answer {
  return { description, schema, type: 'application/json' };
}

/** A text of this type. */
export function other(description: string, type: string, others?: Answer['others']): Answer {
  return { description, type, ...(others === undefined ? {} : { others }) };
}

export function problem(description: string): Answer {
  return { description, schema: 'Problem', type: 'application/problem+json' };
}

/** By status. The OpenAPI document adds the errors that all routes share. */
export function answers(byStatus: Readonly<Record<number, Answer>>): Record<number, DocumentedAnswer> {
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, { description, schema, type, others = {} }]) => [
      status,
      {
        description,
        content: Object.fromEntries(
          Object.entries({ [type]: schema ?? null, ...others }).map(([media, name]) => [
            media,
            { schema: name === null ? { type: 'string' } : { $ref: schemaPath(name) } },
          ]),
        ),
      },
    ]),
  );
}

export function schemaPath(name: SchemaName): string {
  return `#/components/schemas/${name}`;
}
