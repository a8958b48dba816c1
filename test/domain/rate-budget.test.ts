/** The call budget that all workers share: a refusal by the cloud lowers the rate of all workers, and time raises it again. */
import { describe, expect, test } from 'vitest';
import { FRESH_BUDGET, lease, type RateBudget, refused } from '../../domain/rate-budget.js';

const MINUTE = 60_000;

/** Counts calls per minute, as the vendor documents: a call that is refused in one minute succeeds in the next. */
class CountingCloud {
  passed: number[] = [];
  refusals: number[] = [];

  constructor(public perMinute: number) {}

  call(nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE);
    const passed = (this.passed[minute] ?? 0) + 1;
    if (passed > this.perMinute) {
      this.refusals[minute] = (this.refusals[minute] ?? 0) + 1;
      return false;
    }
    this.passed[minute] = passed;
    return true;
  }
}

/** Workers that call as fast as one shared budget allows, second by second. */
function run(
  cloud: CountingCloud,
  minutes: number,
  options: { workers: number; wantedEach: number; ceiling?: number },
) {
  let budget: RateBudget = FRESH_BUDGET;
  const sleeping = Array.from({ length: options.workers }, () => 0);
  for (let nowMs = 0; nowMs < minutes * MINUTE; nowMs += 250) {
    for (const worker of sleeping.keys()) {
      if ((sleeping[worker] ?? 0) > nowMs) continue;
      const leased = lease(budget, options.wantedEach, nowMs, options.ceiling ?? null);
      budget = leased.budget;
      const { grant } = leased;
      if (grant.kind === 'wait') {
        sleeping[worker] = nowMs + grant.waitMs;
        continue;
      }
      for (let call = 0; call < grant.calls; call++) {
        if (cloud.call(grant.startAtMs)) continue;
        budget = refused(budget, nowMs, null);
        break;
      }
      sleeping[worker] = Math.max(nowMs + 250, grant.startAtMs);
    }
  }
  return budget;
}

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, one) => total + (one ?? 0), 0);
}

describe('calls', () => {
  test('that the cloud never refuses are never delayed', () => {
    const cloud = new CountingCloud(1_000_000);
    const budget = run(cloud, 2, { workers: 4, wantedEach: 10 });
    expect(budget.perMinute).toBeNull();
    expect(sum(cloud.passed)).toBe(2 * 240 * 4 * 10);
  });

  test.each([1, 2, 8])('of %i workers together stay near an unknown limit', (workers) => {
    const cloud = new CountingCloud(120);
    run(cloud, 60, { workers, wantedEach: 5 });
    const settled = cloud.passed.slice(5);
    expect(sum(settled) / settled.length).toBeGreaterThan(120 * 0.7);
    // Without a budget, most calls would be refused.
    expect(sum(cloud.refusals) / sum(cloud.passed)).toBeLessThan(0.03);
  });

  test('increase again after the limit is raised', () => {
    const cloud = new CountingCloud(60);
    run(cloud, 10, { workers: 2, wantedEach: 5 });
    const before = cloud.passed.at(-1) ?? 0;
    const raised = new CountingCloud(600);
    let budget = refused(lease(FRESH_BUDGET, 60, 0, null).budget, 0, null);
    for (let nowMs = MINUTE; nowMs < 40 * MINUTE; nowMs += 500) {
      const leased = lease(budget, 5, nowMs, null);
      budget = leased.budget;
      if (leased.grant.kind === 'granted') for (let call = 0; call < leased.grant.calls; call++) raised.call(nowMs);
    }
    expect(raised.passed.at(-1)).toBeGreaterThan(before * 2);
  });

  test('stay below a configured limit although the cloud allows more', () => {
    const cloud = new CountingCloud(1_000_000);
    run(cloud, 5, { workers: 3, wantedEach: 10, ceiling: 90 });
    for (const passed of cloud.passed.slice(1)) expect(passed).toBeLessThanOrEqual(95);
    expect(sum(cloud.passed) / 5).toBeGreaterThan(80);
  });
});

describe('a refusal', () => {
  const busy = lease(FRESH_BUDGET, 50, 10_000, null).budget;

  test('blocks all calls until the next minute, or for the time in the response', () => {
    expect(lease(refused(busy, 20_000, null), 5, 30_000, null).grant).toEqual({ kind: 'wait', waitMs: 30_000 });
    expect(lease(refused(busy, 20_000, 5_000), 5, 22_000, null).grant).toEqual({ kind: 'wait', waitMs: 3_000 });
    expect(lease(refused(busy, 20_000, null), 5, MINUTE, null).grant.kind).toBe('granted');
  });

  test('reported by several workers concurrently counts once', () => {
    const once = refused(busy, 20_000, null);
    expect(refused(refused(once, 20_001, null), 20_002, null).perMinute).toBe(once.perMinute);
  });

  test('in a minute with very few calls does not stop all calls', () => {
    const quiet = refused(lease(FRESH_BUDGET, 1, 1_000, null).budget, 1_500, null);
    let budget = quiet;
    let granted = 0;
    for (let nowMs = MINUTE; nowMs < 2 * MINUTE; nowMs += 500) {
      const leased = lease(budget, 1, nowMs, null);
      budget = leased.budget;
      if (leased.grant.kind === 'granted') granted += leased.grant.calls;
    }
    expect(granted).toBeGreaterThanOrEqual(6);
  });

  test('early in a minute uses the count of the previous minute', () => {
    const before = lease(FRESH_BUDGET, 100, 30_000, null).budget;
    const early = lease(before, 3, MINUTE + 1_000, null).budget;
    expect(refused(early, MINUTE + 2_000, null).perMinute).toBe(90);
  });

  test('is discarded after an hour without another refusal', () => {
    const later = lease(refused(busy, 20_000, null), 5, 2 * 60 * MINUTE, null);
    expect(later.budget.perMinute).toBeNull();
  });
});
