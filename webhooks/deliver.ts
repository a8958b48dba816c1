/** Sends the deliveries that are due: several targets concurrently, so that a slow one delays no other. */
import { type DeliveryAttempt, DISABLED_AFTER_MS, waitAfter } from '../domain/webhooks.js';
import type { AttemptEnd, ClaimedDelivery, DeliveryStore } from '../store/webhook-deliveries.js';
import type { WebhookStore } from '../store/webhooks.js';
import { signedHeaders } from './sign.js';
import type { TargetAnswer, WebhookTargets } from './target.js';

export interface DeliverDependencies {
  readonly deliveries: Pick<DeliveryStore, 'claim' | 'settle'>;
  readonly webhooks: Pick<WebhookStore, 'disable'>;
  readonly targets: Pick<WebhookTargets, 'post'>;
  /** Which of these identities still exist and may get events. */
  readonly areValid: (creatorIds: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly log: { warn(attributes: object, message: string): void };
  readonly limits?: Partial<DeliverLimits>;
}

export interface DeliverLimits {
  /** Attempts at one target at the same time. */
  readonly perWebhook: number;
  readonly total: number;
  /** Longer than an attempt takes: after it, another process may repeat the attempt; ms. */
  readonly leaseMs: number;
}

const LIMITS: DeliverLimits = { perWebhook: 4, total: 64, leaseMs: 60_000 };

/** The target is overloaded: it receives nothing for this time, if it does not state another one. */
const PAUSE_MS = 30_000;
const OVERLOADED = [429, 502, 503, 504];

const HOUR_MS = 60 * 60_000;

export function createDeliverer(deps: DeliverDependencies) {
  const limits = { ...LIMITS, ...deps.limits };
  const running = new Map<string, number>();
  const attempts = new Set<Promise<void>>();

  function start(delivery: ClaimedDelivery, sendBefore: Deadline): void {
    const { webhookId } = delivery;
    running.set(webhookId, (running.get(webhookId) ?? 0) + 1);
    const attempt = attemptOnce(deps, delivery, sendBefore)
      .catch((error: unknown) => {
        // The lease ends, and the attempt is repeated.
        deps.log.warn({ webhookId, error: String(error) }, 'the result of a webhook delivery was not recorded');
      })
      .finally(() => {
        const left = (running.get(webhookId) ?? 1) - 1;
        if (left === 0) running.delete(webhookId);
        else running.set(webhookId, left);
        attempts.delete(attempt);
      });
    attempts.add(attempt);
  }

  return {
    /** Begins attempts that are due; they continue in the background. */
    async startDue(): Promise<void> {
      const total = limits.total - attempts.size;
      if (total <= 0) return;
      const sendBefore = deadlineIn(limits.leaseMs / 2);
      const claimed = await deps.deliveries.claim({ ...limits, total, running: Object.fromEntries(running) });
      if (claimed.length === 0) return;
      const valid = await deps.areValid([...new Set(claimed.map(({ creatorId }) => creatorId))]);
      for (const delivery of claimed) {
        if (valid.has(delivery.creatorId)) start(delivery, sendBefore);
        else await disable(deps, delivery.webhookId, `its creator ${delivery.creatorId} no longer has access`);
      }
    },

    /** Resolves when an attempt under way has ended; null: there is none. */
    nextEnd: (): Promise<void> | null => (attempts.size === 0 ? null : Promise.race(attempts)),

    /** Resolves when no attempt is under way. */
    async idle(): Promise<void> {
      while (attempts.size > 0) await Promise.all(attempts);
    },
  };
}

/** By both clocks: the wall clock may be set back, the monotonic one stops while a virtual machine is suspended. */
interface Deadline {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

function deadlineIn(ms: number): Deadline {
  return { wallMs: Date.now() + ms, monotonicMs: performance.now() + ms };
}

function hasPassed({ wallMs, monotonicMs }: Deadline): boolean {
  return Date.now() > wallMs || performance.now() > monotonicMs;
}

async function attemptOnce(deps: DeliverDependencies, delivery: ClaimedDelivery, sendBefore: Deadline): Promise<void> {
  // This process was frozen: another one may have sent it meanwhile.
  if (hasPassed(sendBefore)) return;
  const at = Date.now();
  const startedMs = performance.now();
  const headers = signedHeaders(delivery.secrets, delivery.id, at, delivery.payload);
  const answer = await deps.targets.post(delivery.url, headers, delivery.payload);
  const attempt: DeliveryAttempt = {
    attempt: delivery.attempt,
    at: new Date(at).toISOString(),
    durationMs: Math.round(performance.now() - startedMs),
    status: answer.status,
    error: answer.error,
    answer: answer.answer,
  };
  const failingSince = await deps.deliveries.settle(delivery, { attempt, ...resultOf(answer, delivery.tries) });
  if (answer.status === 410) {
    await disable(deps, delivery.webhookId, 'its target answers with status 410 (Gone)');
  } else if (failingSince !== null && Date.now() - failingSince.getTime() > DISABLED_AFTER_MS) {
    const days = DISABLED_AFTER_MS / (24 * HOUR_MS);
    await disable(deps, delivery.webhookId, `no delivery has succeeded for ${days} days; last: ${answer.error ?? ''}`);
  }
}

type Result = AttemptEnd extends infer End ? (End extends unknown ? Omit<End, 'attempt'> : never) : never;

function resultOf({ status, error, retryAfterMs }: TargetAnswer, tries: number): Result {
  if (error === null) return { kind: 'delivered' };
  const waitMs = status === 410 ? null : waitAfter(tries, retryAfterMs, Math.random());
  if (waitMs === null) return { kind: 'dead' };
  const isOverloaded = status !== null && OVERLOADED.includes(status);
  return { kind: 'repeated', waitMs, pauseMs: isOverloaded ? (retryAfterMs ?? PAUSE_MS) : 0 };
}

async function disable({ webhooks, log }: DeliverDependencies, webhookId: string, reason: string): Promise<void> {
  if (!(await webhooks.disable(webhookId, reason))) return;
  log.warn({ webhookId, reason }, 'a webhook is disabled: fix its target, then run ecs-image-import webhooks enable');
}
