/** The schemas of imports. They validate requests and document responses. The compiler checks them against the domain's types. */
import { z } from 'zod';
import { type ImportView, PHASES, STATES } from '../domain/import.js';

const phase = z.enum(PHASES);
const time = z.iso.datetime();
const image = z.object({ imageId: z.string(), regionId: z.string(), taskId: z.string().nullable() });

export const findingSchema = z.object({
  code: z.string().describe('The vendor’s item name if one exists, otherwise a code of this service'),
  severity: z.enum(['info', 'warning', 'blocking']),
  message: z.string(),
  evidence: z.string().describe('What was found, and where'),
  remedy: z.string().describe('What to do, as commands if possible'),
  source: z.enum(['inspection', 'cloud']),
  disk: z.int().optional(),
});

export const fileListSchema = z.object({
  files: z.array(
    z.object({ name: z.string(), contentType: z.string(), size: z.int().describe('In bytes'), createdAt: time }),
  ),
});

const comparedSide = z.object({ severity: z.enum(['info', 'warning', 'blocking']), message: z.string() }).nullable();

export const acceptedRequestSchema = z
  .looseObject({ region: z.string(), imageName: z.string() })
  .describe('The request with its defaults');

export const importSchema = z.object({
  id: z.string(),
  state: z.enum(STATES),
  phase,
  progress: z.object({
    phase,
    percent: z.number().describe('0 to 100, of this phase'),
    bytesDone: z.number().nullable(),
    bytesTotal: z.number().nullable(),
    bytesPerSecond: z.number().nullable(),
    etaSeconds: z.number().nullable(),
  }),
  request: acceptedRequestSchema,
  image: image.nullable(),
  copies: z.array(image),
  findings: z.array(findingSchema),
  comparison: z
    .array(
      z.object({
        item: z.string(),
        verdict: z.enum(['agreed', 'only ours', 'only theirs']),
        ours: comparedSide,
        theirs: comparedSide,
      }),
    )
    .optional()
    .describe('For a single import: the inspection compared with the cloud’s detection'),
  attention: z
    .object({
      ...{ code: z.string(), message: z.string(), remedy: z.string(), since: time },
      requestId: z.string().optional().describe('Of the failed call to the cloud'),
    })
    .nullable()
    .describe('What must be fixed before the import can be resumed'),
  waitingFor: z
    .object({
      queue: z.string().nullable().describe('The task queue that no worker polls; null: no worker is missing'),
      ...{ host: z.string().nullable(), since: time, message: z.string() },
      retry: z
        .object({
          ...{ code: z.string(), message: z.string(), remedy: z.string() },
          requestId: z.string().optional().describe('Of the failed call to the cloud'),
          ...{ since: time, nextAt: time },
          givesUpAt: time.describe('The first failure after this time stops the import for attention'),
        })
        .optional()
        .describe('The last failure and the next attempt; absent while the import waits for a worker'),
    })
    .nullable()
    .describe('Set while no worker can continue the import, and while the service retries what fails'),
  error: z
    .object({ code: z.string(), message: z.string(), remedy: z.string(), requestId: z.string().nullable(), phase })
    .nullable(),
  ledger: z.array(
    z.object({
      kind: z.enum(['multipart-upload', 'object', 'task', 'image', 'copy', 'snapshot', 'role', 'policy-attachment']),
      key: z.string(),
      regionId: z.string(),
      detail: z.record(z.string(), z.string()),
      status: z.enum(['intended', 'created', 'removed', 'kept']),
      createdAt: time,
      updatedAt: time,
    }),
  ),
  timeline: z.array(z.object({ phase, startedAt: time, endedAt: time.nullable() })),
  createdAt: time,
  updatedAt: time,
});

/** Fails to compile if the document and the responses differ. */
type Documented = Omit<z.infer<typeof importSchema>, 'request' | 'findings'>;
export const viewIsDocumented: (view: Omit<ImportView, 'request' | 'findings'>) => unknown = (view) =>
  view satisfies DeepReadonly<Documented>;

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export const listedImportSchema = importSchema
  .partial()
  .required({ id: true })
  .describe('An import in a list: all fields of Import, unless `fields` asks for fewer');

export const importListSchema = z.object({
  imports: z.array(listedImportSchema),
  nextCursor: z.string().nullable().describe('null: this is the last page'),
});

export const eventSchema = z.object({
  at: time,
  type: z.enum(['state', 'phase', 'progress', 'attention', 'finding', 'ledger', 'note']),
  phase,
  state: z.enum(STATES),
  message: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

export const requestProblemSchema = z.object({
  path: z.string().describe('The field in the request: disks[0].diskImageSize'),
  rule: z.string(),
  given: z.string().nullable(),
  message: z.string(),
  vendorCode: z.string().nullable().describe('The error code that the cloud would return'),
});

export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What happened, and to what'),
  code: z.string().describe('For programs: Request.Invalid, Import.NotFound …'),
  remedy: z.string().describe('What to do; may be empty'),
  errors: z.array(requestProblemSchema).optional().describe('Every invalid field of the request'),
  retryAfterSeconds: z.number().optional().describe('As the header Retry-After'),
});

export const startedImportSchema = importSchema.extend({
  warnings: z.array(requestProblemSchema).describe('Valid but unusual fields of the request'),
});

