/** The policy of a batch: concurrency, order, schedule and stop conditions. May change while the batch runs. */

import { isRecord } from '../json-value.js';
import type { RequestProblem } from '../request/request.js';
import { parseSchedule } from './schedule.js';

export interface BatchPolicy {
  /** Maximum number of concurrent imports. Imports in attention do not count. */
  readonly concurrency: number;
  /** Maximum number of concurrent imports per region; null: no limit. */
  readonly perRegion: number | null;
  /** Maximum number of concurrent imports per bucket; null: no limit. */
  readonly perBucket: number | null;
  /** Sizes of the first waves. All imports of a wave must succeed before the next wave starts. Empty: one wave. */
  readonly canary: readonly number[];
  /** Failed items, as a number or a percentage of all (`"5%"`), above which no new imports start. Null: no limit. */
  readonly errorBudget: number | `${number}%` | null;
  /** How many imports must have ended before `errorBudget` counts. */
  readonly errorBudgetAfter: number;
  /** Imports in attention at which no new imports start; null: as `concurrency`. */
  readonly attentionBudget: number | null;
  /** Imports start only in this daily window: `"20:00-06:00 Asia/Shanghai"`. Null: at any time. */
  readonly schedule: string | null;
  /** `listed`: as in the file. `shuffled`: spread over regions, buckets and hosts; deterministic. */
  readonly order: 'listed' | 'shuffled';
  /** Temporal priority key, 1 to 5; lower values run first. An import outside a batch has 3. */
  readonly priority: number;
  /** Temporal fairness weight among batches of the same priority. */
  readonly weight: number;
  /** Image quota of the regions, if the operator knows it. Items that would exceed it wait. */
  readonly imageQuota: number | Readonly<Record<string, number>> | null;
  /** Check regions, buckets, roles and quotas of all items before the first import starts. */
  readonly checkFirst: boolean;
}

export const DEFAULT_POLICY: BatchPolicy = {
  concurrency: 50,
  perRegion: null,
  perBucket: null,
  canary: [],
  errorBudget: null,
  errorBudgetAfter: 0,
  attentionBudget: null,
  schedule: null,
  order: 'listed',
  priority: 4,
  weight: 1,
  imageQuota: null,
  checkFirst: true,
};

/** From this number of items on, a batch has the defaults of `LARGE_BATCH_POLICY`. */
export const LARGE_BATCH = 100;

/** Stops a large batch early if its imports fail for a common cause. */
export const LARGE_BATCH_POLICY = {
  canary: [5],
  errorBudget: '5%',
  errorBudgetAfter: 20,
} as const satisfies Partial<BatchPolicy>;

/**
 * The policy of a new batch, with the defaults for its size. A setting that was given, also as null or empty, is kept.
 * @param given the settings of the file and the request
 */
export function policyForSize(policy: BatchPolicy, given: unknown, items: number): BatchPolicy {
  if (items < LARGE_BATCH) return policy;
  const isGiven = (name: string) => isRecord(given) && Object.hasOwn(given, name);
  const { canary, errorBudget, errorBudgetAfter } = LARGE_BATCH_POLICY;
  return {
    ...policy,
    ...(isGiven('canary') ? {} : { canary }),
    // A budget of one's own counts from the first failure on.
    ...(isGiven('errorBudget') ? {} : { errorBudget }),
    ...(isGiven('errorBudget') || isGiven('errorBudgetAfter') ? {} : { errorBudgetAfter }),
  };
}

export const MAX_CONCURRENCY = 5_000;

export type PolicyReading =
  | { readonly ok: true; readonly policy: BatchPolicy }
  | { readonly ok: false; readonly problems: readonly RequestProblem[] };

/** Applies the given settings to `base`, or reports all problems. */
export function readPolicy(given: unknown, base: BatchPolicy): PolicyReading {
  if (given === undefined || given === null) return { ok: true, policy: base };
  if (!isRecord(given))
    return { ok: false, problems: [problem('policy', 'policy.shape', given, 'policy must be an object')] };
  const problems: RequestProblem[] = [];
  let policy = base;
  for (const [name, value] of Object.entries(given)) {
    const read = isPolicyField(name) ? FIELD_READERS[name] : null;
    if (read === null) {
      const known = Object.keys(FIELD_READERS).join(', ');
      problems.push(
        problem(
          `policy.${name}`,
          'policy.known',
          value,
          `policy.${name} is not a setting of a policy. Known settings: ${known}`,
        ),
      );
      continue;
    }
    const reading = read(value);
    if ('fault' in reading)
      problems.push(problem(`policy.${name}`, `policy.${name}`, value, `policy.${name} ${reading.fault}`));
    else policy = { ...policy, [name]: reading.value };
  }
  return problems.length === 0 ? { ok: true, policy } : { ok: false, problems };
}

