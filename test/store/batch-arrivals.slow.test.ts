/** Batch files that are still being received: they hold no connection, are hidden, and leave nothing behind. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import type { BatchOrder, CreateOutcome } from '../../batches/create.js';
import type { BatchUseCaseDependencies } from '../../batches/ports.js';
import { createBatchUseCases } from '../../batches/use-cases.js';
import { removeGoneArrivals } from '../../store/batch-arrivals.js';
import { openIntake } from '../../store/batch-intake.js';
import { createBatchViews } from '../../store/batch-views.js';
import { createBatchStore } from '../../store/batches.js';
import { openPool } from '../../store/database.js';
import { createImportStore } from '../../store/imports.js';
import { transaction } from '../../store/transaction.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';
import { bodyWith } from '../support/domain/requests.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.close());

function useCasesWith(pool: TestDatabase['pool']) {
  const started: string[] = [];
  const deps = {
    batches: createBatchStore(pool),
    views: createBatchViews(pool, null),
    openIntake: () => openIntake(pool),
    workflows: {
      server: { lately: async () => null },
      start: async ({ id }: { readonly id: string }) => {
        started.push(id);
        return { kind: 'delivered' };
      },
    },
    clock: { now: () => Date.now() },
    workerHost: 'host-1',
  } as unknown as BatchUseCaseDependencies;
  return { batches: createBatchUseCases(deps), started };
}

const order = (header: object = {}): BatchOrder => ({
  format: 'json',
  header: { ...header },
  skipInvalid: false,
  base: null,
  idempotencyKey: null,
});

/** A file that is sent up to and including its first item; `rest` sends the remaining bytes, `lose` breaks the connection. */
function halfSent(name: string, items = 1) {
  let sendRest = () => {};
  let breakOff = (_: Error) => {};
  const end = new Promise<void>((resolve, reject) => {
    sendRest = resolve;
    breakOff = reject;
  });
  end.catch(() => undefined);
  async function* body() {
    const list = Array.from({ length: items }, (_, n) => JSON.stringify(bodyWith({ imageName: `web-${n}` })));
    yield Buffer.from(`{"name":${JSON.stringify(name)},"policy":{},"defaults":{},"items":[${list.join(',')}`);
    await end;
    yield Buffer.from(']}');
  }
  return { body: body(), sendRest, lose: () => breakOff(new Error('connection lost')) };
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  await expect.poll(reached, { timeout: 120_000, interval: 20 }).toBe(true);
}

const isReserved = async (name: string) =>
  (await database.pool.query('select from ecs_image_import.batches where name = $1', [name])).rowCount === 1;

const created = (outcome: CreateOutcome) => (outcome.kind === 'created' ? outcome.batchId : JSON.stringify(outcome));

test('half-sent files, more than connections → queries still run; further files are refused; all are stored at the end', async () => {
  const pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 2 });
  const { batches } = useCasesWith(pool);
  const files = Array.from({ length: 10 }, () => {
    const name = randomUUID();
    return { name, ...halfSent(name, 600) };
  });
  const running = files.map(({ body }) => batches.create(order(), body));
  for (const { name } of files) await until(() => isReserved(name));
  await until(async () => pool.idleCount === pool.totalCount && pool.waitingCount === 0);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  const refused = await batches.create(order(), halfSent(randomUUID()).body);
  expect(refused).toEqual({ kind: 'tooMany' });
  expect((await batches.list({ limit: 100 })).batches).toEqual([]);
  for (const { sendRest } of files) sendRest();
  const outcomes = await Promise.all(running);
  expect(outcomes).toMatchObject(files.map(() => ({ kind: 'created', isNew: true })));
  expect((await batches.get(created(outcomes[0] ?? refused)))?.counts).toMatchObject({ total: 600, waiting: 600 });
  const again = halfSent(files[0]?.name ?? '', 600);
  again.sendRest();
  expect(await batches.create(order(), again.body)).toMatchObject({ kind: 'created', isNew: false });
  await pool.end();
});

