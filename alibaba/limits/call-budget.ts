/**
 * A worker's share of the call budgets of all workers. The worker leases the calls of one second at a time, so that leases
 * are cheap and a refusal to one worker slows down all workers within a second.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FailureError } from '../../domain/errors/failure.js';
import { fail } from '../../domain/errors/index.js';
import type { BudgetKey, RateBudgetStore } from '../../domain/rate-budget.js';

export type CallKey = Omit<BudgetKey, 'accountId'>;

export interface CallBudgets {
  /** Resolves when the call may be made. Rejects with a throttled failure if the wait would be too long. */
  take(key: CallKey, calls: number): Promise<void>;
  /** Records that the cloud throttled a call. */
  refused(key: CallKey, retryAfterMs: number | null): Promise<void>;
}

export interface CallBudgetOptions {
  readonly store: RateBudgetStore;
  /** Called once. */
  readonly accountId: () => Promise<string>;
  /** Configured limits in calls per minute, by action. */
  readonly ceilings: Readonly<Record<string, number>>;
}

/** An older lease is not used, because another worker may have been refused since. */
const LEASE_MS = 1_000;
const MAX_LEASED_CALLS = 100;
/** For a longer wait the activity is retried instead, because a waiting activity blocks a worker slot. */
const MAX_WAIT_MS = 3_000;

export function createCallBudgets({ store, accountId, ceilings }: CallBudgetOptions): CallBudgets {
  const shares = new Map<string, Share>();
  let account: Promise<string> | null = null;

  async function shareOf(call: CallKey): Promise<Share> {
    const name = `${call.service} ${call.region} ${call.action}`;
    const known = shares.get(name);
    if (known !== undefined) return known;
    account ??= accountId().catch((error: unknown) => {
      account = null;
      throw error;
    });
    const key = { ...call, accountId: await account };
    const share = shares.get(name) ?? new Share(key, store, ceilings[call.action] ?? null);
    shares.set(name, share);
    return share;
  }

  return {
    take: async (key, calls) => (await shareOf(key)).take(calls),
    refused: async (key, retryAfterMs) => (await shareOf(key)).refused(retryAfterMs),
  };
}

class Share {
  private left = 0;
  private readyAtMs = 0;
  private expiresAtMs = 0;
  /** Calls since the last lease, which predict the size of the next one. */
  private used = 0;
  private leasing: Promise<void> | null = null;

  constructor(
    private readonly key: BudgetKey,
    private readonly store: RateBudgetStore,
    private readonly ceiling: number | null,
  ) {}

  async take(calls: number): Promise<void> {
    for (let missing = calls; missing > 0; ) {
      if (this.left > 0 && Date.now() < this.expiresAtMs) {
        const taken = Math.min(this.left, missing);
        this.left -= taken;
        this.used += taken;
        missing -= taken;
        const waitMs = this.readyAtMs - Date.now();
        if (waitMs > 0) await sleep(waitMs);
      } else {
        // Concurrent callers share one lease request.
        this.leasing ??= this.lease(missing).finally(() => {
          this.leasing = null;
        });
        await this.leasing;
      }
    }
  }

  async refused(retryAfterMs: number | null): Promise<void> {
    this.left = 0;
    await this.store.refused(this.key, retryAfterMs);
  }

  private async lease(missing: number): Promise<void> {
    const wanted = Math.max(missing, Math.min(MAX_LEASED_CALLS, Math.ceil(this.used * 1.2)));
    this.used = 0;
    const grant = await this.store.lease(this.key, wanted, this.ceiling);
    if (grant.kind === 'granted') {
      this.left = grant.calls;
      this.readyAtMs = Date.now() + grant.inMs;
      this.expiresAtMs = this.readyAtMs + LEASE_MS;
    } else if (grant.waitMs > MAX_WAIT_MS) throw this.tooLong(grant.waitMs);
    else await sleep(grant.waitMs);
  }

  private tooLong(waitMs: number): FailureError {
    const { service, region, action } = this.key;
    return fail(
      'Throttling.Budget',
      `${action} in ${region} has reached the cloud’s rate limit; the next call is due in ${Math.ceil(waitMs / 1_000)} s`,
      // Jitter, so that callers do not return at the same moment.
      { service, action, retryAfterMs: Math.ceil(waitMs * (1 + Math.random() * 0.5)) },
    );
  }
}
