/** The schemas of the overview, of plans, of the check and the series of a batch, and of settings. */
import { z } from 'zod';
import type { BatchCheck } from '../batches/check.js';
import type { DescribedSetting } from '../config/described-settings.js';
import { PHASES, STATES } from '../domain/import.js';
import type { Overview } from '../imports/overview.js';
import type { ImportPlanView } from '../imports/plan.js';
import type { BatchSeries } from '../store/batch-series.js';
import { badItemSchema, policySchema } from './batch-schemas.js';
import { requestProblemSchema, waitingCausesSchema } from './schemas.js';

const count = z.int();
const time = z.iso.datetime();

const overviewSchema = z.object({
  at: time,
  states: z
    .partialRecord(z.enum(STATES), count)
    .describe('Open imports by state; absent: none. What ended is in `hours`'),
  causes: waitingCausesSchema.shape.causes.describe('Of imports in attention, the most frequent first'),
  running: z.object({
    imports: count,
    waiting: count.describe('Those that wait for a worker, or for the next attempt of a call that failed'),
    stalled: count.describe('Those without progress for 30 minutes that are not known to wait for anything'),
    bytesPerSecond: z.number(),
    phases: z.array(
      z.object({
        ...{ phase: z.enum(PHASES), imports: count, waiting: count, stalled: count },
        bytesPerSecond: z.number(),
      }),
    ),
  }),
  hours: z
    .array(
      z.object({
        hour: time.describe('Its beginning'),
        ...{ succeeded: count, failed: count, cancelled: count },
        bytes: z.number().describe('Of uploads that were completed in it'),
      }),
    )
    .describe('What ended in each hour, the current one last'),
  isComplete: z
    .boolean()
    .describe('false: of an identity with a scope, only the latest 5,000 ended imports were compared with it'),
  queues: z
    .array(
      z.object({
        queue: z.string(),
        host: z.string().nullable().describe('null: workers of all hosts poll it'),
        workers: count.describe('How many poll it now'),
        seenAt: time.nullable(),
        waiting: count.describe('Imports that wait for a worker of this queue'),
      }),
    )
    .describe('Task queues that workers poll or polled within a day, and those that imports wait for'),
  budgets: z
    .array(
      z.object({
        ...{ accountId: z.string(), service: z.string(), region: z.string(), action: z.string() },
        perMinute: z.number().nullable().describe('Calls per minute that are allowed now; null: no limit is known'),
        blockedUntil: time.nullable().describe('The cloud has throttled a call: none before this time'),
      }),
    )
    .describe('Call budgets that were used within an hour; empty for identities with a scope'),
});

const share = z.object({ name: z.string(), items: count });

const batchCheckSchema = z.object({
  items: count,
  invalid: count,
  badItems: z.array(badItemSchema).describe('In the order of the file; the first thousand'),
  headerProblems: z
    .array(requestProblemSchema)
    .describe('Of the name, the policy and the defaults. If there are any, the items are not checked'),
  unreadable: z
    .object({ line: count, reason: z.string() })
    .nullable()
    .describe('The line from which the file cannot be read; null: it was read to its end'),
  name: z.string().nullable().describe('null: the file has none, so that the batch gets its ID as name'),
  isNameUsed: z.boolean().describe('A batch has this name. The same file returns that batch; another one is refused'),
  nameUsedBy: z.string().nullable().describe('The ID of that batch; null: none, or outside the scope of the identity'),
  policy: policySchema.nullable(),
  regions: z.array(share).describe('Valid items by region, the most frequent first'),
  buckets: z.array(share),
});

const seriesSchema = z.object({
  stepSeconds: z.number(),
  points: z
    .array(z.object({ at: time, succeeded: count, failed: count }))
    .describe('From the start of the batch to its end, or to now'),
  causes: z
    .array(z.object({ code: z.string(), failures: count, points: z.array(count).describe('One for each of `points`') }))
    .describe('The most frequent causes of failures; `other` sums the rest'),
});

const bytes = z.number().nullable();

const planSchema = z.object({
  ...{ importId: z.string(), isDryRun: z.boolean(), region: z.string(), imageName: z.string() },
  disks: z.array(
    z.object({
      ...{ disk: count, source: z.string(), sourceBytes: bytes },
      sentAs: z
        .string()
        .describe('as-is, converted, if-faster (converted if the link is slow) or unknown (decided on the worker)'),
      format: z.string().nullable(),
      diskImageSizeGiB: z.number().nullable(),
      bucket: z.string(),
      key: z.string().nullable().describe('null: it is uploaded; otherwise the object that is already there'),
      bytesAtMost: bytes.describe('The bytes that are sent at most'),
    }),
  ),
  bytesAtMost: bytes.describe('Of all disks; null: not all sizes are known'),
  settings: z
    .array(
      z.object({
        field: z.string(),
        value: z.string().nullable(),
        origin: z.enum(['request', 'image', 'derived', 'cloud']),
        assumed: z.string().describe('The cloud’s default'),
      }),
    )
    .describe('The settings of the image, and where each comes from'),
  role: z.object({
    mode: z.enum(['ensure', 'verify', 'skip']),
    isReady: z.boolean().nullable().describe('null: not checked; only a dry run checks it here'),
    message: z.string().nullable().describe('What is missing, which ensure creates; or why it was not checked'),
  }),
  keepsObject: z.boolean(),
  copies: z.array(z.string()).describe('Regions'),
  sharedWith: z.array(z.string()).describe('Accounts'),
  estimate: z.object({
    uploadSeconds: z.number().nullable(),
    importSeconds: z.number().nullable(),
    fromImports: count.describe('How many recent imports the times are estimated from'),
    cost: z.object({ currency: z.string(), storagePerMonth: z.number(), traffic: z.number() }).nullable(),
  }),
});

const settingsSchema = z.object({
  settings: z.array(
    z.object({
      name: z.string(),
      value: z.string().nullable().describe('null: not set, or a secret'),
      origin: z.enum(['environment', 'default', 'unset']),
      isSecret: z.boolean(),
    }),
  ),
  version: z.string(),
});

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** These fail to compile if the document and the responses differ. */
export const overviewIsDocumented: (view: Overview) => unknown = (view) =>
  view satisfies DeepReadonly<z.infer<typeof overviewSchema>>;
export const checkIsDocumented: (check: BatchCheck & { readonly isNameUsed: boolean }) => unknown = (check) =>
  check satisfies DeepReadonly<z.infer<typeof batchCheckSchema>>;
export const seriesIsDocumented: (series: BatchSeries) => unknown = (series) =>
  series satisfies DeepReadonly<z.infer<typeof seriesSchema>>;
export const planIsDocumented: (plan: ImportPlanView) => unknown = (plan) =>
  plan satisfies DeepReadonly<z.infer<typeof planSchema>>;
export const settingIsDocumented: (setting: DescribedSetting) => unknown = (setting) =>
  setting satisfies z.infer<typeof settingsSchema>['settings'][number];

export const OVERVIEW_SCHEMAS = {
  Overview: overviewSchema,
  BatchCheck: batchCheckSchema,
  BatchSeries: seriesSchema,
  Plan: planSchema,
  Settings: settingsSchema,
} as const;