test('a second file with the name of one that is being sent → refused at once, and accepted after the first was lost', async () => {
  const { batches, started } = useCasesWith(database.pool);
  const name = randomUUID();
  const first = halfSent(name, 600);
  const running = batches.create(order(), first.body);
  await until(() => isReserved(name));
  for (const header of [{}, { name }]) {
    // The second file never ends: the answer does not wait for it.
    expect(await batches.create(order(header), halfSent(name).body)).toMatchObject({
      kind: 'arriving',
      batch: { name },
    });
  }
  first.lose();
  await expect(running).rejects.toThrow('connection lost');
  expect(await isReserved(name)).toBe(false);
  expect(started).toEqual([]);
  const second = halfSent(name);
  second.sendRest();
  expect(await batches.create(order(), second.body)).toMatchObject({ kind: 'created', isNew: true });
});

test('a process that died while it received a file → its batch is not started, and is removed later', async () => {
  const name = randomUUID();
  const id = `bat-${randomUUID()}`;
  const intake = openIntake(database.pool);
  await intake.reserve({ id, name, idempotencyKey: null });
  const store = createBatchStore(database.pool);
  expect((await store.toStart(0, 100)).map((batch) => batch.id)).not.toContain(id);
  expect(await store.forStart(id)).toBeNull();
  expect((await store.claimBatchChecks({ idleMs: 0, everyMs: 0 }, 100)).map((batch) => batch.id)).not.toContain(id);
  await removeGoneArrivals(database.pool);
  expect(await isReserved(name)).toBe(true);
  await database.pool.query(
    `update ecs_image_import.batches set arriving_seen_at = now() - interval '1 hour' where id = $1`,
    [id],
  );
  await store.removeGoneArrivals();
  expect(await isReserved(name)).toBe(false);
  expect(await intake.commit('digest')).toBe(false);
});

test('two hundred clients send batch files over HTTP and stop → ten are received, the others get 503, and the API serves', async () => {
  const pool = openPool({ url: database.url, applicationName: 'uploads', maxConnections: 2 });
  const { batches } = useCasesWith(pool);
  const store = createImportStore(pool);
  const app = createApp({
    batches,
    store,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
    log: { error: () => undefined },
  } as unknown as ApiDependencies);
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const items = Array.from({ length: 600 }, (_, n) => JSON.stringify(bodyWith({ imageName: `web-${n}` }))).join('\n');
  const clients = Array.from({ length: 200 }, () => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.write(
      `POST /v1/batches?name=${randomUUID()} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: 9999999\r\n\r\n${items}`,
    );
    return { socket, received: () => received };
  });
  const refused = () =>
    clients.filter(({ received }) => /^HTTP\/1.1 503 [\s\S]*\r\nretry-after: 5\r\n/.test(received()));
  await until(async () => refused().length === 190);
  const arriving = async () =>
    (await database.pool.query('select from ecs_image_import.batches where arriving_seen_at is not null')).rowCount;
  expect(await arriving()).toBe(10);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/batches`);
  expect([answer.status, await answer.json()]).toMatchObject([200, { batches: expect.any(Array) }]);
  expect(pool.totalCount).toBeLessThanOrEqual(2);
  for (const { socket } of clients) socket.destroy();
  await until(async () => (await arriving()) === 0);
  server.close();
  await pool.end();
});

test('every connection ends between two pages of a file → the file is stored, and the process continues', async () => {
  const pool = openPool({ url: database.url, applicationName: 'ending', maxConnections: 2 });
  const { batches } = useCasesWith(pool);
  const name = randomUUID();
  const { body, sendRest } = halfSent(name, 600);
  const running = batches.create(order(), body);
  const firstPage = async () =>
    (
      await database.pool.query(
        'select from ecs_image_import.batch_items i join ecs_image_import.batches b on b.id = i.batch_id where b.name = $1',
        [name],
      )
    ).rowCount === 500;
  await until(async () => (await firstPage()) && pool.idleCount === pool.totalCount);
  await database.pool.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'ending'`,
  );
  sendRest();
  expect((await batches.get(created(await running)))?.counts).toMatchObject({ total: 600, waiting: 600 });
  await pool.end();
});

