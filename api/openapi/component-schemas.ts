/** The named schemas as JSON Schema, which refer to each other by name. */
import { z } from 'zod';
import { SCHEMAS, type SchemaName } from '../components.js';

/** Schemas of request bodies (Payloads: of the answer too, which has no other fields): fields with a default may be absent. All others describe answers, in which they are present. */
const REQUESTS: ReadonlySet<string> = new Set<SchemaName>([
  'ImportRequest',
  'InspectionRequest',
  'Cancel',
  'Resume',
  'ResumeAll',
  'Retry',
  'Bulk',
  'HoldRequest',
  'ReleaseRequest',
  'NewKey',
  'KeyRotation',
  'KeyRevocation',
  'OrphanSweepInput',
  'ReconcileInput',
  'SignIn',
  'BatchFile',
  'BatchPolicy',
  'BatchPause',
  'BatchResume',
  'BatchCancel',
  'BatchRetry',
  'WebhookCreate',
  'WebhookRotate',
  'WebhookAction',
  'WebhookRedeliver',
  'Payloads',
]);

export function componentSchemas(): Readonly<Record<string, object>> {
  const named = { ...converted('input'), ...converted('output') };
  return Object.fromEntries(Object.keys(SCHEMAS).map((name) => [name, named[name] ?? {}]));
}

/** The JSON Schema of an unnamed part, such as a parameter. */
export function inlineSchema(schema: z.core.$ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { ...OPTIONS, io: 'input' });
  return rest;
}

const OPTIONS = { unrepresentable: 'any', override: simplify } as const;

type ForSchema = Parameters<typeof simplify>[0];

function converted(io: 'input' | 'output'): Readonly<Record<string, object>> {
  const registry = z.registry<{ id: string }>();
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    if (REQUESTS.has(name) === (io === 'input')) registry.add(schema, { id: name });
  }
  const refine = io === 'input' ? withoutNul : openForMore;
  const override = (of: ForSchema) => refine(simplify(of));
  const uri = (name: string) => `#/components/schemas/${name}`;
  const { schemas } = z.toJSONSchema(registry, { ...OPTIONS, io, uri, override });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _id, ...schema }]) => [name, schema]),
  );
}

interface Converted {
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}

/** `format` says the same as the pattern of a time, in words that people can read. */
function simplify({ jsonSchema }: Converted): Converted {
  // Character classes such as \p{Cc} need a flag that many readers of patterns do not set.
  if (jsonSchema.format === 'date-time' || jsonSchema.pattern?.includes('\\p{') === true) delete jsonSchema.pattern;
  return { jsonSchema };
}

/** No text of a request may contain the character NUL, which PostgreSQL cannot store. */
function withoutNul({ jsonSchema }: Converted): void {
  const { type, pattern, format, enum: values } = jsonSchema;
  const isFree = pattern === undefined && format === undefined && values === undefined;
  if (type === 'string' && isFree) jsonSchema.pattern = '^[^\\u0000]*$';
}

/** Clients must accept fields that a later version adds. */
function openForMore({ jsonSchema }: Converted): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}
