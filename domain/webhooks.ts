/** Webhooks: which events they get, what a delivery contains, and when it is repeated (standardwebhooks.com). */
import type { Attention, ImageRef, ImportError } from './import.js';

export const WEBHOOK_EVENTS = [
  'import.succeeded',
  'import.failed',
  'import.cancelled',
  'import.attention',
  'batch.succeeded',
  'batch.failed',
  'batch.cancelled',
  'batch.attention',
] as const;

/** The type of the delivery that a user requests as a test. */
export const TEST_EVENT = 'webhook.test';

/** What a webhook can subscribe to: an event, or all events of a kind. */
export const EVENT_PATTERNS = ['*', 'import.*', 'batch.*', ...WEBHOOK_EVENTS] as const;

export function isSubscribed(patterns: readonly string[], event: string): boolean {
  return patterns.some(
    (pattern) => pattern === event || (pattern.endsWith('*') && event.startsWith(pattern.slice(0, -1))),
  );
}

export interface WebhookView {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  /** `failing`: the latest attempts failed, and are repeated. `disabled`: nothing is sent. */
  readonly state: 'enabled' | 'failing' | 'disabled';
  /** Why it is disabled; null: it is not. */
  readonly disabled: WebhookDisabled | null;
  readonly failingSince: string | null;
  readonly lastSuccessAt: string | null;
  /** Until when the previous secret also signs; null: there is only one. */
  readonly previousSecretUntil: string | null;
  /** Whose events it gets. */
  readonly createdBy: { readonly id: string; readonly name: string };
  readonly createdAt: string;
}

export interface WebhookDisabled {
  readonly reason: string;
  readonly since: string;
}

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface DeliveryAttempt {
  readonly attempt: number;
  readonly at: string;
  readonly durationMs: number;
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** Null: it succeeded. */
  readonly error: string | null;
  /** The beginning of the answer. */
  readonly answer: string;
}

export interface DeliveryView {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** Null: no attempt follows. */
  readonly nextAttemptAt: string | null;
  /** The newest first. */
  readonly log: readonly DeliveryAttempt[];
  readonly createdAt: string;
  readonly endedAt: string | null;
}

/** The body of a delivery. */
export interface WebhookPayload {
  readonly type: string;
  /** Of the event. */
  readonly timestamp: string;
  readonly data: object;
}

export interface ImportEventData {
  readonly id: string;
  readonly state: string;
  readonly imageName: string;
  readonly region: string;
  readonly account: string | null;
  readonly batchId: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly image: ImageRef | null;
  readonly copies: readonly ImageRef[];
  readonly attention: Attention | null;
  readonly error: ImportError | null;
}

/** Receivers expect bodies of less than 20 kB. */
const MAX_MESSAGE = 2_000;

/** Shortens the texts of a failure. */
export function shortened<Failure extends { readonly message: string; readonly remedy: string }>(
  failure: Failure,
): Failure {
  return { ...failure, message: failure.message.slice(0, MAX_MESSAGE), remedy: failure.remedy.slice(0, MAX_MESSAGE) };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The waits after each failed attempt, as the specification of Standard Webhooks recommends: three days in all. */
export const RETRY_AFTER_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
const JITTER = 0.2;
const MAX_RETRY_AFTER_MS = 24 * HOUR;

/** An endpoint without a success for this time is disabled. */
export const DISABLED_AFTER_MS = 5 * 24 * HOUR;

/**
 * How long to wait after a failed attempt; null: it was the last one.
 * @param tries attempts so far
 * @param askedMs by the target, in `Retry-After`; null: not stated
 * @param random 0 to 1
 */
export function waitAfter(tries: number, askedMs: number | null, random: number): number | null {
  const planned = RETRY_AFTER_MS[tries - 1];
  if (planned === undefined) return null;
  return Math.max(planned * (1 + JITTER * random), Math.min(askedMs ?? 0, MAX_RETRY_AFTER_MS));
}

/** The value of `Retry-After`, in seconds or as a date; null: absent or invalid. @returns ms, at most a day */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const asked = /^\d{1,9}$/.test(header.trim()) ? Number(header) * SECOND : Date.parse(header) - nowMs;
  return Number.isFinite(asked) && asked >= 0 ? Math.min(asked, MAX_RETRY_AFTER_MS) : null;
}
