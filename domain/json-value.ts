/** Looks at what came as JSON, YAML or CSV, before anything is believed of it. */

/** An object with fields of its own: no array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value);
}

/** Anything that has fields or elements. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
