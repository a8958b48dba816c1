/** The schemas of retries and of changes of many imports. */
import { z } from 'zod';
import { PHASES, STATES } from '../domain/import.js';
import { BULK_ACTIONS, type BulkSummary, MOST_IN_BULK } from '../imports/bulk.js';
import { pointInTime } from './route.js';

const text = z
  .string()
  .max(512)
  .regex(/^[^\0\p{Surrogate}]*$/u, 'must be text');
const importId = z.string().regex(/^[\w.-]{1,200}$/, 'must consist of letters, digits and . _ -');

export const retrySchema = z.strictObject({
  set: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Fields of the request to change: path to value; null removes the field'),
});

const filterSchema = z.strictObject({
  state: z.enum(STATES).exactOptional(),
  phase: z.enum(PHASES).exactOptional(),
  code: text.exactOptional(),
  region: text.exactOptional(),
  bucket: text.exactOptional(),
  batch: text.exactOptional(),
  account: text.exactOptional(),
  createdBy: text.exactOptional(),
  name: z
    .string()
    .max(128)
    .regex(/[^.:_\s-]/u, 'must contain a letter or digit')
    .exactOptional(),
  since: pointInTime.meta({ type: 'string', format: 'date-time' }).exactOptional(),
  until: pointInTime.meta({ type: 'string', format: 'date-time' }).exactOptional(),
  tags: z.record(text.min(1), text).exactOptional(),
});

export const bulkSchema = z
  .strictObject({
    action: z.enum(BULK_ACTIONS),
    ids: z.array(importId).min(1).max(MOST_IN_BULK).exactOptional().describe('Either these imports …'),
    filter: filterSchema
      .exactOptional()
      .describe('… or those that match, as in the list of imports; the newest 1,000 of them'),
    set: z.record(z.string(), z.unknown()).default({}).describe('For resume and retry: fields to change first'),
    keepImage: z.boolean().default(false).describe('For cancel: keeps an image that was completed before'),
    apply: z.boolean().default(false).describe('false: only reports what would be done'),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    error: 'set either ids or filter',
    path: ['ids'],
  });

const item = z.object({
  id: z.string(),
  imageName: z.string().nullable(),
  state: z.enum(STATES).nullable(),
  code: z.string().nullable().describe('Of the error, or of what requires attention'),
});

const summarySchema = z.object({
  action: z.enum(BULK_ACTIONS),
  applied: z.boolean(),
  selected: z.int(),
  hasMore: z.boolean().describe('Further imports match the filter: send the request again'),
  acts: z.array(item.extend({ newId: z.string().nullable().describe('The import that a retry has started') })),
  skipped: z.array(item.extend({ reason: z.string() })),
  discardedBytes: z.number().describe('Bytes that open uploads have sent and that a cancel discards'),
});

/** Fails to compile if the document and the responses differ. */
export const summaryIsDocumented: (summary: BulkSummary) => unknown = (summary) =>
  summary satisfies Readonly<{ [Key in keyof z.infer<typeof summarySchema>]: unknown }>;

export const CHANGE_SCHEMAS = { Retry: retrySchema, Bulk: bulkSchema, BulkSummary: summarySchema } as const;
