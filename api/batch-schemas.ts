/** The schemas of batches. They validate requests and document responses. The compiler checks them against the domain's types. */
import { z } from 'zod';
import { BATCH_STATES, type BatchItemView, type BatchView, ITEM_STATES } from '../domain/batch/batch.js';
import { type BatchPolicy, DEFAULT_POLICY, MAX_CONCURRENCY, readPolicy } from '../domain/batch/policy.js';
import { PHASES } from '../domain/import.js';
import { importRequestSchema } from '../domain/request/schema.js';
import { requestProblemSchema } from './schemas.js';
import { addProblems } from './validation.js';

const time = z.iso.datetime();
const count = z.int();
const limit = z.int().min(1).max(MAX_CONCURRENCY);

export const policySchema = z.object({
  concurrency: limit.default(DEFAULT_POLICY.concurrency).describe('Maximum of concurrent imports'),
  perRegion: limit.nullable().default(null).describe('Maximum of concurrent imports in one region'),
  perBucket: limit.nullable().default(null).describe('Maximum of concurrent imports from one bucket'),
  canary: z.array(z.int().min(1)).default([]).describe('Sizes of the first waves; 5 means [5]'),
  errorBudget: z
    .union([z.int().min(0), z.templateLiteral([z.number(), '%'])])
    .nullable()
    .default(null)
    .describe('Failures after which no new imports start: a number, or a percentage of all items'),
  errorBudgetAfter: z.int().min(0).default(0).describe('Imports that must have ended before errorBudget counts'),
  attentionBudget: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Imports in attention after which no new imports start'),
  schedule: z
    .string()
    .nullable()
    .default(null)
    .describe('Imports start only in this time window: 20:00-06:00 Asia/Shanghai'),
  order: z.enum(['listed', 'shuffled']).default('listed'),
  priority: z
    .int()
    .min(1)
    .max(5)
    .default(DEFAULT_POLICY.priority)
    .describe('Lower values start first; a single import has 3'),
  weight: z.number().min(0.001).max(1000).default(1).describe('Share relative to other batches of the same priority'),
  imageQuota: z
    .union([z.int().min(0), z.record(z.string(), z.int().min(0))])
    .nullable()
    .default(null)
    .describe('Maximum of custom images in a region, for all regions or per region'),
  checkFirst: z
    .boolean()
    .default(true)
    .describe('Check regions, buckets, roles and quotas of all items before the first import starts'),
});

const holdSchema = z.object({ code: z.string(), message: z.string(), remedy: z.string() });

const causeSchema = z.object({
  code: z.string(),
  count,
  message: z.string().describe('The message of one of these imports'),
  remedy: z.string(),
  examples: z.array(z.string()).describe('Import IDs'),
});

const batchSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(BATCH_STATES),
  policy: policySchema,
  attention: holdSchema.nullable().describe('Why the batch starts no more imports until it is resumed'),
  waitsFor: holdSchema.nullable().describe('What the batch is waiting for; no action is required'),
  counts: z.object({
    total: count,
    invalid: count,
    waiting: count,
    running: count,
    attention: count,
    succeeded: count,
    failed: count,
    cancelled: count,
  }),
  phases: z.partialRecord(z.enum(PHASES), count).describe('Running imports by phase'),
  importsPerMinute: z.number().nullable(),
  etaSeconds: z.number().nullable(),
  estimate: z.object({
    uploadedBytes: z.number(),
    expectedUploadBytes: z.number().nullable(),
    imageGiB: z.number(),
    expectedImageGiB: z.number().nullable(),
    expectedCopyGiB: z.number().nullable(),
    cost: z.object({ currency: z.string(), storagePerMonth: z.number(), traffic: z.number() }).nullable(),
  }),
  failures: z.array(causeSchema),
  attentions: z.array(causeSchema),
  createdBy: z
    .object({ client: z.string().nullable(), user: z.string().nullable(), identity: z.string().nullable() })
    .nullable()
    .describe('Who created it: the identity, and what the client states'),
  createdAt: time,
  updatedAt: time,
  endedAt: time.nullable(),
});

