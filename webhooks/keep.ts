/** Keeps turning events into deliveries and sending them, in one of the API processes, until it is stopped. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeliveryStore } from '../store/webhook-deliveries.js';
import type { WebhookEventStore } from '../store/webhook-events.js';
import { createDeliverer, type DeliverDependencies } from './deliver.js';
import { fanOut } from './fan-out.js';

export interface KeepWebhooksDependencies extends DeliverDependencies {
  readonly events: WebhookEventStore;
  readonly deliveries: Pick<DeliveryStore, 'claim' | 'settle' | 'prune'>;
  /** Ended deliveries are deleted after so many days. */
  readonly keepDays: number;
  /** How often a process that does not lead tries to; ms. Default 5,000. */
  readonly leadEveryMs?: number;
}

const EVERY_MS = 1_000;
/** Of a process that does not lead. */
const LEAD_EVERY_MS = 5_000;
const LEASE_MS = 15_000;
/** Between two claims while attempts end: a place becomes free with each. */
const CLAIM_EVERY_MS = 50;
const END_WITHIN_MS = 2_000;
const PRUNE_EVERY_MS = 10 * 60_000;

/** @returns a function that stops it and resolves when the attempts under way have ended */
export function keepWebhooks(deps: KeepWebhooksDependencies): () => Promise<void> {
  const holder = randomUUID();
  const deliverer = createDeliverer(deps);
  let leadsUntilMs = 0;
  let pruneAtMs = performance.now() + PRUNE_EVERY_MS;
  const stop = new AbortController();
  const stopping = stop.signal;

  async function leads(): Promise<boolean> {
    const now = performance.now();
    // Extended before it ends: an update a second would be most of what this process writes.
    if (now < leadsUntilMs - LEASE_MS / 2) return true;
    leadsUntilMs = (await deps.events.lead(holder, LEASE_MS)) ? now + LEASE_MS : 0;
    return leadsUntilMs > 0;
  }

  /** @returns when to work again, at the latest */
  async function work(): Promise<number> {
    try {
      if (!(await leads())) return deps.leadEveryMs ?? LEAD_EVERY_MS;
      const isBehind = await fanOut(deps.events);
      if (!stopping.aborted) await deliverer.startDue();
      if (performance.now() > pruneAtMs && (await deps.deliveries.prune(deps.keepDays))) {
        pruneAtMs = performance.now() + PRUNE_EVERY_MS;
      }
      if (isBehind) return 0;
    } catch (error) {
      deps.log.warn({ error: String(error) }, 'the delivery of webhooks failed and is repeated');
    }
    return EVERY_MS;
  }

  const ended = (async () => {
    while (!stopping.aborted) {
      const pauseMs = await work();
      const woken = deliverer.nextEnd()?.then(() => sleep(CLAIM_EVERY_MS));
      await Promise.race([sleep(pauseMs, stopping), ...(woken === undefined ? [] : [woken])]);
    }
  })();

  return async () => {
    stop.abort();
    await ended;
    // What has not ended by then is repeated by another process after its lease.
    await Promise.race([deliverer.idle(), sleep(END_WITHIN_MS)]);
    if (leadsUntilMs > 0) await deps.events.resign(holder).catch(() => undefined);
  };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
}
