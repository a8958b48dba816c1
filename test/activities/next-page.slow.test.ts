/** The page request of a batch's workflow, with PostgreSQL. */
import { randomBytes, randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FirstCheck } from '../../activities/batch/check-first.js';
import type { BatchDependencies } from '../../activities/batch/dependencies.js';
import { createNextPage, type PageAnswer, type PageDependencies } from '../../activities/batch/next-page.js';
import { takeInBatch } from '../../batches/take-in.js';
import { newBatchId } from '../../domain/batch/names.js';
import { type BatchPolicy, DEFAULT_POLICY } from '../../domain/batch/policy.js';
import { openIntake } from '../../store/batch-intake.js';
import { createBatchStore } from '../../store/batches.js';
import { createImportStore } from '../../store/imports.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.close());

async function takeIn(imageNames: readonly string[]): Promise<string> {
  const id = newBatchId(Date.now(), randomBytes(10));
  async function* body() {
    for (const imageName of imageNames) {
      yield Buffer.from(
        `${JSON.stringify({ imageName, region: 'cn-hangzhou', disks: [{ source: 'oss://bucket-1/disk.qcow2' }] })}\n`,
      );
    }
  }
  const settings = { id, format: 'jsonl', header: { name: randomUUID() }, skipInvalid: false } as const;
  const order = { ...settings, base: null, idempotencyKey: null, workerHost: 'host-1' };
  expect(await takeInBatch(await openIntake(database.pool), order, body())).toMatchObject({ kind: 'made' });
  return id;
}

test('a retry of an ended batch → an empty page for the last page, then the retried items as the next page', async () => {
  const batchId = await takeIn(['web-1', 'web-2']);
  const batches = createBatchStore(database.pool);
  const batchPace = { lookEveryMs: 10, gatherMs: 0 };
  const nextPage = createNextPage({ batches, batchPace } as unknown as BatchDependencies);
  const request = (page: number): Promise<PageAnswer> =>
    new MockActivityEnvironment().run(nextPage, { batchId, page, policy: DEFAULT_POLICY, forgiven: 0 });

  const first = await request(1);
  expect(first).toMatchObject({ kind: 'page', items: [{}, {}] });
  const error = { code: 'Bad', message: 'bad', remedy: 'Fix it.', requestId: null, phase: 'import' } as const;
  for (const { importId } of first.kind === 'page' ? first.items : []) {
    await createImportStore(database.pool).finish({ importId, version: 1_000, phase: 'done' }, 'failed', error);
  }
  expect(await request(1)).toEqual({ kind: 'done', failed: 2 });
  await batches.retry(batchId, ['failed']);
  expect(await request(1)).toEqual({ kind: 'page', items: [], failed: 0 });
  expect(await request(2)).toMatchObject({ kind: 'page', items: [{}, {}] });
});

test('a page whose claim got no response, while its imports fill the concurrency window → returned again immediately', async () => {
  const batchId = await takeIn(['web-1', 'web-2', 'web-3']);
  const batches = createBatchStore(database.pool);
  const nextPage = createNextPage({
    batches,
    batchTiming: { pollIntervalMs: 10, gatherMs: 0 },
  } as unknown as PageDependencies);
  const policy = { ...DEFAULT_POLICY, concurrency: 1 };
  const request = () => new MockActivityEnvironment().run(nextPage, { batchId, page: 1, policy, forgiven: 0 });
  const first = await request();
  expect(first).toMatchObject({ kind: 'page', items: [{}] });
  expect(await request()).toEqual(first);
});

test('the first page of a batch with a check that fails → held, and no import has a record; later pages are not checked', async () => {
  const batchId = await takeIn(['web-1', 'web-2', 'web-3']);
  const batches = createBatchStore(database.pool);
  const reason = { code: 'NoSuchBucket', message: 'bucket b does not exist', remedy: 'Create it.' };
  let checks = 0;
  let found: FirstCheck = { kind: 'hold', reason };
  const checkFirst = async () => {
    checks += 1;
    return found;
  };
  const batchTiming = { pollIntervalMs: 10, gatherMs: 0 };
  const nextPage = createNextPage({ batches, batchTiming, checkFirst } as unknown as PageDependencies);
  const request = (page: number, change: Partial<BatchPolicy> = {}): Promise<PageAnswer> => {
    const policy = { ...DEFAULT_POLICY, concurrency: 1, ...change };
    return new MockActivityEnvironment().run(nextPage, { batchId, page, policy, forgiven: 0 });
  };

  expect(await request(1)).toEqual({ kind: 'hold', reason, failed: 0 });
  expect((await batches.settle(batchId)).waiting).toBe(3);
  found = { kind: 'passed' };
  const first = await request(1);
  expect(first).toMatchObject({ kind: 'page', items: [{}] });
  const end = { code: 'Bad', message: 'bad', remedy: 'Fix it.', requestId: null, phase: 'import' } as const;
  for (const { importId } of first.kind === 'page' ? first.items : []) {
    await createImportStore(database.pool).finish({ importId, version: 1_000, phase: 'done' }, 'failed', end);
  }
  found = { kind: 'hold', reason };
  expect(await request(2)).toMatchObject({ kind: 'page', items: [{}] });
  expect(checks).toBe(2);
});

test('a batch with checkFirst: false → starts without the check', async () => {
  const batchId = await takeIn(['web-1']);
  const batches = createBatchStore(database.pool);
  const checkFirst = () => Promise.reject(new Error('checked'));
  const batchTiming = { pollIntervalMs: 10, gatherMs: 0 };
  const nextPage = createNextPage({ batches, batchTiming, checkFirst } as unknown as PageDependencies);
  const policy = { ...DEFAULT_POLICY, checkFirst: false };
  const page = await new MockActivityEnvironment().run(nextPage, { batchId, page: 1, policy, forgiven: 0 });
  expect(page).toMatchObject({ kind: 'page', items: [{}] });
});
