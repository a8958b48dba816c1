/** A row of the OpenAPI document: one route, and the schemas of what goes in and out. */

export interface Operation<SchemaName extends string> {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: SchemaName;
  /** Media types of the body; only JSON where absent. */
  readonly bodyTypes?: readonly string[];
  readonly answers: Readonly<Record<number, OperationAnswer<SchemaName>>>;
}

export interface OperationAnswer<SchemaName extends string> {
  readonly description: string;
  readonly schema?: SchemaName;
  readonly type?: string;
}

export function json<Name extends string>(description: string, schema: Name) {
  return { description, schema };
}

export function problem(description: string) {
  return { description, schema: 'Problem' as const, type: 'application/problem+json' };
}
