/** The policy of a batch: how many imports at once, in which order, when, and when to stop. May change while it runs. */

import { isRecord } from '../json-value.js';
import type { RequestProblem } from '../request/request.js';
import { parseSchedule } from './schedule.js';

export interface BatchPolicy {
  /** Imports under way at once; those that wait for a person don't count. */
  readonly concurrency: number;
  /** At most so many at once in one region; null: no limit. */
  readonly perRegion: number | null;
  /** At most so many at once from one bucket; null: no limit. */
  readonly perBucket: number | null;
  /** Sizes of the first waves: each must wholly succeed before the next starts. Empty: everything is one wave. */
  readonly canary: readonly number[];
  /** So many items may fail, or so many percent of all (`"5%"`); one more and no new ones start. Null: any number. */
  readonly errorBudget: number | `${number}%` | null;
  /** So many imports may wait for a person before no new ones start; null: as many as `concurrency`. */
  readonly attentionBudget: number | null;
  /** New ones start only in this window of the day: `"20:00-06:00 Asia/Shanghai"`. Null: at any time. */
  readonly schedule: string | null;
  /** `listed`: as in the file; `shuffled`: spread over regions, buckets and hosts, the same at every look. */
  readonly order: 'listed' | 'shuffled';
  /** 1 to 5, lower goes first on the servers; an import outside of batches has 3. */
  readonly priority: number;
  /** Share of the servers beside other batches of the same priority. */
  readonly weight: number;
  /** Custom images that a region may hold, where the operator knows it; items that would exceed it wait. */
  readonly imageQuota: number | Readonly<Record<string, number>> | null;
}

export const DEFAULT_POLICY: BatchPolicy = {
  concurrency: 50,
  perRegion: null,
  perBucket: null,
  canary: [],
  errorBudget: null,
  attentionBudget: null,
  schedule: null,
  order: 'listed',
  priority: 4,
  weight: 1,
  imageQuota: null,
};

export const MAX_CONCURRENCY = 5_000;

export type PolicyReading =
  | { readonly ok: true; readonly policy: BatchPolicy }
  | { readonly ok: false; readonly problems: readonly RequestProblem[] };

/** Lays what is given over `base`; names everything that is wrong with it at once. */
export function readPolicy(given: unknown, base: BatchPolicy): PolicyReading {
  if (given === undefined || given === null) return { ok: true, policy: base };
  if (!isRecord(given)) return { ok: false, problems: [problem('policy', 'policy.shape', given, 'give an object')] };
  const problems: RequestProblem[] = [];
  let policy = base;
  for (const [name, value] of Object.entries(given)) {
    const rule = isPolicyField(name) ? RULES[name] : null;
    if (rule === null) {
      const known = Object.keys(RULES).join(', ');
      problems.push(problem(`policy.${name}`, 'policy.known', value, `there is no such setting; there are ${known}`));
      continue;
    }
    const read = rule(value);
    if ('fault' in read) problems.push(problem(`policy.${name}`, `policy.${name}`, value, read.fault));
    else policy = { ...policy, [name]: read.value };
  }
  return problems.length === 0 ? { ok: true, policy } : { ok: false, problems };
}

/** How many items may fail before no new ones start. */
export function failuresAllowed(policy: BatchPolicy, items: number): number {
  const { errorBudget } = policy;
  if (errorBudget === null) return Number.POSITIVE_INFINITY;
  if (typeof errorBudget === 'number') return errorBudget;
  return Math.floor((items * Number(errorBudget.slice(0, -1))) / 100);
}

export function quotaOf(policy: BatchPolicy, region: string): number | null {
  const { imageQuota } = policy;
  return imageQuota === null || typeof imageQuota === 'number' ? imageQuota : (imageQuota[region] ?? null);
}

type Reading<T> = { readonly value: T } | { readonly fault: string };
type Rule<T> = (given: unknown) => Reading<T>;

const RULES: { readonly [Name in keyof BatchPolicy]: Rule<BatchPolicy[Name]> } = {
  concurrency: whole(1, MAX_CONCURRENCY),
  perRegion: orNull(whole(1, MAX_CONCURRENCY)),
  perBucket: orNull(whole(1, MAX_CONCURRENCY)),
  canary: (given) => {
    const waves: readonly unknown[] = given === null ? [] : Array.isArray(given) ? given : [given];
    const sizes = waves.filter(isWhole).filter((size) => size >= 1);
    return sizes.length === waves.length && sizes.length <= 20
      ? { value: sizes }
      : { fault: 'give the size of the first wave, e.g. 5, or of up to 20 waves, e.g. [5, 50]' };
  },
  errorBudget: orNull<number | `${number}%`>((given) => {
    if (isWhole(given) && given >= 0) return { value: given };
    const match = typeof given === 'string' ? /^\s*(\d{1,3}(?:\.\d+)?)\s*(%?)\s*$/.exec(given) : null;
    const number = Number(match?.[1]);
    if (match !== null && match[2] === '' && Number.isInteger(number)) return { value: number };
    if (match !== null && match[2] === '%' && number <= 100) return { value: `${number}%` };
    return { fault: 'give a number of items, e.g. 10, or a share of all, e.g. "2%"' };
  }),
  attentionBudget: orNull(whole(1, 1_000_000)),
  schedule: orNull((given) => {
    const read = typeof given === 'string' ? parseSchedule(given) : null;
    if (read === null || !read.ok) {
      return { fault: read?.reason ?? 'give a window and its time zone, e.g. "20:00-06:00 Asia/Shanghai"' };
    }
    return { value: String(given) };
  }),
  order: (given) =>
    given === 'listed' || given === 'shuffled' ? { value: given } : { fault: 'give listed or shuffled' },
  priority: whole(1, 5),
  weight: (given) =>
    typeof given === 'number' && given >= 0.001 && given <= 1000
      ? { value: given }
      : { fault: 'give a number from 0.001 to 1000' },
  imageQuota: orNull<number | Readonly<Record<string, number>>>((given) => {
    if (isWhole(given) && given >= 0) return { value: given };
    if (isRecord(given)) {
      const entries = Object.entries(given).flatMap(([region, quota]): [string, number][] =>
        isWhole(quota) && quota >= 0 ? [[region, quota]] : [],
      );
      if (entries.length === Object.keys(given).length) return { value: Object.fromEntries(entries) };
    }
    return { fault: 'give a number of images, or one for each region, e.g. {"cn-hangzhou": 100}' };
  }),
};

function whole(least: number, most: number): Rule<number> {
  return (given) =>
    isWhole(given) && given >= least && given <= most
      ? { value: given }
      : { fault: `give a whole number from ${least} to ${most}` };
}

function orNull<T>(rule: Rule<T>): Rule<T | null> {
  return (given) => (given === null ? { value: null } : rule(given));
}

function problem(path: string, rule: string, given: unknown, message: string): RequestProblem {
  return { path, rule, given: JSON.stringify(given) ?? null, message, vendorCode: null };
}

function isPolicyField(name: string): name is keyof BatchPolicy {
  return Object.hasOwn(RULES, name);
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
