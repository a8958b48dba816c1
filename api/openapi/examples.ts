/** One example of each body in the OpenAPI document. A test checks each with its schema. */
import type { SchemaName } from '../components.js';

const AT = '2026-11-01T20:00:00.000Z';
const LATER = '2026-11-01T20:04:10.000Z';
const IMPORT_ID = 'imp-01JBM2Q6ZK3T8W';
const BATCH_ID = 'bat-01JBM2Q6ZK3T8X';
const by = { client: 'ecs-image-import/0.1.0', user: 'ada@build-1', identity: 'key:k7f3' };

const SECRET = 'd2hhdCBhIHNlY3JldCBsb29rcyBsaWtl';
const identity = {
  ...{ id: 'key:k7f3', name: 'ada', role: 'operator' },
  scope: { regions: ['cn-*'], buckets: [], tags: [{ key: 'team', value: 'web' }], sourceRoots: [] },
};

const request = {
  region: 'cn-hangzhou',
  imageName: 'web-01',
  disks: [{ source: 'file:///images/web-01.qcow2' }],
  upload: { bucket: 'my-bucket' },
  tags: { team: 'web' },
};

const finding = {
  ...{ code: 'GUESTOS.CloudInit', severity: 'warning', source: 'inspection', disk: 1 },
  message: 'cloud-init is not installed',
  evidence: 'no /usr/bin/cloud-init in /dev/sda1',
  remedy: 'apt-get install cloud-init',
};

const imported = {
  id: IMPORT_ID,
  state: 'running',
  phase: 'upload',
  progress: {
    ...{ phase: 'upload', percent: 40, bytesDone: 400_000_000, bytesTotal: 1_000_000_000 },
    ...{ bytesPerSecond: 50_000_000, etaSeconds: 12 },
  },
  request: { ...request, upload: { bucket: 'my-bucket', prefix: 'imports/', convert: 'auto', keepObject: false } },
  image: null,
  copies: [],
  findings: [finding],
  attention: null,
  waitingFor: null,
  error: null,
  ledger: [],
  timeline: [{ phase: 'accepted', startedAt: AT, endedAt: AT }],
  createdAt: AT,
  updatedAt: LATER,
};

const event = {
  ...{ at: AT, type: 'phase', phase: 'upload', state: 'running' },
  message: 'upload started',
  detail: {},
};

const auditEntry = {
  ...{ id: 4711, at: AT, identity: 'key:k7f3q2m9x0', role: 'operator', address: '10.0.0.7' },
  ...{ client: 'ecs-image-import/0.1.0', user: 'ada@build-1', action: 'imports.cancel', target: IMPORT_ID },
  ...{ outcome: 'done', status: 202, code: null, count: 1 },
};

const keyScope = {
  ...{ regions: ['cn-*'], buckets: ['team-a-*'], tags: [{ key: 'team', value: 'web' }] },
  sourceRoots: ['/images/team-a'],
};

const key = {
  ...{ prefix: 'k7f3q2m9x0', name: 'web team', role: 'operator', scope: keyScope, state: 'active' },
  ...{ createdAt: AT, createdBy: 'local', revokedAt: null, revokedBy: null },
  secrets: [{ createdAt: AT, expiresAt: '2027-01-30T20:00:00.000Z', lastUsedAt: LATER }],
};

const hold = { id: IMPORT_ID, reason: 'legal case 4711', since: AT, by };

const policy = {
  ...{ concurrency: 50, perRegion: null, perBucket: null, canary: [5], errorBudget: '5%', errorBudgetAfter: 20 },
  ...{ attentionBudget: null, schedule: null, order: 'listed', priority: 3, weight: 1, imageQuota: null },
  checkFirst: true,
};

const counts = {
  ...{ total: 2, invalid: 0, waiting: 1, running: 1, attention: 0, succeeded: 0, failed: 0, cancelled: 0 },
};