/** Sends a file while the items are locked, until its first page waits for the lock. */
async function sentWhileLocked(lockTimeoutMs: number) {
  const pool = openPool({ url: database.url, applicationName: 'lost', maxConnections: 2, lockTimeoutMs });
  const holder = openPool({ url: database.url, applicationName: 'holder', maxConnections: 1 });
  const { batches } = useCasesWith(pool);
  const name = randomUUID();
  const { body, sendRest } = halfSent(name, 600);
  const waiting = `select pid from pg_stat_activity where application_name = 'lost' and wait_event_type = 'Lock'`;
  return {
    ...{ name, batches, sendRest },
    /** @param act while the page waits. Its result is that of the request. */
    async send(act: (running: Promise<unknown>, pid: number) => Promise<unknown>): Promise<unknown> {
      let running: Promise<unknown> = Promise.resolve();
      await transaction(holder, async (client) => {
        await client.query('lock table ecs_image_import.batch_items in share mode');
        running = batches.create(order(), body).catch((error: unknown) => error);
        let pids: readonly number[] = [];
        await until(async () => {
          pids = (await database.pool.query<{ pid: number }>(waiting)).rows.map(({ pid }) => pid);
          return pids.length === 1;
        });
        await act(running, pids[0] ?? 0);
      });
      return await running;
    },
    end: () => Promise.all([pool.end(), holder.end()]),
  };
}

test('the connection ends while a page is written → the page is written again, and the file is stored', async () => {
  const { batches, sendRest, send, end } = await sentWhileLocked(10_000);
  const outcome = await send(async (_, pid) => {
    await database.pool.query('select pg_terminate_backend($1, 5000)', [pid]);
    sendRest();
  });
  expect(outcome).toMatchObject({ kind: 'created', isNew: true, skipped: [] });
  const id = typeof outcome === 'object' && outcome !== null && 'batchId' in outcome ? String(outcome.batchId) : '';
  expect((await batches.get(id))?.counts).toMatchObject({ total: 600, waiting: 600 });
  await end();
});

test('a page and its removal wait too long for a lock → the request fails with that reason, and the name is free again soon', async () => {
  const { name, batches, send, end } = await sentWhileLocked(300);
  expect(await send((running) => running)).toMatchObject({ code: '55P03' });
  await until(async () => !(await isReserved(name)));
  const again = halfSent(name, 600);
  again.sendRest();
  expect(await batches.create(order(), again.body)).toMatchObject({ kind: 'created', isNew: true });
  await end();
});

test('answers are lost → each write is repeated without another effect', async () => {
  const pool = openPool({ url: database.url, applicationName: 'lost', maxConnections: 2 });
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  const lost = new Set<unknown>();
  const lossy = async (...args: unknown[]) => {
    const answer = await query(...args);
    const [sql] = args;
    if (!/batch_items|digest = |policy = /.test(String(sql)) || lost.has(sql)) return answer;
    lost.add(sql);
    throw Object.assign(new Error('terminating connection'), { code: '57P01' });
  };
  const { batches } = useCasesWith(Object.assign(pool, { query: lossy }));
  const item = (imageName: string) => JSON.stringify(bodyWith({ imageName }));
  async function* body() {
    yield Buffer.from(`${item('web-1')}\n${item('web-2')}\n${item('web-1')}\n{"imageName": 7}\n`);
  }
  const outcome = await batches.create(
    { ...order({ name: randomUUID() }), format: 'jsonl', skipInvalid: true },
    body(),
  );
  expect(outcome).toMatchObject({ kind: 'created', isNew: true, skippedCount: 2 });
  expect(lost.size).toBeGreaterThanOrEqual(5);
  const view = await useCasesWith(database.pool).batches.get(created(outcome));
  expect(view?.counts).toMatchObject({ total: 4, waiting: 2, invalid: 2 });
  await pool.end();
});
