/** The schemas of webhooks and their deliveries. */
import { z } from 'zod';
import { DELIVERY_STATES, type DeliveryView, EVENT_PATTERNS, type WebhookView } from '../domain/webhooks.js';
import { pointInTime } from './route.js';

const MAX_URL = 2_000;
const MAX_DESCRIPTION = 200;
const MAX_OVERLAP_HOURS = 7 * 24;
const DEFAULT_OVERLAP_HOURS = 24;

const time = z.iso.datetime();

const webhookCreate = z.strictObject({
  url: z
    .string()
    .max(MAX_URL)
    .regex(/^https?:\/\/./i, 'must begin with https://')
    .describe('https://…; http://… only for networks that the operator allows'),
  events: z
    .array(z.enum(EVENT_PATTERNS))
    .min(1)
    .max(EVENT_PATTERNS.length)
    .default(['*'])
    .describe('Events, or import.*, batch.* or * for all of them'),
  description: z.string().max(MAX_DESCRIPTION).default(''),
});

const webhook = z.object({
  id: z.string(),
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  state: z.enum(['enabled', 'failing', 'disabled']).describe('disabled: nothing is sent'),
  disabled: z.object({ reason: z.string(), since: time }).nullable().describe('Why it is disabled; null: it is not'),
  failingSince: time.nullable(),
  lastSuccessAt: time.nullable(),
  previousSecretUntil: time.nullable().describe('Until when the previous secret also signs'),
  createdBy: z.object({ id: z.string(), name: z.string() }).describe('It gets the events that this user may see'),
  createdAt: time,
});

/** Fails to compile if the document and the responses differ. */
export const webhookIsDocumented: (view: WebhookView) => unknown = (view) =>
  view satisfies { readonly [Key in keyof z.infer<typeof webhook>]: unknown };

const secret = z.string().describe('whsec_…; shown only in this answer');

const delivery = z.object({
  id: z.string().describe('The header webhook-id: the same in every attempt'),
  type: z.string(),
  state: z.enum(DELIVERY_STATES).describe('dead: not attempted again, unless requested'),
  attempts: z.int(),
  nextAttemptAt: time.nullable(),
  log: z
    .array(
      z.object({
        attempt: z.int(),
        at: time,
        durationMs: z.int(),
        status: z.int().nullable().describe('Of the answer; null: there was none'),
        error: z.string().nullable().describe('null: it succeeded'),
        answer: z.string().describe('The beginning of the answer'),
      }),
    )
    .describe('The latest attempts, the newest first'),
  createdAt: time,
  endedAt: time.nullable(),
});

export const deliveryIsDocumented: (view: DeliveryView) => unknown = (view) =>
  view satisfies { readonly [Key in keyof z.infer<typeof delivery>]: unknown };

export const WEBHOOK_SCHEMAS = {
  WebhookCreate: webhookCreate,
  Webhook: webhook,
  WebhookList: z.object({ webhooks: z.array(webhook) }),
  WebhookWithSecret: webhook.extend({ secret }),
  WebhookRotate: z.strictObject({
    overlapHours: z
      .int()
      .min(0)
      .max(MAX_OVERLAP_HOURS)
      .default(DEFAULT_OVERLAP_HOURS)
      .describe('How long the previous secret also signs'),
  }),
  WebhookAction: z.strictObject({}),
  WebhookRedeliver: z.strictObject({
    delivery: z.string().min(1).max(200).optional().describe('Absent: all dead deliveries'),
    since: pointInTime.optional().describe('Only dead deliveries that were created since'),
  }),
  WebhookRedelivered: z.object({ redelivered: z.int().describe('The number of deliveries that are attempted again') }),
  WebhookDelivery: delivery,
  WebhookDeliveryList: z.object({ deliveries: z.array(delivery), nextCursor: z.string().nullable() }),
} as const;