const itemSchema = z.object({
  item: count,
  line: count,
  state: z.enum(ITEM_STATES),
  account: z.string().nullable(),
  region: z.string(),
  imageName: z.string(),
  attempt: count,
  importId: z.string().nullable(),
  phase: z.enum(PHASES).nullable(),
  imageId: z.string().nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  remedy: z.string().nullable(),
  startedAt: time.nullable(),
  endedAt: time.nullable(),
});

export const badItemSchema = z.object({
  item: count,
  line: count,
  imageName: z.string().nullable(),
  problems: z.array(requestProblemSchema),
});

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** These fail to compile if the document and the responses differ. */
export const batchIsDocumented: (view: BatchView) => unknown = (view) =>
  view satisfies DeepReadonly<z.infer<typeof batchSchema>>;
export const policyIsDocumented: (policy: BatchPolicy) => unknown = (policy) =>
  policy satisfies DeepReadonly<z.infer<typeof policySchema>>;
export const itemIsDocumented: (item: BatchItemView) => unknown = (item) =>
  item satisfies DeepReadonly<z.infer<typeof itemSchema>>;

/** A change of a policy, validated by the rules for policies. */
export const policyChangeSchema = z.record(z.string(), z.unknown()).transform((change, context) => {
  const read = readPolicy(change, DEFAULT_POLICY);
  return read.ok ? change : addProblems(context, read.problems);
});

export const BATCH_SCHEMAS = {
  BatchFile: z.object({
    name: z.string().optional().describe('The same name and file return the same batch'),
    policy: policySchema.partial().optional(),
    defaults: z.record(z.string(), z.unknown()).optional().describe('Default fields of every item'),
    items: z
      .array(
        importRequestSchema.partial().extend({
          priority: z.int().min(1).max(9).optional().describe('1: first, 9: last; default 5'),
        }),
      )
      .describe('Requests. A field may be absent if `defaults` has it'),
  }),
  Policy: policySchema,
  Batch: batchSchema,
  CreatedBatch: batchSchema.extend({
    skippedItems: z.array(badItemSchema).optional().describe('With skipInvalid: the invalid items, at most a thousand'),
  }),
  RetriedBatch: batchSchema.extend({ retried: count.describe('How many items are retried') }),
  BatchReport: batchSchema.extend({ items: z.array(itemSchema) }),
  BatchPolicy: policySchema.partial(),
  BatchList: z.object({
    batches: z.array(
      batchSchema
        .pick({ id: true, name: true, state: true, createdAt: true, updatedAt: true, endedAt: true })
        .extend({ items: count, ended: count }),
    ),
    nextCursor: z.string().nullable(),
  }),
  BatchItemList: z.object({ items: z.array(itemSchema), nextCursor: z.string().nullable() }),
  BatchResume: z.strictObject({
    cause: z
      .string()
      .optional()
      .describe('Resumes the imports that stopped with this code, or "all" of them; absent: resumes the batch'),
    set: z.record(z.string(), z.unknown()).optional().describe('Fields to change in their requests first'),
  }),
  BatchPause: z.strictObject({}),
  BatchCancel: z.strictObject({
    running: z.enum(['cancel', 'finish']).default('cancel').describe('Whether running imports are cancelled or finish'),
  }),
  BatchRetry: z.strictObject({
    cancelled: z.boolean().default(false).describe('Also retries cancelled items'),
    items: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(1_000)
      .optional()
      .describe('Image names of the items; absent: all failed ones'),
    set: z
      .record(z.string().max(300), z.unknown())
      .optional()
      .describe(
        'Fields of their requests to change first, path to value; null removes a field. For up to 10,000 items',
      ),
  }),
} as const;
