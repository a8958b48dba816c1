/** The items of a batch in PostgreSQL: stored all or none, claimed once, within every limit. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BatchSettings, takeInBatch } from '../../batches/take-in.js';
import { newBatchId } from '../../domain/batch/names.js';
import { DEFAULT_POLICY } from '../../domain/batch/policy.js';
import { openIntake } from '../../store/batch-intake.js';
import { createBatchRetries } from '../../store/batch-retries.js';
import { createBatchViews } from '../../store/batch-views.js';
import { createBatchStore } from '../../store/batches.js';
import { createImportStore } from '../../store/imports.js';
import { migrate } from '../../store/migrate.js';
import { createRateBudgetStore } from '../../store/rate-budgets.js';
import { transaction } from '../../store/transaction.js';
import { bodyWith } from '../support/domain/requests.js';
import { batchCalls, names } from '../support/store/batch-calls.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.close());

const { take, page, takePage, namesOf, end } = batchCalls(() => database);

describe('a batch file', () => {
  test('with invalid items → refused with the line of each, and no data stored', async () => {
    const items = [...names(2), { imageName: '1' }, { imageName: 'web-9', priority: 77 }, { imageName: 'web-2' }];
    const { id, taken } = await take(items);
    expect(taken).toMatchObject({ kind: 'badItems', badCount: 3, items: 5 });
    expect(taken.kind === 'badItems' && taken.bad.map((bad) => [bad.line, bad.problems[0]?.path])).toEqual([
      [3, 'imageName'],
      [4, 'priority'],
      [5, 'imageName'],
    ]);
    expect(await createBatchViews(database.pool, null).get(id)).toBeNull();
  });

  test('with invalid items that are skipped → the others start, and the invalid ones are recorded', async () => {
    const { id, taken } = await take([...names(2), { imageName: '1' }, { imageName: 'web-1' }], { skipInvalid: true });
    expect(taken).toMatchObject({ kind: 'made', items: 4, skippedCount: 2 });
    const views = createBatchViews(database.pool, null);
    expect((await views.get(id))?.counts).toMatchObject({ total: 4, waiting: 2, invalid: 2 });
    const invalid = await views.items(id, { state: 'invalid', after: 0, limit: 10 });
    expect(invalid).toMatchObject([
      { line: 3, code: 'Request.Invalid' },
      { line: 4, message: expect.stringContaining('line 1') },
    ]);
  });

  test('sent again with its name → the same batch; another file with that name → refused', async () => {
    const header = { name: randomUUID() };
    const first = await take(names(2), { header });
    expect(await take(names(2), { header })).toMatchObject({ taken: { kind: 'same', batch: { id: first.id } } });
    expect(await take(names(3), { header })).toMatchObject({ taken: { kind: 'conflict', batch: { id: first.id } } });
  });

  test('sent again with its key → the same batch, even with another name', async () => {
    const idempotencyKey = randomUUID();
    const header = { name: randomUUID() };
    const first = await take(names(2), { header, idempotencyKey });
    expect(await take(names(2), { header, idempotencyKey })).toMatchObject({
      taken: { kind: 'same', batch: { id: first.id } },
    });
    expect(await take(names(3), { header: { name: randomUUID() }, idempotencyKey })).toMatchObject({
      taken: { kind: 'conflict', batch: { id: first.id } },
    });
  });

  test('with a lost connection → no data stored, and its name is free', async () => {
    const header = { name: randomUUID() };
    async function* broken() {
      yield Buffer.from(`${JSON.stringify({ imageName: 'web-1' })}\n`);
      throw new Error('connection lost');
    }
    const settings: BatchSettings = {
      id: newBatchId(Date.now(), randomBytes(10)),
      format: 'jsonl',
      header,
      skipInvalid: true,
      base: null,
      idempotencyKey: null,
      workerHost: 'host-1',
    };
    await expect(takeInBatch(await openIntake(database.pool), settings, broken())).rejects.toThrow('connection lost');
    expect((await take(names(1), { header })).taken.kind).toBe('made');
  });
});

describe('items', () => {
  test('of a new batch → claimed once, in order, as imports with a record', async () => {
    const { id } = await take([...names(3), { imageName: 'first', priority: 1 }, { imageName: 'last', priority: 9 }]);
    const one = await page(id, 1, 2);
    const two = await page(id, 2, 10);
    expect(await namesOf(one)).toEqual(['first', 'web-1']);
    expect(await namesOf(two)).toEqual(['web-2', 'web-3', 'last']);
    expect(await page(id, 3, 10)).toEqual([]);
  });

  test('of a page that is claimed again → the same items', async () => {
    const { id } = await take(names(5));
    const one = await page(id, 1, 2);
    expect(await page(id, 1, 2)).toEqual(one);
    expect(await namesOf(await page(id, 2, 2))).toEqual(['web-3', 'web-4']);
  });

  test('claimed concurrently by two callers → the same page for both, no item twice', async () => {
    const { id } = await take(names(20));
    const [one, other] = await Promise.all([page(id, 1, 10), page(id, 1, 10)]);
    expect(one).toHaveLength(10);
    expect(other).toEqual(one);
  });

  test('beyond the limit of a region, bucket or quota → not claimed; later items within the limits are', async () => {
    const items = [
      ...names(5, { region: 'cn-hangzhou', bucket: 'bucket-1' }),
      ...names(5, { region: 'cn-beijing', bucket: 'bucket-2' }),
      ...names(5, { region: 'cn-beijing', bucket: 'bucket-3' }).map((item) => ({
        ...item,
        imageName: `b3-${item.imageName}`,
      })),
      ...names(5, { region: 'cn-qingdao', bucket: 'bucket-4' }),
    ];
    const { id } = await take(items);
    const limits = { perRegion: 3, perBucket: 2, regionRoom: { 'cn-qingdao': 1 } };
    const one = await page(id, 1, 20, limits);
    expect(await namesOf(one)).toEqual([
      'web-cn-hangzhou1',
      'web-cn-hangzhou2',
      'web-cn-beijing1',
      'web-cn-beijing2',
      'b3-web-cn-beijing1',
      'web-cn-qingdao1',
    ]);
    expect(await page(id, 2, 20, { ...limits, regionRoom: { 'cn-qingdao': 0 } })).toEqual([]);
    await end(one[0]?.importId ?? '', 'succeeded');
    await createBatchStore(database.pool).settle(id);
    expect(await namesOf(await page(id, 2, 20, { ...limits, regionRoom: {} }))).toEqual([
      'web-cn-hangzhou3',
      'web-cn-qingdao2',
    ]);
  });

  test('in several accounts → the limits apply to a region of each, and a name may repeat in another account', async () => {
    const items = [...names(3), ...names(3, { account: 'prod' })];
    const { id } = await take(items, { accounts: ['prod'] });
    const limits = { perRegion: 2, regionRoom: { 'prod/cn-hangzhou': 1 } };
    expect(await namesOf(await page(id, 1, 20, limits))).toEqual(['web-1', 'web-2', 'web-1']);
    const store = createBatchStore(database.pool);
    expect((await store.withoutImage(id)).byRegion).toEqual({ 'cn-hangzhou': 2, 'prod/cn-hangzhou': 1 });
    expect(await store.startedSince(id, new Date(0))).toEqual({ 'cn-hangzhou': 2, 'prod/cn-hangzhou': 1 });
    expect(await store.regionsOf(id)).toEqual([
      { account: undefined, region: 'cn-hangzhou' },
      { account: 'prod', region: 'cn-hangzhou' },
    ]);
    expect((await store.needs(id)).map(({ account }) => account)).toEqual([null, 'prod']);
  });

  test('of an account that is not configured → the batch is refused with the item', async () => {
    const { taken } = await take([...names(1), ...names(1, { account: 'prd' })], { accounts: ['prod'] });
    expect(taken).toMatchObject({
      kind: 'badItems',
      bad: [{ item: 2, problems: [{ path: 'account', message: expect.stringContaining('did you mean prod?') }] }],
    });
  });

  test('of a wave → limited to its size, except items that are retried', async () => {
    const { id } = await take(names(5));
    const store = createBatchStore(database.pool);
    const [canary] = await page(id, 1, 10, { fresh: 1 });
    await end(canary?.importId ?? '', 'failed');
    expect(await store.settle(id)).toMatchObject({ failed: 1, waiting: 4, fresh: 4 });
    expect(await store.retry(id, ['failed'])).toBe(1);
    const again = await page(id, 2, 10, { fresh: 0 });
    expect(await namesOf(again)).toEqual(['web-1']);
    expect(again[0]?.importId).not.toBe(canary?.importId);
    expect(await createBatchViews(database.pool, null).items(id, { after: 0, limit: 1 })).toMatchObject([
      { attempt: 2 },
    ]);
  });

  test('that failed, chosen by name and changed → only these start again, with their new requests and buckets', async () => {
    const { id } = await take(names(3));
    const [store, retries] = [createBatchStore(database.pool), createBatchRetries(database.pool)];
    for (const { importId } of await page(id, 1, 10)) await end(importId, 'failed');
    const [found, ...others] = await retries.retriable(id, ['failed'], ['web-2', 'none'], 10);
    expect([found?.number, others]).toEqual([2, []]);
    if (found === undefined) throw new Error('no item');
    const request = { ...found.request, upload: { ...found.request.upload, bucket: 'bucket-9' } };
    const changed = [{ number: 2, request, fileQueue: 'ecs-image-import' }];
    expect(await retries.retryItems(id, ['failed'], changed)).toBe(1);
    expect(await retries.retryItems(id, ['failed'], changed)).toBe(0);
    const again = await page(id, 2, 10, { perBucket: 1 });
    expect(await namesOf(again)).toEqual(['web-2']);
    const view = await createImportStore(database.pool).get(again[0]?.importId ?? '');
    expect(view?.request.upload.bucket).toBe('bucket-9');
    const [recorded] = await createBatchViews(database.pool, null).names({ limit: 1 });
    expect(recorded?.names?.buckets).toContain('bucket-9');
    expect(await store.retry(id, ['failed'])).toBe(2);
  });

  test('of a page whose imports have all ended → a late request for that page claims no retried item', async () => {
    const { id } = await take(names(3));
    const store = createBatchStore(database.pool);
    for (const { importId } of await page(id, 1, 10)) await end(importId, 'failed');
    expect(await store.retry(id, ['failed'])).toBe(3);
    expect(await takePage(id, 1, 10)).toEqual({ items: [], isRepeated: true });
    const next = await takePage(id, 2, 10);
    expect(next.isRepeated).toBe(false);
    expect(await namesOf(next.items)).toEqual(['web-1', 'web-2', 'web-3']);
  });

  test('in shuffled order → pseudorandom order; the policy changes to listed → file order', async () => {
    const { id } = await take(names(30), { header: { name: randomUUID(), policy: { order: 'shuffled' } } });
    const store = createBatchStore(database.pool);
    const some = await namesOf(await page(id, 1, 10));
    expect(some).not.toEqual(names(10).map((item) => item.imageName));
    await store.write({ batchId: id, step: 1, state: 'running', policy: { ...DEFAULT_POLICY }, attention: null });
    const rest = await namesOf(await page(id, 2, 30));
    expect(rest).toEqual(
      names(30)
        .map((item) => item.imageName)
        .filter((name) => !some.includes(name)),
    );
  });
});

describe('a batch of 100 items', () => {
  const policyOf = async (id: string) => (await createBatchViews(database.pool, null).get(id))?.policy;

  test('without a canary and an error budget → the defaults of large batches, in its view', async () => {
    const { id } = await take(names(100));
    expect(await policyOf(id)).toMatchObject({ canary: [5], errorBudget: '5%', errorBudgetAfter: 20 });
    const small = await take([...names(99), { imageName: '1' }], { skipInvalid: true });
    expect(await policyOf(small.id)).toEqual(DEFAULT_POLICY);
  });

  test('with settings of its own → keeps them', async () => {
    const policy = { canary: [], errorBudget: null };
    const { id } = await take(names(100), { header: { name: randomUUID(), policy } });
    expect(await policyOf(id)).toMatchObject({ ...policy, concurrency: DEFAULT_POLICY.concurrency });
  });
});

test('the needs of a batch → once for all items that share them, in the order of the file', async () => {
  const items = [...names(3), ...names(2, { region: 'cn-beijing', bucket: 'bucket-2' })];
  const { id } = await take(items);
  const store = createBatchStore(database.pool);
  const shared = {
    account: null,
    access: { endpoint: 'auto', storageLocationArn: null },
    uploadBucket: null,
    role: 'ensure',
    roleName: null,
    cloudBox: false,
    dryRun: false,
    destinations: [],
  };
  expect(await store.needs(id)).toEqual([
    { ...shared, region: 'cn-hangzhou', sourceBuckets: ['bucket-1'], items: 3, line: 1 },
    { ...shared, region: 'cn-beijing', sourceBuckets: ['bucket-2'], items: 2, line: 4 },
  ]);
  async function* body() {
    yield Buffer.from(
      JSON.stringify([
        bodyWith({
          disks: [{ source: 'file:///a.raw' }, { source: 'oss://bucket-3/b' }, { source: 'oss://bucket-3/c' }],
          upload: { bucket: 'bucket-4' },
          role: 'verify',
          distribute: { regions: ['cn-beijing'] },
        }),
      ]),
    );
  }
  const uploading = newBatchId(Date.now(), randomBytes(10));
  const settings = { id: uploading, format: 'json', header: {}, skipInvalid: false, base: null } as const;
  await takeInBatch(openIntake(database.pool), { ...settings, idempotencyKey: null, workerHost: 'host-1' }, body());
  expect(await store.needs(uploading)).toMatchObject([
    { uploadBucket: 'bucket-4', sourceBuckets: ['bucket-3'], role: 'verify', destinations: ['cn-beijing'], items: 1 },
  ]);
});

describe('the view of a batch', () => {
  test('with items in different states → counts by state, phase and cause', async () => {
    const { id } = await take(names(6));
    const store = createBatchStore(database.pool);
    const views = createBatchViews(database.pool, { currency: 'CNY', storageGiBMonth: 0.1, trafficGiB: 0.5 });
    const imports = createImportStore(database.pool);
    const [one, two, three, four, five] = await page(id, 1, 5);
    await end(one?.importId ?? '', 'succeeded');
    await end(two?.importId ?? '', 'failed');
    await end(three?.importId ?? '', 'failed');
    await imports.attention(
      { importId: four?.importId ?? '', version: 1, phase: 'role' },
      { code: 'NoRole', message: 'there is no role', remedy: 'Make it.' },
    );
    expect(await store.settle(id)).toMatchObject({
      total: 6,
      waiting: 1,
      running: 1,
      attention: 1,
      succeeded: 1,
      failed: 2,
    });
    const view = await views.get(id);
    expect(view).toMatchObject({
      phases: { accepted: 1, role: 1 },
      failures: [{ code: 'Bad', count: 2, remedy: 'Fix it.' }],
      attentions: [{ code: 'NoRole', count: 1, examples: [four?.importId] }],
    });
    expect(view?.importsPerMinute).toBeGreaterThan(0);
    expect(await store.stoppedImports(id, 'NoRole', '', 10)).toEqual([four?.importId]);
    expect(await store.openImports(id, '', 10)).toEqual([four?.importId, five?.importId].sort());
    expect(await store.withoutImage(id)).toMatchObject({ byRegion: { 'cn-hangzhou': 2 } });
  });

  test('after a late write of an older step → unchanged', async () => {
    const { id } = await take(names(1));
    const store = createBatchStore(database.pool);
    const write = { batchId: id, policy: DEFAULT_POLICY, attention: null } as const;
    await store.write({ ...write, step: 2, state: 'paused' });
    await store.write({ ...write, step: 1, state: 'running' });
    expect((await store.forStart(id))?.state).toBe('paused');
  });

  test('with an accepted cancel → cancelling until it ends, whatever its workflow wrote before it received the cancel', async () => {
    const { id } = await take(names(1));
    const store = createBatchStore(database.pool);
    const write = { batchId: id, policy: DEFAULT_POLICY, attention: null } as const;
    const stateOf = async () => (await store.forStart(id))?.state;
    await store.recordCancel(id);
    expect(await stateOf()).toBe('cancelling');
    await store.write({ ...write, step: 1, state: 'running' });
    expect(await stateOf()).toBe('cancelling');
    await store.write({ ...write, step: 2, state: 'cancelled' });
    await store.recordCancel(id);
    expect(await stateOf()).toBe('cancelled');
    await store.write({ ...write, step: 3, state: 'running' });
    expect(await stateOf()).toBe('running');
  });
});

describe('the budget of an API', () => {
  const key = (action: string) => ({ accountId: '1', service: 'ecs', region: 'cn-hangzhou', action });

  test('with concurrent callers → shared by all of them', async () => {
    const budgets = createRateBudgetStore(database.pool);
    const asked = await Promise.all(Array.from({ length: 20 }, () => budgets.lease(key('ImportImage'), 1, 60)));
    const ready = asked.flatMap((grant) => (grant.kind === 'granted' ? [grant.inMs] : []));
    // One a second: the first immediately, the others in turn, and a caller that would wait longer is refused.
    expect(ready.length).toBeLessThanOrEqual(4);
    expect(asked.filter((grant) => grant.kind === 'wait').length).toBe(20 - ready.length);
  });

  test('with one refused call → stops every caller, in its region and API only', async () => {
    const [one, other] = [createRateBudgetStore(database.pool), createRateBudgetStore(database.pool)];
    await one.lease(key('DescribeImages'), 10, null);
    await one.refused(key('DescribeImages'), 5_000);
    expect(await other.lease(key('DescribeImages'), 1, null)).toMatchObject({ kind: 'wait' });
    expect(await other.lease(key('DescribeTasks'), 1, null)).toMatchObject({ kind: 'granted' });
    expect(await other.lease({ ...key('DescribeImages'), region: 'cn-beijing' }, 1, null)).toMatchObject({
      kind: 'granted',
    });
  });
});

test('a start that is confirmed without the server, then with it → the first server is stored', async () => {
  const { id } = await take([{ imageName: `web-${randomUUID().slice(0, 8)}` }]);
  const store = createBatchStore(database.pool);
  const server = { namespace: 'default', namespaceId: 'namespace-1', clusterId: 'cluster-1' };
  for (const one of [null, server, { ...server, clusterId: 'cluster-2' }]) await store.markStarted(id, one);
  expect(await store.forStart(id)).toMatchObject({ server });
  const unchecked = () => store.uncheckedBatches(server, { idleMs: 0, everyMs: 60_000 });
  const before = await unchecked();
  await store.batchFound(id, server);
  expect(await unchecked()).toBe(before - 1);
});

test('a migration changes the table of prepared statements → the statements still work', async () => {
  const { pool } = database;
  await pool.query('create table changing (id integer)');
  const select = () => pool.query('select * from changing where id = $1', [1]);
  const selectInTransaction = () =>
    transaction(pool, (client) => client.query('select * from changing where id = $1', [1]));
  await pool.query('insert into changing values ($1)', [1]);
  for (let round = 0; round < 3; round++) {
    // On every connection of the pool.
    await Promise.all(Array.from({ length: 10 }, select));
    await Promise.all(Array.from({ length: 10 }, selectInTransaction));
    await pool.query(`alter table changing add column more_${round} text`);
    for (let calls = 0; calls < 20; calls++) expect((await select()).fields).toHaveLength(round + 2);
    for (let calls = 0; calls < 20; calls++) expect((await selectInTransaction()).fields).toHaveLength(round + 2);
  }
});

test('a database with the former name of a migration → the migration is not applied again', async () => {
  const { pool } = database;
  const { rowCount } = await pool.query(
    `update ecs_image_import.migrations set name = '003_import_files.sql' where name = '005_import_files.sql'`,
  );
  expect(rowCount).toBe(1);
  expect(await migrate(database.url)).toEqual([]);
});