/** The number of items that may fail before no new imports start. */
export function failuresAllowed(
  { errorBudget }: { readonly errorBudget: string | number | null },
  items: number,
): number {
  if (errorBudget === null) return Number.POSITIVE_INFINITY;
  if (typeof errorBudget === 'number') return errorBudget;
  return Math.floor((items * Number(errorBudget.slice(0, -1))) / 100);
}

export function quotaOf(policy: BatchPolicy, region: string): number | null {
  const { imageQuota } = policy;
  return imageQuota === null || typeof imageQuota === 'number' ? imageQuota : (imageQuota[region] ?? null);
}

type Reading<T> = { readonly value: T } | { readonly fault: string };
type FieldReader<T> = (given: unknown) => Reading<T>;

const FIELD_READERS: { readonly [Name in keyof BatchPolicy]: FieldReader<BatchPolicy[Name]> } = {
  concurrency: integer(1, MAX_CONCURRENCY),
  perRegion: orNull(integer(1, MAX_CONCURRENCY)),
  perBucket: orNull(integer(1, MAX_CONCURRENCY)),
  canary: (given) => {
    const waves: readonly unknown[] = given === null ? [] : Array.isArray(given) ? given : [given];
    const sizes = waves.filter(isInteger).filter((size) => size >= 1);
    return sizes.length === waves.length && sizes.length <= 20
      ? { value: sizes }
      : { fault: 'must be the size of the first wave, e.g. 5, or of up to 20 waves, e.g. [5, 50]' };
  },
  errorBudget: orNull<number | `${number}%`>((given) => {
    if (isInteger(given) && given >= 0) return { value: given };
    const match = typeof given === 'string' ? /^\s*(\d{1,3}(?:\.\d+)?)\s*(%?)\s*$/.exec(given) : null;
    const number = Number(match?.[1]);
    if (match !== null && match[2] === '' && Number.isInteger(number)) return { value: number };
    if (match !== null && match[2] === '%' && number <= 100) return { value: `${number}%` };
    return { fault: 'must be a number of items, e.g. 10, or a percentage, e.g. "2%"' };
  }),
  errorBudgetAfter: integer(0, 1_000_000),
  attentionBudget: orNull(integer(1, 1_000_000)),
  schedule: orNull((given) => {
    const parsed = typeof given === 'string' ? parseSchedule(given) : null;
    if (parsed === null || !parsed.ok) {
      return { fault: parsed?.reason ?? 'must be a window and its time zone, e.g. "20:00-06:00 Asia/Shanghai"' };
    }
    return { value: String(given) };
  }),
  order: (given) =>
    given === 'listed' || given === 'shuffled' ? { value: given } : { fault: 'must be listed or shuffled' },
  priority: integer(1, 5),
  weight: (given) =>
    typeof given === 'number' && given >= 0.001 && given <= 1000
      ? { value: given }
      : { fault: 'must be a number from 0.001 to 1000' },
  imageQuota: orNull<number | Readonly<Record<string, number>>>((given) => {
    if (isInteger(given) && given >= 0) return { value: given };
    if (isRecord(given)) {
      const entries = Object.entries(given).flatMap(([region, quota]): [string, number][] =>
        isInteger(quota) && quota >= 0 ? [[region, quota]] : [],
      );
      if (entries.length === Object.keys(given).length) return { value: Object.fromEntries(entries) };
    }
    return { fault: 'must be a number of images, or one for each region, e.g. {"cn-hangzhou": 100}' };
  }),
  checkFirst: (given) => (typeof given === 'boolean' ? { value: given } : { fault: 'must be true or false' }),
};

function integer(min: number, max: number): FieldReader<number> {
  return (given) =>
    isInteger(given) && given >= min && given <= max
      ? { value: given }
      : { fault: `must be an integer from ${min} to ${max}` };
}

function orNull<T>(read: FieldReader<T>): FieldReader<T | null> {
  return (given) => (given === null ? { value: null } : read(given));
}

function problem(path: string, rule: string, given: unknown, message: string): RequestProblem {
  return { path, rule, given: JSON.stringify(given) ?? null, message, vendorCode: null };
}

function isPolicyField(name: string): name is keyof BatchPolicy {
  return Object.hasOwn(FIELD_READERS, name);
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
