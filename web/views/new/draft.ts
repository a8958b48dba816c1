/** The request that the form edits: a JSON object with the fields that are set, and the schema of the API that describes them. */
import { z } from 'zod';
import { isObject, isRecord } from '../../../domain/json-value.js';
import { importRequestSchema } from '../../../domain/request/schema.js';

export type Json = Readonly<Record<string, unknown>>;
export type FieldPath = readonly (string | number)[];

/** What the form needs of a JSON Schema. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  readonly additionalProperties?: unknown;
  readonly maxItems?: number;
}

/** The schema of `POST /v1/imports`, as in the OpenAPI document. */
export const REQUEST_SCHEMA: FieldSchema = schemaOf(
  z.toJSONSchema(importRequestSchema, { io: 'input', unrepresentable: 'any' }),
);

/** Keeps what has the expected type. */
function schemaOf(value: unknown): FieldSchema {
  if (!isRecord(value)) return {};
  const text = (name: string) => (typeof value[name] === 'string' ? { [name]: value[name] } : {});
  return {
    ...text('type'),
    ...text('description'),
    ...(Array.isArray(value.enum) ? { enum: value.enum.map(String) } : {}),
    ...(value.default === undefined ? {} : { default: value.default }),
    ...(Array.isArray(value.examples) ? { examples: value.examples } : {}),
    ...(isRecord(value.properties)
      ? { properties: Object.fromEntries(Object.entries(value.properties).map(([name, one]) => [name, schemaOf(one)])) }
      : {}),
    ...(Array.isArray(value.required) ? { required: value.required.map(String) } : {}),
    ...(value.items === undefined ? {} : { items: schemaOf(value.items) }),
    ...(isObject(value.additionalProperties) ? { additionalProperties: value.additionalProperties } : {}),
    ...(typeof value.maxItems === 'number' ? { maxItems: value.maxItems } : {}),
  };
}

export function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((at, part) => (isObject(at) ? Reflect.get(at, part) : undefined), value);
}

/** A copy with the value at the path; undefined removes it, and the objects that become empty. */
export function withValue(draft: Json, path: FieldPath, value: unknown): Json {
  const changed = changedAt(draft, path, value);
  return isRecord(changed) ? changed : {};
}

function changedAt(at: unknown, [part, ...rest]: FieldPath, value: unknown): unknown {
  if (part === undefined) return value;
  if (typeof part === 'number') {
    const items: readonly unknown[] = Array.isArray(at) ? at : [];
    const next = changedAt(items[part], rest, value);
    if (next === undefined && rest.length === 0) return items.filter((_, index) => index !== part);
    return Object.assign([...items], { [part]: next ?? {} });
  }
  const fields = isRecord(at) ? at : {};
  const next = changedAt(fields[part], rest, value);
  const { [part]: _before, ...others } = fields;
  if (next === undefined) return Object.keys(others).length === 0 && rest.length === 0 ? undefined : others;
  return { ...others, [part]: next };
}

/** The request as the API takes it: a source that is an absolute path becomes its file URL. */
export function withFileUrls(draft: Json): Json {
  const { disks } = draft;
  if (!Array.isArray(disks)) return draft;
  return {
    ...draft,
    disks: disks.map((disk: unknown) =>
      isRecord(disk) && typeof disk.source === 'string' && disk.source.startsWith('/')
        ? { ...disk, source: fileUrl(disk.source) }
        : disk,
    ),
  };
}

/** The characters that have a meaning in a URL are escaped, as `pathToFileURL` of Node.js does it. */
function fileUrl(path: string): string {
  return new URL(`file://${path.replaceAll(/[%?#\\]/g, encodeURIComponent)}`).href;
}

/** `['disks', 0, 'source']` is `disks[0].source`, as problems of the API name it. */
export function pathText(path: FieldPath): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

/** The fields of `draft` that differ from those of `before`, for a retry: top-level fields to their values; null removes one. */
export function differences(before: Json, draft: Json): Json {
  const names = [...new Set([...Object.keys(before), ...Object.keys(draft)])];
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(draft[name]))
      .map((name) => [name, draft[name] ?? null]),
  );
}
