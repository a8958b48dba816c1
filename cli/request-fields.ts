/** The fields of a request as the schema describes them: text, allowed values and default. */
import { z } from 'zod';
import { isRecord } from '../domain/json-value.js';
import { importRequestSchema } from '../domain/request/shape.js';

export interface FieldText {
  readonly description: string;
  readonly allowed: readonly string[];
  /** Null: none. */
  readonly default: string | null;
}

let whole: Readonly<Record<string, unknown>> | null = null;

/** @param path `bootMode`, `upload.convert`, `disks[0].format` */
export function fieldText(path: string): FieldText {
  whole ??= z.toJSONSchema(importRequestSchema, { io: 'input', unrepresentable: 'any' });
  let at: unknown = whole;
  for (const part of path.split(/\.|\[0\]\.?/).filter((one) => one !== '')) {
    const field = isRecord(at) && isRecord(at.properties) ? at.properties[part] : undefined;
    at = isRecord(field) && isRecord(field.items) && path.includes(`${part}[0].`) ? field.items : field;
  }
  if (!isRecord(at)) throw new Error(`the request has no field ${path}`);
  const { description, default: value } = at;
  const allowed = Array.isArray(at.enum)
    ? at.enum
    : isRecord(at.items) && Array.isArray(at.items.enum)
      ? at.items.enum
      : [];
  return {
    description: typeof description === 'string' ? description : '',
    allowed: allowed.map(String),
    default: typeof value === 'string' || typeof value === 'boolean' ? String(value) : null,
  };
}

/** Texts of options begin with a small letter. */
function inSentence(text: string): string {
  const whole = text.replace(/^(?:GiB; )?absent: /i, 'default: ');
  return /^[A-Z][a-z]/.test(whole) ? `${whole.charAt(0).toLowerCase()}${whole.slice(1)}` : whole;
}

interface FieldWords {
  /** Instead of the schema's description. */
  readonly text?: string | undefined;
  /** Before it. */
  readonly about?: string | undefined;
  /** The option has no value. */
  readonly isFlag: boolean;
}

/** `ABOUT; TEXT (allowed: a, b; default: a)` */
export function describeField(path: string, { text, about, isFlag }: FieldWords): string {
  const field = fieldText(path);
  const facts = [
    ...(field.allowed.length === 0 || isFlag ? [] : [`allowed: ${field.allowed.join(', ')}`]),
    ...(field.default === null || field.default === '' || isFlag ? [] : [`default: ${field.default}`]),
  ];
  const words = [about, text ?? inSentence(field.description)].filter((part) => part !== undefined).join('; ');
  return `${words}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`;
}
