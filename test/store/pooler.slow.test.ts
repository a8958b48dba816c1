/** The record through a real PgBouncer in transaction mode, and on a database whose own settings are unusual. */
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openChangeFeed } from '../../store/changes.js';
import { openPool } from '../../store/database.js';
import { createImportFiles } from '../../store/import-files.js';
import { createImportStore } from '../../store/imports.js';
import { createRateBudgetStore } from '../../store/rate-budgets.js';
import { transaction } from '../../store/transaction.js';
import { createWorkerLiveness } from '../../store/worker-liveness.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { requestFor, type Service, startService } from '../support/e2e/service.js';
import { type PgBouncer, startPgBouncer } from '../support/store/pgbouncer.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const SERVER_CONNECTIONS = 2;
const UNUSUAL = {
  datestyle: 'SQL, DMY',
  intervalstyle: 'iso_8601',
  timezone: 'Asia/Kolkata',
  search_path: 'pg_temp',
  standard_conforming_strings: 'off',
  client_encoding: 'LATIN1',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  default_transaction_isolation: 'serializable',
};

let database: TestDatabase;
let pooler: PgBouncer;
const open: pg.Pool[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(UNUSUAL)) {
    await database.pool.query(`alter database ${name} set ${setting} to ${value.includes(',') ? value : `'${value}'`}`);
    await database.pool.query(
      `alter role current_user set ${setting} to ${value.includes(',') ? value : `'${value}'`}`,
    );
  }
  pooler = await startPgBouncer(database.url, { account: database.account, serverConnections: SERVER_CONNECTIONS });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.end()));
});
afterAll(async () => {
  await database?.pool.query('alter role current_user reset all');
  await pooler?.close();
  await database?.close();
});

function poolAt(url: string, limits: { readonly queryTimeoutMs?: number; readonly idleTransactionMs?: number } = {}) {
  const pool = openPool({ url, applicationName: 'test', maxConnections: 20, ...limits });
  open.push(pool);
  return pool;
}

const step = (importId: string, version: number) => ({ importId, version, phase: 'import' }) as const;
const IMAGE = { imageId: 'm-1', regionId: 'cn-hangzhou', taskId: 't-1' };

async function runImport(pool: pg.Pool, id: string): Promise<void> {
  const store = createImportStore(pool);
  await store.accept(step(id, 1), REQUEST, 'files');
  await store.startPhase(step(id, 2));
  await store.recordImage(
    step(id, 2),
    { kind: 'image', key: id, regionId: 'cn-hangzhou', status: 'created', detail: { imageId: 'm-1' } },
    IMAGE,
  );
  await store.note(id, 'a backslash \\ and 云服务器', { path: 'C:\\images\\e.vhd' });
  await store.finish(step(id, 3), 'succeeded', null);
}