const batch = {
  ...{ id: BATCH_ID, name: 'fleet-2026', state: 'running', policy, attention: null, waitsFor: null, counts },
  phases: { upload: 1 },
  importsPerMinute: 0.5,
  etaSeconds: 240,
  estimate: {
    ...{ uploadedBytes: 400_000_000, expectedUploadBytes: null, imageGiB: 0 },
    ...{ expectedImageGiB: null, expectedCopyGiB: null, cost: null },
  },
  failures: [],
  attentions: [],
  createdBy: by,
  createdAt: AT,
  updatedAt: LATER,
  endedAt: null,
};

const item = {
  ...{ item: 1, line: 1, state: 'started', account: null, region: 'cn-hangzhou', imageName: 'web-01', attempt: 1 },
  ...{ importId: IMPORT_ID, phase: 'upload', imageId: null, code: null, message: null, remedy: null },
  startedAt: AT,
  endedAt: null,
};

const batchFile = {
  name: 'fleet-2026',
  policy: { canary: [5], errorBudget: '5%' },
  defaults: { region: 'cn-hangzhou', upload: { bucket: 'my-bucket' } },
  items: [request],
};

const inspection = {
  ...{ id: 'ins-01JBM2Q6ZK3T8Z', createdAt: AT, createdBy: by, role: 'system' },
  ...{ source: 'file:///images/web-01.qcow2', format: 'QCOW2', subformat: null },
  ...{ virtualSize: 2_147_483_648, fileSize: 320_000_000, allocatedSize: 320_000_000, contains: null },
  ...{ diskImageSizeGiB: 2, partitionTable: 'gpt' },
  volumes: [{ name: '/dev/sda1', size: 2_000_000_000, content: 'ext4', uuid: null, label: null }],
  ...{ architecture: 'x86_64', bootMode: 'UEFI', bootModes: ['BIOS', 'UEFI'], bootChain: [], osType: 'linux' },
  ...{ platform: 'Debian', osVersion: '12', osName: 'Debian GNU/Linux 12', kernelVersion: '6.1.0' },
  ...{ cloudInitVersion: null, hostName: null, packageFormat: 'deb', mounts: [], nvmeSupport: 'supported' },
  findings: [finding],
  depth: 'guest',
};

const server = { namespace: 'default', namespaceId: '32049b68-7872-4094-8e63-d0dd59896a83', clusterId: 'active' };

const webhook = {
  ...{ id: 'whk-01JBM2Q6ZK3T8Y', url: 'https://hooks.example.com/imports', description: 'team channel' },
  ...{ events: ['import.failed', 'import.attention'], state: 'enabled', disabled: null, failingSince: null },
  ...{ lastSuccessAt: LATER, previousSecretUntil: null, createdBy: { id: 'key:k7f3', name: 'ci' }, createdAt: AT },
};

const delivery = {
  ...{ id: 'msg_4711_whk_01JBM2Q6ZK3T8Y', type: 'import.failed', state: 'delivered', attempts: 1, nextAttemptAt: null },
  log: [{ attempt: 1, at: AT, durationMs: 87, status: 204, error: null, answer: '' }],
  ...{ createdAt: AT, endedAt: AT },
};

const withSecret = { ...webhook, secret: `whsec_${'A'.repeat(43)}=` };

const EXAMPLES: Readonly<
  Record<Exclude<SchemaName, 'AcceptedRequest' | 'Policy' | 'ListedImport' | 'Event' | 'Finding' | 'Problem'>, unknown>
