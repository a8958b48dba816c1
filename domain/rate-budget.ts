/**
 * One budget of calls for an account, region and API, shared by all workers. The vendor counts by the minute and does not
 * tell its limits: they are learned from its refusals. Pure: the clock comes in.
 */

export interface RateBudget {
  /** Calls a minute that are allowed now; null: as many as there are. */
  readonly perMinute: number | null;
  /** The most that ever passed in a minute before a refusal: what recovery aims at, in tenths. */
  readonly best: number;
  /** When the next call may be made, while `perMinute` holds calls back; ms. */
  readonly nextAtMs: number;
  /** No calls before; ms. */
  readonly blockedUntilMs: number;
  /** When `perMinute` was last changed; ms. */
  readonly changedAtMs: number;
  /** The minute that is counted, since 1970, and the calls in it. */
  readonly minute: number;
  readonly calls: number;
  /** The calls in the minute before that one. */
  readonly callsBefore: number;
}

export const FRESH_BUDGET: RateBudget = {
  perMinute: null,
  best: 0,
  nextAtMs: 0,
  blockedUntilMs: 0,
  changedAtMs: 0,
  minute: 0,
  calls: 0,
  callsBefore: 0,
};

/** So many calls from `startAtMs` on; none: ask again in `waitMs`. */
export type Grant =
  | { readonly kind: 'granted'; readonly calls: number; readonly startAtMs: number }
  | { readonly kind: 'wait'; readonly waitMs: number };

export interface BudgetKey {
  readonly accountId: string;
  /** `ecs`, `ram` … */
  readonly service: string;
  readonly region: string;
  readonly action: string;
}

/** A grant as the asking worker's clock has it. */
export type LocalGrant =
  | { readonly kind: 'granted'; readonly calls: number; readonly inMs: number }
  | { readonly kind: 'wait'; readonly waitMs: number };

/** The shared budgets, as workers use them. */
export interface RateBudgetStore {
  /** Reserves up to `wanted` calls; `ceiling` is a limit in calls a minute, null: none of ours. */
  lease(key: BudgetKey, wanted: number, ceiling: number | null): Promise<LocalGrant>;
  /** Records that the cloud refused a call. `retryAfterMs`: how long it asked to wait, null: it did not say. */
  refused(key: BudgetKey, retryAfterMs: number | null): Promise<void>;
}

export interface Leased {
  readonly budget: RateBudget;
  readonly grant: Grant;
}

const MINUTE_MS = 60_000;
/** After a refusal a little less than what had passed: the next one would cost a minute again. */
const BELOW_REFUSAL = 0.9;
/**
 * A refusal after hardly a call tells of somebody else's calls, or of a moment, not of a limit: no API of the vendor's is
 * known to take fewer a minute than this.
 */
const LEAST_PER_MINUTE = 6;
/** Without a refusal the rate grows by so much of the best, each minute. */
const RECOVERY = 0.1;
/** Calls are reserved at most so far ahead: who would wait longer asks again later, and holds nothing meanwhile. */
const RESERVED_AHEAD_MS = 2_000;
/** Long after the last refusal nothing is known any more: the limit may be another one. */
const FORGET_AFTER_MS = 60 * MINUTE_MS;

/**
 * @param wanted calls that the worker would use soon
 * @param ceiling calls a minute that the operator allows; null: no limit of ours
 */
export function lease(before: RateBudget, wanted: number, nowMs: number, ceiling: number | null): Leased {
  const budget = recovered(counting(before, nowMs), nowMs);
  if (budget.blockedUntilMs > nowMs) return wait(budget, budget.blockedUntilMs - nowMs);
  const perMinute = least(budget.perMinute, ceiling);
  if (perMinute === null) {
    return {
      budget: { ...budget, calls: budget.calls + wanted },
      grant: { kind: 'granted', calls: wanted, startAtMs: nowMs },
    };
  }
  const startAtMs = Math.max(nowMs, budget.nextAtMs);
  if (startAtMs > nowMs + RESERVED_AHEAD_MS) return wait(budget, startAtMs - nowMs - RESERVED_AHEAD_MS / 2);
  // A second's worth at once keeps asking cheap and the calls even.
  const calls = Math.max(1, Math.min(wanted, Math.floor(perMinute / 60)));
  return {
    budget: { ...budget, nextAtMs: startAtMs + (calls * MINUTE_MS) / perMinute, calls: budget.calls + calls },
    grant: { kind: 'granted', calls, startAtMs },
  };
}

/** The cloud refused a call: none until it counts anew, then fewer. Told twice of the same minute it changes nothing. */
export function refused(before: RateBudget, nowMs: number, retryAfterMs: number | null): RateBudget {
  const budget = counting(before, nowMs);
  const nextMinuteMs = (budget.minute + 1) * MINUTE_MS;
  const blockedUntilMs = Math.max(budget.blockedUntilMs, retryAfterMs === null ? nextMinuteMs : nowMs + retryAfterMs);
  if (budget.blockedUntilMs > nowMs) return { ...budget, blockedUntilMs, nextAtMs: blockedUntilMs };
  // The vendor's minute may have begun in the middle of ours: early in it the one before tells more.
  const passed = Math.max(budget.calls - 1, budget.callsBefore);
  const below = Math.min(budget.perMinute ?? Number.POSITIVE_INFINITY, passed * BELOW_REFUSAL);
  return {
    ...budget,
    perMinute: Math.max(LEAST_PER_MINUTE, below),
    best: Math.max(budget.best, passed),
    blockedUntilMs,
    nextAtMs: blockedUntilMs,
    changedAtMs: nowMs,
  };
}

function counting(budget: RateBudget, nowMs: number): RateBudget {
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (minute === budget.minute) return budget;
  return { ...budget, minute, calls: 0, callsBefore: minute === budget.minute + 1 ? budget.calls : 0 };
}

function recovered(budget: RateBudget, nowMs: number): RateBudget {
  if (budget.perMinute === null) return budget;
  const minutes = Math.floor((nowMs - Math.max(budget.changedAtMs, budget.blockedUntilMs)) / MINUTE_MS);
  if (minutes < 1) return budget;
  if (minutes * MINUTE_MS >= FORGET_AFTER_MS) return { ...budget, perMinute: null, best: 0 };
  const step = Math.max(1, budget.best * RECOVERY);
  return { ...budget, perMinute: budget.perMinute + minutes * step, changedAtMs: nowMs };
}

function wait(budget: RateBudget, waitMs: number): Leased {
  return { budget, grant: { kind: 'wait', waitMs } };
}

function least(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null ? one : Math.min(one, other);
}