describe.each([
  ['a direct connection', () => database.url],
  ['PgBouncer in transaction mode', () => pooler.url],
])('%s to a database with unusual settings', (how, url) => {
  test('imports run concurrently → every record is complete and reads the same', async () => {
    const pool = poolAt(url());
    const ids = Array.from({ length: 30 }, (_, n) => `imp-${how.length}-${n}`);
    const before = Date.now() - 1_000;
    await Promise.all(ids.map((id) => runImport(pool, id)));
    const store = createImportStore(pool);
    for (const id of ids) {
      const view = await store.get(id);
      expect(view).toMatchObject({ state: 'succeeded', image: IMAGE, ledger: [{ kind: 'image', status: 'created' }] });
      const times = [view?.createdAt, view?.updatedAt, ...(view?.timeline ?? []).map(({ startedAt }) => startedAt)];
      for (const time of times) expect(Date.parse(time ?? '')).toBeGreaterThan(before);
      for (const time of times) expect(Date.parse(time ?? '')).toBeLessThan(Date.now() + 1_000);
      const events = await store.events(id, 0);
      expect(events.map(({ message }) => message)).toContain('a backslash \\ and 云服务器');
    }
  });

  test('a file of an import → its bytes come back unchanged', async () => {
    const pool = poolAt(url());
    const id = `imp-file-${how.length}`;
    await createImportStore(pool).accept(step(id, 1), REQUEST, 'files');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const files = createImportFiles(pool);
    await files.keep(step(id, 1), { name: 'log', contentType: 'text/plain', bytes });
    expect(await files.get(id, 'log')).toMatchObject({ bytes });
  });

  test('workers share a rate budget → each call is granted once', async () => {
    const pool = poolAt(url());
    const budgets = createRateBudgetStore(pool);
    const key = { accountId: how, service: 'ecs', region: 'cn-hangzhou', action: 'ImportImage' };
    const grants = await Promise.all(Array.from({ length: 20 }, () => budgets.lease(key, 1, 600)));
    expect(grants.every(({ kind }) => kind === 'granted')).toBe(true);
    await createWorkerLiveness(pool).report({ workerId: how, namespace: 'default', host: 'host-1', identity: 'test' }, [
      'queue',
    ]);
  });

  test('a statement waits for a lock → the server ends it after the time limit, and other sessions have no limit', async () => {
    const id = `imp-locked-${how.length}`;
    await createImportStore(database.pool).accept(step(id, 1), REQUEST, 'files');
    const holder = await database.pool.connect();
    await holder.query('begin');
    await holder.query('select from ecs_image_import.imports where id = $1 for update', [id]);
    try {
      const waiting = poolAt(url(), { queryTimeoutMs: 300 });
      await expect(
        waiting.query('update ecs_image_import.imports set updated_at = now() where id = $1', [id]),
      ).rejects.toThrow(/timeout/);
      await vi.waitFor(async () => {
        const { rows } = await holder.query(
          `select from pg_stat_activity where state = 'active' and wait_event_type = 'Lock'`,
        );
        expect(rows).toEqual([]);
      });
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    const { rows } = await poolAt(url(), { queryTimeoutMs: 60_000 }).query('show statement_timeout');
    expect(rows).toEqual([{ statement_timeout: '1min' }]);
  });

  test('a process stops within a transaction → the server ends the transaction', async () => {
    const frozen = poolAt(url(), { idleTransactionMs: 200 });
    const outcome = transaction(frozen, async (client) => {
      await client.query('select $1::int', [1]);
      await vi.waitFor(
        async () => {
          const { rows } = await database.pool.query(
            `select from pg_stat_activity where state = 'idle in transaction' and query like 'select $1::int'`,
          );
          expect(rows).toEqual([]);
        },
        { timeout: 5_000 },
      );
      await client.query('select $1::int', [2]);
    });
    await expect(outcome).rejects.toThrow(/connection|terminat/i);
  });
});

describe('changes of an import', () => {
  const changed = async (feed: ReturnType<typeof openChangeFeed>, id: string) => {
    const listener = vi.fn();
    feed.subscribe(id, listener);
    await vi.waitFor(() => expect(listener).toHaveBeenCalled(), { timeout: 5_000, interval: 10 });
    listener.mockClear();
    return listener;
  };

  test('the URL leads to PgBouncer → listeners are notified by polling, and the reason is reported', async () => {
    const id = 'imp-polled';
    const pool = poolAt(pooler.url);
    const store = createImportStore(pool);
    await store.accept(step(id, 1), REQUEST, 'files');
    const problems: string[] = [];
    const feed = openChangeFeed({ url: pooler.url, pool, pollMs: 20, onPooler: (problem) => problems.push(problem) });
    try {
      const listener = await changed(feed, id);
      for (const change of [
        () => store.startPhase(step(id, 2)),
        () => store.note(id, 'only an event'),
        () =>
          store.progress(step(id, 2), {
            phase: 'import',
            percent: 7,
            bytesDone: null,
            bytesTotal: null,
            bytesPerSecond: null,
            etaSeconds: null,
          }),
      ]) {
        await change();
        await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1));
        listener.mockClear();
      }
      expect(problems).toEqual([expect.stringContaining('Set DATABASE_DIRECT_URL')]);
    } finally {
      await feed.close();
    }
  });

  test('the URL leads to the server itself → listeners are notified without a poll', async () => {
    const id = 'imp-notified';
    const pool = poolAt(pooler.url);
    const store = createImportStore(pool);
    await store.accept(step(id, 1), REQUEST, 'files');
    const feed = openChangeFeed({ url: database.url, pool, pollMs: 60_000 });
    try {
      const listener = await changed(feed, id);
      await store.startPhase(step(id, 2));
      await vi.waitFor(() => expect(listener).toHaveBeenCalled(), { timeout: 5_000, interval: 10 });
    } finally {
      await feed.close();
    }
  });
});

describe('the processes of the service, with URLs of PgBouncer and of the server itself', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ env: { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: database.url } });
    await service.resetCloud();
  });
  afterAll(() => service?.stop());

  test('an import, a batch and an event stream → all complete, and no process ends', async () => {
    const processes = () => service.stack.parts().map((part) => [part.name, part.pid]);
    const before = processes();
    const id = await service.start();
    const stream = service.send(`/v1/imports/${id}/events`).then((response) => response.text());
    const { status, body } = await service.request('POST', '/v1/batches', {
      name: 'through-pgbouncer',
      items: Array.from({ length: 3 }, () => requestFor()),
    });
    expect([status, body]).toMatchObject([202, { counts: { total: 3 } }]);
    expect(await service.untilState(id, 'succeeded', 'failed', 'attention')).toMatchObject({
      ...{ state: 'succeeded', error: null, attention: null },
    });
    const ids = [...(await stream).matchAll(/^id: (\d+)$/gm)].map(([, event]) => Number(event));
    const events = await createImportStore(database.pool).events(id, 0);
    expect(ids).toEqual(events.map((event) => event.id));
    await expect
      .poll(async () => (await service.request('GET', `/v1/batches/${body.id}`)).body, { timeout: 60_000 })
      .toMatchObject({ state: 'succeeded', counts: { succeeded: 3 } });
    const cloud = await service.state();
    expect(cloud.images).toHaveLength(4);
    expect(cloud).toMatchObject({ objects: [], uploads: [] });
    expect(processes()).toEqual(before);
  });
});