export const importReportSchema = importSchema
  .extend({ events: z.array(z.looseObject({ id: z.int(), ...eventSchema.shape })) })
  .loose()
  .describe('The import, and what was read, sent and called');

export const healthSchema = z.object({ status: z.literal('ok') });

export const openApiSchema = z.looseObject({ openapi: z.string() });

export const cancelSchema = z.strictObject({
  keepImage: z.boolean().default(false).describe('Keeps an image that was completed before the cancel took effect'),
});

export const holdRequestSchema = z.strictObject({
  reason: z.string().min(1).max(1_000).describe('Why it must be kept, for example the number of a legal case'),
});

export const releaseRequestSchema = z.strictObject({});

export const holdSchema = z.object({
  id: z.string(),
  reason: z.string(),
  since: time,
  by: z
    .object({ client: z.string().nullable(), user: z.string().nullable(), identity: z.string().nullable() })
    .nullable()
    .describe('Who set it: the identity, and what the client states'),
});

export const holdListSchema = z.object({ holds: z.array(holdSchema) });

export const resumeSchema = z.strictObject({
  set: z.record(z.string(), z.unknown()).default({}).describe('Fields of the request to change: path to value'),
});

export const readySchema = z.object({
  status: z.enum(['ready', 'not ready']),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string() })),
  parts: z.array(
    z.object({
      name: z.string(),
      pid: z.int().nullable().optional().describe('Only for senders with an identity'),
      state: z.string(),
      restarts: z.int(),
      address: z.string().nullable().optional().describe('Only for senders with an identity'),
    }),
  ),
  workers: z
    .array(
      z.object({
        host: z.string(),
        identity: z.string().describe('The name of its pollers in Temporal'),
        alive: z.boolean(),
        startedAt: time,
        seenAt: time,
      }),
    )
    .describe('The workers that poll, and up to 20 that did, the latest first; empty for senders without an identity'),
});

export const waitingCausesSchema = z.object({
  causes: z.array(
    z.object({ code: z.string(), imports: z.number().int(), since: z.iso.datetime(), remedy: z.string() }),
  ),
});

export const resumeAllSchema = z.strictObject({ code: z.string().min(1).describe('attention.code of the imports') });

export const resumedAllSchema = z.object({
  code: z.string(),
  resumed: z.array(z.string()).describe('Import IDs'),
  notResumed: z
    .array(z.object({ id: z.string(), reason: z.string() }))
    .describe('Imports with this cause that were not resumed, and why'),
});

export const orphanSweepInputSchema = z.strictObject({
  delete: z.boolean().default(false).describe('Deletes the orphans; resources of running imports are never deleted'),
  foreign: z
    .boolean()
    .default(false)
    .describe('With delete: also deletes completed images of imports that this installation does not know'),
  account: z.string().exactOptional().describe('Only this account; absent: all accounts that imports have used'),
});

const notDoneSchema = z.object({ key: z.string(), why: z.string() });
const omissionSchema = notDoneSchema.extend({
  account: z.string().optional().describe('Absent: the account of the worker’s own credentials'),
});

export const reconcileInputSchema = z.strictObject({
  apply: z.boolean().default(false).describe('Ends what is listed; without it, nothing is changed'),
});
const temporalServerSchema = z
  .object({ namespace: z.string(), namespaceId: z.string(), clusterId: z.string() })
  .describe('A Temporal namespace and the cluster that it is on');
export const reconciliationSchema = z.object({
  connected: temporalServerSchema,
  lost: z.array(
    z.object({
      kind: z.enum(['import', 'batch']),
      id: z.string(),
      code: z.string(),
      message: z.string(),
      startedIn: temporalServerSchema.nullable(),
      action: z
        .enum(['clean-up', 'record-result', 'none'])
        .describe(
          'clean-up: end as cancelled and remove its resources. record-result: record the result of its completed workflow. none: its workflow runs again',
        ),
    }),
  ),
  unchecked: z
    .int()
    .min(0)
    .describe(
      'Open imports and batches that are still to be compared with this server; send the request again in a minute',
    ),
  done: z.array(z.string()).describe('IDs of those to which the action was applied'),
  left: z.array(notDoneSchema).describe('Those to which it could not be applied, and why'),
});
export const orphanSweepSchema = z.object({
  orphans: z.array(
    z.object({
      kind: z.enum(['image', 'snapshot', 'object', 'multipart-upload']),
      importId: z.string(),
      account: z.string().nullable().describe('null: the account of the worker’s own credentials'),
      regionId: z.string(),
      key: z.string().describe('ID of the image or snapshot, or oss://bucket/key'),
      name: z.string(),
      bytes: z.number(),
      since: z.string().nullable(),
      why: z.string(),
      monthlyCny: z.number().describe('Cost per month at list price, in CNY'),
      foreign: z
        .boolean()
        .describe('A completed image or a snapshot of an unknown import, possibly of another installation'),
    }),
  ),
  deleted: z.array(z.string()).describe('Keys of the deleted orphans'),
  left: z.array(omissionSchema).describe('Orphans that could not be deleted, and why'),
  unseen: z.array(omissionSchema).describe('Accounts, regions and folders that could not be searched, and why'),
});