> = {
  ImportRequest: request,
  Import: imported,
  StartedImport: { ...imported, state: 'running', phase: 'accepted', findings: [], warnings: [] },
  ImportReport: { ...imported, events: [{ id: 1, ...event }] },
  ImportList: { imports: [imported], nextCursor: IMPORT_ID },
  FileList: {
    files: [{ name: 'boot-check.log', contentType: 'text/plain; charset=utf-8', size: 4_096, createdAt: AT }],
  },
  InspectionRequest: { source: 'file:///images/web-01.qcow2' },
  Inspection: inspection,
  InspectionList: {
    inspections: [
      {
        ...{ id: inspection.id, createdAt: AT, createdBy: by, role: 'system', source: inspection.source },
        ...{ format: 'QCOW2', osName: inspection.osName, blocking: 0, warnings: 1 },
      },
    ],
    nextCursor: null,
  },
  Overview: {
    at: LATER,
    states: { running: 1 },
    causes: [{ code: 'QuotaExceed.Image', imports: 3, since: AT, remedy: 'Request a higher quota for custom images.' }],
    running: {
      ...{ imports: 1, waiting: 0, stalled: 0, bytesPerSecond: 50_000_000 },
      phases: [{ phase: 'upload', imports: 1, waiting: 0, stalled: 0, bytesPerSecond: 50_000_000 }],
    },
    hours: [{ hour: AT, succeeded: 12, failed: 1, cancelled: 0, bytes: 24_000_000_000 }],
    isComplete: true,
    queues: [{ queue: 'ecs-image-import', host: null, workers: 2, seenAt: LATER, waiting: 0 }],
    budgets: [
      {
        ...{ accountId: '1000000000000001', service: 'ecs', region: 'cn-hangzhou', action: 'ImportImage' },
        ...{ perMinute: 60, blockedUntil: null },
      },
    ],
  },
  BatchCheck: {
    ...{ items: 2, invalid: 0, badItems: [], headerProblems: [], unreadable: null, name: 'fleet-2026' },
    ...{ isNameUsed: false, nameUsedBy: null, policy, regions: [{ name: 'cn-hangzhou', items: 2 }] },
    buckets: [{ name: 'my-bucket', items: 2 }],
  },
  BatchSeries: {
    stepSeconds: 60,
    points: [{ at: AT, succeeded: 4, failed: 1 }],
    causes: [{ code: 'QuotaExceed.Image', failures: 1, points: [1] }],
  },
  Plan: {
    ...{ importId: IMPORT_ID, isDryRun: true, region: 'cn-hangzhou', imageName: 'web-01' },
    disks: [
      {
        ...{ disk: 1, source: 'file:///images/web-01.qcow2', sourceBytes: 320_000_000, sentAs: 'as-is' },
        ...{ format: 'QCOW2', diskImageSizeGiB: 40, bucket: 'my-bucket', key: null, bytesAtMost: 320_000_000 },
      },
    ],
    bytesAtMost: 320_000_000,
    settings: [{ field: 'bootMode', value: 'UEFI', origin: 'image', assumed: 'BIOS' }],
    role: { mode: 'ensure', isReady: true, message: null },
    ...{ keepsObject: false, copies: ['cn-beijing'], sharedWith: [] },
    estimate: { uploadSeconds: 6.4, importSeconds: 240, fromImports: 20, cost: null },
  },
  Settings: {
    settings: [{ name: 'ECS_IMPORT_PORT', value: '8080', origin: 'default', isSecret: false }],
    version: '0.1.0',
  },
  Cancel: { keepImage: false },
  Resume: { set: { imageName: 'web-02' } },
  Retry: { set: { imageName: 'web-02', 'upload.bucket': 'other-bucket' } },
  Bulk: { action: 'resume', filter: { code: 'QuotaExceed.Image' }, apply: false },
  BulkSummary: {
    ...{ action: 'resume', applied: false, selected: 1, hasMore: false, skipped: [], discardedBytes: 0 },
    acts: [{ id: IMPORT_ID, imageName: 'web-01', state: 'attention', code: 'QuotaExceed.Image', newId: null }],
  },
  ResumeAll: { code: 'QuotaExceed.Image' },
  ResumedAll: { code: 'QuotaExceed.Image', resumed: [IMPORT_ID], notResumed: [] },
  WaitingCauses: {
    causes: [{ code: 'QuotaExceed.Image', imports: 3, since: AT, remedy: 'Request a higher quota for custom images.' }],
  },
  NewKey: { name: 'web team', role: 'operator', scope: keyScope, expiresInSeconds: 7_776_000 },
  KeyRotation: { overlapSeconds: 86_400 },
  KeyRevocation: {},
  Key: key,
  CreatedKey: { ...key, key: `eii_k7f3q2m9x0_${'x'.repeat(43)}` },
  KeyList: { keys: [key], nextCursor: null },
  AuditEntry: auditEntry,
  AuditList: { entries: [auditEntry], nextCursor: null },
  HoldRequest: { reason: 'legal case 4711' },
  ReleaseRequest: {},
  Hold: hold,
  HoldList: { holds: [hold] },
  OrphanSweepInput: { delete: false },
  OrphanSweep: {
    orphans: [
      {
        ...{ kind: 'object', importId: IMPORT_ID, account: null, regionId: 'cn-hangzhou' },
        ...{ key: 'oss://my-bucket/imports/web-01.qcow2', name: 'web-01.qcow2', bytes: 320_000_000, since: AT },
        ...{ why: 'its import has ended', monthlyCny: 0.04, foreign: false },
      },
    ],
    deleted: [],
    left: [],
    unseen: [],
  },
  ReconcileInput: { apply: false },
  Reconciliation: {
    connected: server,
    lost: [
      {
        ...{ kind: 'import', id: IMPORT_ID, code: 'Import.WorkflowMissing' },
        message: 'Temporal does not run its workflow',
        startedIn: server,
        action: 'clean-up',
      },
    ],
    ...{ unchecked: 0, done: [], left: [] },
  },
  Payloads: { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'e30=' }] },
  Health: { status: 'ok' },
  Readiness: {
    status: 'ready',
    checks: [{ name: 'postgresql', ok: true, message: 'ok' }],
    parts: [{ name: 'worker', pid: 4_711, state: 'ready', restarts: 0, address: null }],
    workers: [{ host: 'build-1', identity: '4711@build-1', alive: true, startedAt: AT, seenAt: LATER }],
  },
  SignIn: { code: SECRET },
  SignInCode: { code: SECRET, expiresAt: LATER },
  StartedSession: { token: SECRET, expiresAt: LATER, identity },
  Session: { identity, expiresAt: LATER },
  OpenApi: { openapi: '3.1.0' },
  BatchFile: batchFile,
  Batch: batch,
  CreatedBatch: batch,
  RetriedBatch: { ...batch, retried: 1 },
  BatchReport: { ...batch, items: [item] },
  BatchPolicy: { concurrency: 100 },
  BatchList: {
    batches: [
      {
        ...{ id: BATCH_ID, name: 'fleet-2026', state: 'running', createdAt: AT, updatedAt: LATER, endedAt: null },
        ...{ items: 2, ended: 0 },
      },
    ],
    nextCursor: null,
  },
  BatchItemList: { items: [item], nextCursor: null },
  BatchResume: { cause: 'QuotaExceed.Image' },
  BatchPause: {},
  BatchCancel: { running: 'finish' },
  BatchRetry: { cancelled: true },
  WebhookCreate: { url: webhook.url, events: webhook.events },
  Webhook: webhook,
  WebhookList: { webhooks: [webhook] },
  WebhookWithSecret: withSecret,
  WebhookRotate: { overlapHours: 24 },
  WebhookAction: {},
  WebhookRedeliver: { since: AT },
  WebhookRedelivered: { redelivered: 3 },
  WebhookDelivery: delivery,
  WebhookDeliveryList: { deliveries: [delivery], nextCursor: null },
};

/** Of bodies that are no JSON. */
const TEXTS: Readonly<Record<string, string>> = {
  'text/plain': 'Debian GNU/Linux 12 web-01 ttyS0\n\nweb-01 login:\n',
  'text/markdown': `# Import ${IMPORT_ID}: succeeded\n\n- image name: web-01\n`,
  'text/csv': 'region,imageName,source,bucket\ncn-hangzhou,web-01,file:///images/web-01.qcow2,my-bucket\n',
  'application/jsonl': `${JSON.stringify(request)}\n`,
  'application/yaml': 'name: fleet-2026\nitems:\n  - imageName: web-01\n    region: cn-hangzhou\n',
  'text/event-stream': `event: phase\ndata: ${JSON.stringify(event)}\nid: 7\n\n: keep-alive\n\n`,
};

/** Undefined: bytes that are no text. */
export function exampleOf(schema: unknown, mediaType: string): unknown {
  const reference = typeof schema === 'object' && schema !== null && '$ref' in schema ? String(schema.$ref) : '';
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return Object.hasOwn(EXAMPLES, name) ? Reflect.get(EXAMPLES, name) : TEXTS[mediaType];
}
