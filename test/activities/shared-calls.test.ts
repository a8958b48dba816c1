/** Cloud calls that imports share: one read for imports that start together, and one rate budget for all. */
import { describe, expect, test, vi } from 'vitest';
import type { Cloud } from '../../alibaba/cloud.js';
import { createBudgetedCloud } from '../../alibaba/limits/budgeted-cloud.js';
import { createCallBudgets } from '../../alibaba/limits/call-budget.js';
import { createSharedReads } from '../../alibaba/shared-reads.js';
import { FailureError } from '../../domain/errors/failure.js';
import {
  type BudgetKey,
  FRESH_BUDGET,
  lease,
  type RateBudget,
  type RateBudgetStore,
  refused,
} from '../../domain/rate-budget.js';

const THROTTLED = new FailureError({ code: 'Throttling.User', class: 'throttled', message: 'slow down', remedy: '' });

/** Rate budgets in memory instead of the database, with a count of the lease calls. */
class Budgets implements RateBudgetStore {
  readonly budgets = new Map<string, RateBudget>();
  leases = 0;

  async lease(key: BudgetKey, wanted: number, ceiling: number | null) {
    this.leases += 1;
    const { budget, grant } = lease(this.of(key), wanted, Date.now(), ceiling);
    this.budgets.set(JSON.stringify(key), budget);
    return grant.kind === 'wait' ? grant : { ...grant, inMs: grant.startAtMs - Date.now() };
  }

  async refused(key: BudgetKey, retryAfterMs: number | null) {
    this.budgets.set(JSON.stringify(key), refused(this.of(key), Date.now(), retryAfterMs));
  }

  private of(key: BudgetKey): RateBudget {
    return this.budgets.get(JSON.stringify(key)) ?? FRESH_BUDGET;
  }
}

function cloudThat(describeImages: () => Promise<readonly never[]>, more: Partial<Cloud> = {}): Cloud {
  return { ecs: () => ({ describeImages }), ...more } as unknown as Cloud;
}

function worker(cloud: Cloud, store: Budgets): Cloud {
  return createBudgetedCloud(cloud, createCallBudgets({ store, accountId: async () => '1', ceilings: {} }));
}

describe('a budget', () => {
  test('with any number of calls → one lease a second', async () => {
    const store = new Budgets();
    const cloud = worker(
      cloudThat(async () => []),
      store,
    );
    for (let call = 0; call < 20; call++) {
      await Promise.all(Array.from({ length: 20 }, () => cloud.ecs('cn-hangzhou').describeImages({ imageName: 'x' })));
    }
    expect(store.leases).toBeLessThan(40);
  });

  test('with one refused call → stops the calls of every worker, in that region only', async () => {
    vi.useFakeTimers({ now: 1_000 });
    try {
      const store = new Budgets();
      let fails = true;
      const cloud = cloudThat(async () => {
        if (fails) throw THROTTLED;
        return [];
      });
      const [one, other] = [worker(cloud, store), worker(cloud, store)];
      const ask = (from: Cloud, region: string) => from.ecs(region).describeImages({ imageName: 'x' });
      await expect(ask(one, 'cn-hangzhou')).rejects.toBe(THROTTLED);
      fails = false;
      await expect(ask(other, 'cn-hangzhou')).rejects.toMatchObject({
        failure: { code: 'Throttling.Budget', class: 'throttled', retryAfterMs: expect.any(Number) },
      });
      await expect(ask(other, 'cn-beijing')).resolves.toEqual([]);
      await vi.advanceTimersByTimeAsync(60_000);
      await expect(ask(other, 'cn-hangzhou')).resolves.toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('reads that many imports need', () => {
  function counting(answer: () => Promise<unknown>) {
    const getBucket = vi.fn(answer);
    const shared = createSharedReads({ oss: () => ({ getBucket }) } as unknown as Cloud, 1_000);
    return { getBucket, ask: () => shared.oss('cn-hangzhou').getBucket('bucket-1') };
  }

  test('by imports that start together → one call; later → another call', async () => {
    vi.useFakeTimers();
    try {
      const { getBucket, ask } = counting(async () => ({ name: 'bucket-1' }));
      await Promise.all([ask(), ask(), ask()]);
      expect(getBucket).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(1_000);
      await ask();
      expect(getBucket).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('that failed → repeated immediately', async () => {
    let calls = 0;
    const { ask } = counting(async () => {
      calls += 1;
      if (calls === 1) throw THROTTLED;
      return { name: 'bucket-1' };
    });
    await expect(ask()).rejects.toBe(THROTTLED);
    await expect(ask()).resolves.toEqual({ name: 'bucket-1' });
  });

  test('of a role that was just created → repeated, so that only one import records it as created', async () => {
    const outcome = { roleName: 'r', madeRole: true, madePolicies: [], attachedPolicies: [], drift: [] };
    const setUpImportRole = vi.fn(async () => outcome);
    const shared = createSharedReads({ ram: { setUpImportRole } } as unknown as Cloud, 1_000);
    const input = { mode: 'ensure', roleName: null, cloudBox: false, buckets: ['b'] } as const;
    await shared.ram.setUpImportRole(input);
    await shared.ram.setUpImportRole(input);
    expect(setUpImportRole).toHaveBeenCalledTimes(2);
  });
});
