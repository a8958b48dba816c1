/** The limits of a caller as a condition on imports. It may let through what `isWithin` of the domain refuses, never the reverse. */
import type { Limits } from '../domain/access/may.js';

export interface LimitCondition {
  readonly where: string;
  readonly values: readonly unknown[];
}

/** @param row the alias of the table @param firstParameter the number of its first parameter */
export function limitCondition(limits: Limits, row: string, firstParameter: number): LimitCondition {
  const values: unknown[] = [];
  const parameter = (value: unknown) => {
    values.push(value);
    return `$${firstParameter + values.length - 1}`;
  };
  const like = (text: string, patterns: readonly string[]) =>
    `${text} like any(${parameter(patterns.map(likePattern))})`;
  const conditions: string[] = [];
  if (limits.accounts.length > 0) {
    conditions.push(like(`coalesce(${row}.request ->> 'account', '')`, limits.accounts));
  }
  if (limits.regions.length > 0) {
    conditions.push(
      like(`(${row}.request ->> 'region')`, limits.regions),
      `not exists (select from jsonb_array_elements_text(${row}.request -> 'distribute' -> 'regions') as other
         where not ${like('other', limits.regions)})`,
    );
  }
  if (limits.buckets.length > 0) {
    const bucket = `coalesce(${row}.request -> 'upload' ->> 'bucket', '')`;
    conditions.push(`(${bucket} = '' or ${like(bucket, limits.buckets)})`);
  }
  for (const [key, patterns] of Object.entries(limits.tags)) {
    conditions.push(like(`(${row}.request -> 'tags' ->> ${parameter(key)})`, patterns));
  }
  return { where: conditions.length === 0 ? 'true' : conditions.join(' and '), values };
}

function likePattern(pattern: string): string {
  return pattern.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
