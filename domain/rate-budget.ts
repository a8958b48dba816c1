/**
 * The call budget of one account, region and API, shared by all workers. The vendor counts calls per minute and does not
 * publish its limits, so the budget learns them from throttling responses (additive increase, multiplicative decrease).
 * Pure functions: the caller passes the time.
 */

export interface RateBudget {
  /** Calls per minute that are allowed now; null: no limit. */
  readonly perMinute: number | null;
  /** The highest number of calls that succeeded in a minute with a refusal. Recovery adds a share of it each minute. */
  readonly best: number;
  /** Earliest time of the next call while `perMinute` is set; ms. */
  readonly nextAtMs: number;
  /** No calls before this time; ms. */
  readonly blockedUntilMs: number;
  /** Time of the last change of `perMinute`; ms. */
  readonly changedAtMs: number;
  /** The current minute since 1970, and the calls in it. */
  readonly minute: number;
  readonly calls: number;
  /** The calls in the previous minute. */
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

/** Granted: the number of calls, from `startAtMs` on. Wait: request a lease again after `waitMs`. */
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

/** A grant in the time of the requesting worker's clock. */
export type LocalGrant =
  | { readonly kind: 'granted'; readonly calls: number; readonly inMs: number }
  | { readonly kind: 'wait'; readonly waitMs: number };

/** The shared budgets. */
export interface RateBudgetStore {
  /** Reserves up to `wanted` calls. `ceiling`: the configured limit in calls per minute; null: none. */
  lease(key: BudgetKey, wanted: number, ceiling: number | null): Promise<LocalGrant>;
  /** Records that the cloud throttled a call. `retryAfterMs`: from the response; null: absent. */
  refused(key: BudgetKey, retryAfterMs: number | null): Promise<void>;
}

export interface LeaseResult {
  readonly budget: RateBudget;
  readonly grant: Grant;
}

const MINUTE_MS = 60_000;
/** Decrease after a refusal to a little less than what succeeded, because each refusal blocks calls for up to a minute. */
const BELOW_REFUSAL = 0.9;
/**
 * The lowest rate. A refusal after very few calls is caused by calls of another client or by a short disturbance: no API
 * of the vendor is known to allow fewer calls per minute.
 */
const MIN_PER_MINUTE = 6;
/** Without a refusal, the rate increases by this share of `best` each minute. */
const RECOVERY = 0.1;
/** Calls are reserved at most this far ahead. A caller that would wait longer requests a lease again later. */
const RESERVED_AHEAD_MS = 2_000;
/** After this time without a refusal the learned limit is discarded, because the vendor may have changed it. */
const FORGET_AFTER_MS = 60 * MINUTE_MS;

/**
 * @param wanted calls that the worker expects to make soon
 * @param ceiling configured limit in calls per minute; null: none
 */
export function lease(before: RateBudget, wanted: number, nowMs: number, ceiling: number | null): LeaseResult {
  const budget = recovered(inCurrentMinute(before, nowMs), nowMs);
  if (budget.blockedUntilMs > nowMs) return wait(budget, budget.blockedUntilMs - nowMs);
  const perMinute = lowerLimit(budget.perMinute, ceiling);
  if (perMinute === null) {
    return {
      budget: { ...budget, calls: budget.calls + wanted },
      grant: { kind: 'granted', calls: wanted, startAtMs: nowMs },
    };
  }
  const startAtMs = Math.max(nowMs, budget.nextAtMs);
  if (startAtMs > nowMs + RESERVED_AHEAD_MS) return wait(budget, startAtMs - nowMs - RESERVED_AHEAD_MS / 2);
  // Leases of one second keep lease requests rare and the calls evenly spaced.
  const calls = Math.max(1, Math.min(wanted, Math.floor(perMinute / 60)));
  return {
    budget: { ...budget, nextAtMs: startAtMs + (calls * MINUTE_MS) / perMinute, calls: budget.calls + calls },
    grant: { kind: 'granted', calls, startAtMs },
  };
}

/** Blocks calls until the cloud's next minute, then lowers the rate. Further refusals while blocked do not lower it again. */
export function refused(before: RateBudget, nowMs: number, retryAfterMs: number | null): RateBudget {
  const budget = inCurrentMinute(before, nowMs);
  const nextMinuteMs = (budget.minute + 1) * MINUTE_MS;
  const blockedUntilMs = Math.max(budget.blockedUntilMs, retryAfterMs === null ? nextMinuteMs : nowMs + retryAfterMs);
  if (budget.blockedUntilMs > nowMs) return { ...budget, blockedUntilMs, nextAtMs: blockedUntilMs };
  // The vendor's minute may begin in the middle of ours. Early in our minute the previous count is more accurate.
  const succeeded = Math.max(budget.calls - 1, budget.callsBefore);
  const below = Math.min(budget.perMinute ?? Number.POSITIVE_INFINITY, succeeded * BELOW_REFUSAL);
  return {
    ...budget,
    perMinute: Math.max(MIN_PER_MINUTE, below),
    best: Math.max(budget.best, succeeded),
    blockedUntilMs,
    nextAtMs: blockedUntilMs,
    changedAtMs: nowMs,
  };
}

function inCurrentMinute(budget: RateBudget, nowMs: number): RateBudget {
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (minute === budget.minute) return budget;
  return { ...budget, minute, calls: 0, callsBefore: minute === budget.minute + 1 ? budget.calls : 0 };
}

function recovered(budget: RateBudget, nowMs: number): RateBudget {
  if (budget.perMinute === null) return budget;
  const minutes = Math.floor((nowMs - Math.max(budget.changedAtMs, budget.blockedUntilMs)) / MINUTE_MS);
  if (minutes < 1) return budget;
  if (minutes * MINUTE_MS >= FORGET_AFTER_MS) return { ...budget, perMinute: null, best: 0 };
  const increase = Math.max(1, budget.best * RECOVERY);
  return { ...budget, perMinute: budget.perMinute + minutes * increase, changedAtMs: nowMs };
}

function wait(budget: RateBudget, waitMs: number): LeaseResult {
  return { budget, grant: { kind: 'wait', waitMs } };
}

function lowerLimit(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null ? one : Math.min(one, other);
}
