/** A batch whose worker dies or freezes in the request for a page, with a Temporal server and PostgreSQL. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { BatchDependencies } from '../../activities/batch/dependencies.js';
import { createBatchActivities, createPageWaiters } from '../../activities/batch/index.js';
import type { PageAnswer, PageInput } from '../../activities/batch/next-page.js';
import { takeInBatch } from '../../batches/take-in.js';
import { BATCH_WORKFLOW, type BatchWorkflowInput, batchWorkflowId, newBatchId } from '../../domain/batch/names.js';
import { DEFAULT_POLICY } from '../../domain/batch/policy.js';
import { importWorkflowId } from '../../domain/ids.js';
import { MAIN_QUEUE, WATCH_QUEUE } from '../../domain/process-names.js';
import { cacheDir } from '../../local/supervisor/folders.js';
import { findTemporal } from '../../local/temporal/binary.js';
import { openIntake } from '../../store/batch-intake.js';
import { createBatchStore } from '../../store/batches.js';
import { createImportStore } from '../../store/imports.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const PACE = { retryFirstMs: 100, retryMaxMs: 500, heartbeatTimeoutMs: 1_000 };
const POLICY = { ...DEFAULT_POLICY, concurrency: 10, checkFirst: false };
const ITEMS = 3;

Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });

let database: TestDatabase;
let temporal: TestWorkflowEnvironment;
let workers: readonly Worker[] = [];
let running: Promise<unknown>;
/** By batch: what the worker does in the first request for a page before it freezes or dies. */
const beforeFreeze = new Map<string, (input: PageInput) => Promise<unknown>>();
let wake: () => void = () => undefined;
/** The result of the frozen request, after it was woken. */
let late: Promise<PageAnswer>;

beforeAll(async () => {
  const [env, signal] = [process.env, AbortSignal.timeout(300_000)];
  const binary = await findTemporal({ env, cacheDir: cacheDir(env), say: () => undefined, signal });
  [database, temporal] = await Promise.all([
    startTestDatabase(),
    TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: binary }, log: { format: 'pretty', level: 'never' } },
    }),
  ]);
  const deps = {
    batches: createBatchStore(database.pool),
    store: createImportStore(database.pool),
    batchTiming: { pollIntervalMs: 50, gatherMs: 0 },
  } as unknown as BatchDependencies;
  const waiters = createPageWaiters(deps);
  const nextPage = async (input: PageInput): Promise<PageAnswer> => {
    const before = beforeFreeze.get(input.batchId);
    if (before === undefined) return await waiters.nextPage(input);
    beforeFreeze.delete(input.batchId);
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await before(input);
    await woken;
    late = waiters.nextPage(input);
    return await late;
  };
  const common = { connection: temporal.nativeConnection, namespace: temporal.namespace ?? 'default' };
  workers = [
    await Worker.create({
      ...common,
      taskQueue: MAIN_QUEUE,
      workflowsPath: fileURLToPath(new URL('../support/workflows/batch-only.ts', import.meta.url)),
      activities: createBatchActivities(deps),
    }),
    await Worker.create({ ...common, taskQueue: WATCH_QUEUE, activities: { ...waiters, nextPage } }),
  ];
  running = Promise.all(workers.map((worker) => worker.run()));
});
afterEach(() => wake());
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  await temporal?.teardown();
  await database?.close();
});

async function takeIn(): Promise<string> {
  const id = newBatchId(Date.now(), randomBytes(10));
  async function* body() {
    for (let item = 1; item <= ITEMS; item++) {
      const disks = [{ source: 'oss://bucket-1/disk.qcow2' }];
      yield Buffer.from(`${JSON.stringify({ imageName: `web-${item}`, region: 'cn-hangzhou', disks })}\n`);
    }
  }
  const settings = { id, format: 'jsonl', header: { name: randomUUID() }, skipInvalid: false } as const;
  const order = { ...settings, base: null, idempotencyKey: null, workerHost: 'host-1' };
  expect(await takeInBatch(await openIntake(database.pool), order, body())).toMatchObject({ kind: 'made' });
  return id;
}

/** Starts a batch, whose first request for a page freezes after `before`. */
async function startFrozen(before: (input: PageInput) => Promise<unknown> = async () => undefined) {
  const batchId = await takeIn();
  const frozen = new Promise<void>((resolve, reject) => {
    beforeFreeze.set(batchId, (input) => before(input).then(() => resolve(), reject));
  });
  const memory = { page: 1, step: 0, paused: false, forgiven: 0, noted: null };
  const input: BatchWorkflowInput = { batchId, policy: POLICY, pace: PACE, ...memory };
  const batch = await temporal.client.workflow.start(BATCH_WORKFLOW, {
    ...{ workflowId: batchWorkflowId(batchId), taskQueue: MAIN_QUEUE, args: [input] },
  });
  await frozen;
  return { batchId, batch };
}

const claimOne = ({ batchId, page }: PageInput) =>
  createBatchStore(database.pool).takePage({
    ...{ batchId, page, importIds: [`imp-${randomUUID()}`], fresh: ITEMS },
    ...{ perRegion: null, perBucket: null, regionRoom: {} },
  });

async function untilState(batchId: string, state: string): Promise<void> {
  const read = async () => (await createBatchStore(database.pool).forStart(batchId))?.state;
  await expect.poll(read).toBe(state);
}

/** The imports of the started items, and how often the workflow of each was started. */
async function starts(batchId: string): Promise<readonly number[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    `select import_id as id from ecs_image_import.batch_items where batch_id = $1 and state = 'started'`,
    [batchId],
  );
  return await Promise.all(
    rows.map(async ({ id }) => {
      const runs = temporal.client.workflow.list({ query: `WorkflowId = '${importWorkflowId(id)}'` });
      let count = 0;
      for await (const _ of runs) count += 1;
      return count;
    }),
  );
}

const once = (items: number) => Array.from({ length: items }, () => 1);

test('paused after the worker died with a claimed page → its imports start, and no others until the resume', async () => {
  const { batchId, batch } = await startFrozen(claimOne);
  await batch.signal('pause');
  await untilState(batchId, 'paused');
  await expect.poll(() => starts(batchId)).toEqual(once(1));
  wake();
  await late;
  expect(await starts(batchId)).toEqual(once(1));
  await batch.signal('resume');
  await expect.poll(() => starts(batchId)).toEqual(once(ITEMS));
});

test('paused while a worker is frozen before its claim → it claims nothing when it wakes, until the resume', async () => {
  const { batchId, batch } = await startFrozen();
  await batch.signal('pause');
  await untilState(batchId, 'paused');
  await expect.poll(() => isWaiting(batchId)).toBe(true);
  wake();
  expect(await late).toEqual({ kind: 'page', items: [], failed: 0 });
  expect(await starts(batchId)).toEqual([]);
  await batch.signal('resume');
  await expect.poll(() => starts(batchId)).toEqual(once(ITEMS));
});

test('cancelled with running: finish after the worker died with a claimed page → its imports start', async () => {
  const { batchId, batch } = await startFrozen(claimOne);
  await batch.signal('cancel', { running: 'finish' });
  await expect.poll(() => starts(batchId)).toEqual(once(1));
});

/** Whether its workflow has no activity under way. */
async function isWaiting(batchId: string): Promise<boolean> {
  await sleep(200);
  const { raw } = await temporal.client.workflow.getHandle(batchWorkflowId(batchId)).describe();
  return (raw.pendingActivities ?? []).length === 0;
}
