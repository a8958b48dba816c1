/** Connections that end, processes that stop, and tables that are locked, between any two statements. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../domain/import.js';
import { createBatchStore } from '../../store/batches.js';
import { openPool } from '../../store/database.js';
import { createImportStore } from '../../store/imports.js';
import { createRateBudgetStore } from '../../store/rate-budgets.js';
import { transaction } from '../../store/transaction.js';
import { createUploadStore } from '../../store/uploads.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { join } from '../support/store/joined-upload.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
let frozen: pg.Pool;

beforeAll(async () => {
  database = await startTestDatabase();
  await database.pool.query('create table if not exists locked (id int primary key)');
  await database.pool.query('insert into locked values (1)');
  frozen = openPool({ url: database.url, applicationName: 'frozen', idleTransactionMs: 300 });
});
afterAll(async () => {
  await frozen?.end();
  await database?.close();
});

test('a process is frozen within a transaction → its locks end, and its transaction fails when it wakes', async () => {
  let locked: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    locked = resolve;
  });
  let wake: () => void = () => undefined;
  const frozenUntil = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const late = transaction(frozen, async (client) => {
    await client.query('select from locked for update');
    locked();
    await frozenUntil;
    await client.query('update locked set id = 2');
  });
  const outcome = late.then(
    () => 'committed',
    () => 'failed',
  );
  await begun;
  // Waits for the lock.
  await database.pool.query('update locked set id = 1');
  wake();
  expect(await outcome).toBe('failed');
  expect((await frozen.query('select id from locked')).rows).toEqual([{ id: 1 }]);
});

describe('a connection ends before or after a statement', () => {
  type Loss = { readonly statement: number; readonly when: 'before' | 'after' };

  /** A pool that loses its next connection before a statement, or after it but before the answer. */
  function losing(loss: Loss): { readonly pool: pg.Pool; readonly statements: () => number } {
    let count = 0;
    let hasLost = false;
    const pool = openPool({ url: database.url, applicationName: 'losing', maxConnections: 2 });
    const connect = pool.connect.bind(pool);
    const end = async (client: pg.PoolClient) => {
      hasLost = true;
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
    };
    const interrupted = async () => {
      const client = await connect();
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      const lossy = async (...args: unknown[]) => {
        count += 1;
        if (!hasLost && count === loss.statement && loss.when === 'before') await end(client);
        const result = await query(...args);
        if (!hasLost && count === loss.statement && loss.when === 'after') {
          hasLost = true;
          throw new Error('Connection terminated unexpectedly');
        }
        return result;
      };
      return new Proxy(client, {
        get: (target, name) => {
          if (name === 'query') return lossy;
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    };
    /** A statement outside a transaction; the pool's own would ask `connect` for a callback. */
    const query = async (...args: Parameters<typeof pool.query>) => {
      const client = await interrupted();
      try {
        const result = await client.query(...args);
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    };
    return { pool: Object.assign(pool, { connect: interrupted, query }), statements: () => count };
  }

  interface Case {
    readonly name: string;
    /** Rows that the transaction starts from. Returns what it works on. */
    readonly prepare: (id: string) => Promise<unknown>;
    readonly run: (pool: pg.Pool, id: string) => Promise<unknown>;
    /** What it has written. */
    readonly read: (id: string) => Promise<unknown>;
  }

  const rowsOf = async (sql: string, values: readonly unknown[]) => (await database.pool.query(sql, [...values])).rows;
  const accept = (id: string) =>
    createImportStore(database.pool).accept({ importId: id, version: 1, phase: 'accepted' }, REQUEST, 'files');
  const finding = (message: string): Finding => ({
    ...{ code: 'Guest.Test', severity: 'info', message, evidence: '', remedy: '', source: 'inspection', disk: 1 },
  });
  const wanted = (id: string) => ({
    ...{ regionId: 'cn-hangzhou', bucket: 'b', key: `imports/${id}/disk-1.raw` },
    ...{ sha256: null, form: 'as-is' as const, identity: null, variant: 'RAW trim=none' },
  });
  const uploadsOf = (id: string) =>
    rowsOf(
      `select u.state, u.kept, h.released from ecs_image_import.uploads u
       left join ecs_image_import.upload_holds h on h.upload = u.id where u.key = $1`,
      [`imports/${id}/disk-1.raw`],
    );

  const cases: readonly Case[] = [
    {
      name: 'findings are replaced',
      async prepare(id) {
        await accept(id);
        await createImportStore(database.pool).replaceFindings(
          { importId: id, version: 2, phase: 'preflight' },
          { source: 'inspection' },
          [finding('old')],
        );
      },
      run: (pool, id) =>
        createImportStore(pool).replaceFindings(
          { importId: id, version: 3, phase: 'preflight' },
          { source: 'inspection' },
          [finding('new 1'), finding('new 2')],
        ),
      read: async (id) => {
        const store = createImportStore(database.pool);
        const messages = (await store.events(id, 0)).map(({ message }) => message);
        return { findings: (await store.get(id))?.findings, messages };
      },
    },
    {
      name: 'an upload is joined',
      prepare: accept,
      run: (pool, id) => join(createUploadStore(pool), id, wanted(id)),
      read: uploadsOf,
    },
    {
      name: 'an upload is released',
      async prepare(id) {
        await accept(id);
        await join(createUploadStore(database.pool), id, wanted(id));
      },
      run: (pool, id) => createUploadStore(pool).release(id, 'b', `imports/${id}/disk-1.raw`, false),
      read: uploadsOf,
    },
    {
      name: 'a page of a batch is claimed',
      async prepare(id) {
        await rowsOf(
          `insert into ecs_image_import.batches (id, name, state, policy, digest) values ($1, $1, 'running', '{}', '')`,
          [id],
        );
        await rowsOf(
          `insert into ecs_image_import.batch_lanes (batch_id, region, bucket) values ($1, 'cn-hangzhou', 'b')`,
          [id],
        );
        await rowsOf(
          `insert into ecs_image_import.batch_items (batch_id, item, line, state, region, bucket, image_name, request, file_queue, priority, rank)
           select $1, n, n, 'waiting', 'cn-hangzhou', 'b', 'i-' || n, $2, 'q', 5, n from generate_series(1, 5) n`,
          [id, JSON.stringify(REQUEST)],
        );
      },
      run: (pool, id) =>
        createBatchStore(pool).takePage({
          ...{ batchId: id, page: 1, importIds: [1, 2, 3].map((n) => `${id}-${n}`) },
          ...{ fresh: 5, perRegion: null, perBucket: null, regionRoom: {} },
        }),
      read: async (id) => ({
        items: await rowsOf(
          'select item, state, import_id, attempt from ecs_image_import.batch_items where batch_id = $1 order by item',
          [id],
        ),
        imports: await rowsOf(
          `select i.id, i.state, count(e.id)::int as events from ecs_image_import.imports i
           join ecs_image_import.events e on e.import_id = i.id where i.batch_id = $1 group by i.id order by i.id`,
          [id],
        ),
      }),
    },
    {
      name: 'a call budget is leased',
      prepare: async () => undefined,
      run: (pool, id) =>
        createRateBudgetStore(pool).lease({ accountId: id, service: 'ecs', region: 'r', action: 'A' }, 1, 600),
      read: (id) => rowsOf('select service, action from ecs_image_import.rate_budgets where account_id = $1', [id]),
    },
  ];

  const named = (value: unknown, id: string): unknown => JSON.parse(JSON.stringify(value).replaceAll(id, 'ID'));

  test.each(cases)(
    '$name → the process continues, nothing is half written, and a repetition completes it',
    async (one) => {
      const whole = `imp-${randomUUID()}`;
      await one.prepare(whole);
      const before = named(await one.read(whole), whole);
      const undisturbed = losing({ statement: 0, when: 'before' });
      await one.run(undisturbed.pool, whole);
      await undisturbed.pool.end();
      const after = named(await one.read(whole), whole);

      for (let statement = 1; statement <= undisturbed.statements(); statement++) {
        for (const when of ['before', 'after'] as const) {
          const id = `imp-${randomUUID()}`;
          await one.prepare(id);
          const { pool } = losing({ statement, when });
          await expect(one.run(pool, id)).rejects.toThrow();
          const isCommitted = when === 'after' && statement === undisturbed.statements();
          expect(named(await one.read(id), id), `${when} statement ${statement}`).toEqual(isCommitted ? after : before);
          await one.run(pool, id);
          expect(named(await one.read(id), id)).toEqual(after);
          await pool.end();
        }
      }
    },
  );

  test('an unused and a used connection are terminated → the next statements get new ones', async () => {
    const pool = openPool({ url: database.url, applicationName: 'terminated', maxConnections: 3 });
    const used = await pool.connect();
    await Promise.all([pool.query('select 1'), pool.query('select 1')]);
    await database.pool.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'terminated'`,
    );
    await expect(used.query('select 1')).rejects.toThrow();
    used.release();
    await vi.waitFor(async () => expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]));
    await pool.end();
  });

  test('the server of an open connection has become a standby → the next transaction opens a new connection', async () => {
    const pool = openPool({ url: database.url, applicationName: 'standby', maxConnections: 1 });
    const write = transaction(pool, async (client) => {
      await client.query('set transaction read only');
      await client.query('update locked set id = 3');
    });
    await expect(write).rejects.toMatchObject({ code: '25006' });
    expect(pool.totalCount).toBe(0);
    await pool.end();
  });
});

describe('another session has locked a table', () => {
  const APPLICATION = 'waiting';
  const MAX = 4;

  test('many reads of it wait → reads of other tables are answered, no connection is added, and it is read again after the lock', async () => {
    const pool = openPool({ url: database.url, applicationName: APPLICATION, maxConnections: MAX, lockTimeoutMs: 400 });
    const store = createImportStore(pool);
    const importId = `imp-${randomUUID()}`;
    await store.accept({ importId, version: 1, phase: 'accepted' }, REQUEST, 'files');
    await store.progressOf(importId);
    const holder = await database.pool.connect();
    await holder.query('begin');
    await holder.query('lock table ecs_image_import.events');
    const isOpen = { value: true };
    const outcomes = new Set<unknown>();
    const readers = Array.from({ length: 40 }, async () => {
      while (isOpen.value) {
        await store.events(importId, 0).catch((error: { code?: string }) => outcomes.add(error.code));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    let backends = 0;
    // Six times as long as a statement may wait for the lock.
    for (let reads = 0; reads < 240; reads++) {
      expect(await store.progressOf(importId)).toMatchObject({ state: 'running' });
      const { rows } = await holder.query<{ n: number }>(
        'select count(*)::int as n from pg_stat_activity where application_name = $1',
        [APPLICATION],
      );
      backends = Math.max(backends, rows[0]?.n ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    isOpen.value = false;
    await Promise.all(readers);
    expect(outcomes).toEqual(new Set(['55P03']));
    expect(backends).toBeLessThanOrEqual(MAX);
    await holder.query('commit');
    holder.release();
    await vi.waitFor(async () => expect(await store.events(importId, 0)).toEqual([]));
    await pool.end();
  });
});
