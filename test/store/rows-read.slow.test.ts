/**
 * How many rows a read needs: those that it returns, not those that the tables have. The time at a million imports is measured by
 * `npm run bench:store`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { load } from '../../bench/store/load.js';
import { loopsOf } from '../../bench/store/loops.js';
import { ITEM_STATES } from '../../domain/batch/batch.js';
import { IMPORT_FIELDS } from '../../domain/import.js';
import { createBatchSeries } from '../../store/batch-series.js';
import { createBatchViews } from '../../store/batch-views.js';
import { createBatchStore } from '../../store/batches.js';
import { openPool } from '../../store/database.js';
import { createImportStore } from '../../store/imports.js';
import { createOverviewStore } from '../../store/overview.js';
import { createRetentionStore } from '../../store/retention.js';
import { VERSIONS_PER_STEP } from '../../store/step-write.js';
import { createUploadStore } from '../../store/uploads.js';
import { join } from '../support/store/joined-upload.js';
import { countRowsRead } from '../support/store/rows-read.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const IMPORTS = 3_000;
/** Rows and index entries: of a page of 50, the statements of a sweep, and what these tables have at least. */
const FEW = 500;

let database: TestDatabase;
/** One connection, so that the counters of the server are complete. */
let pool: TestDatabase['pool'];
let largest: string;

beforeAll(async () => {
  database = await startTestDatabase();
  await load(database.url, { imports: IMPORTS, batches: 6 }, () => undefined);
  pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 1 });
  // As in a large table: a plan that reads all of it is never the best one, and a prepared statement has the same plan for all values.
  await pool.query('set enable_seqscan = off');
  await pool.query('set plan_cache_mode = force_generic_plan');
  const { rows } = await pool.query<{ id: string }>('select min(id) as id from ecs_image_import.batches');
  largest = rows[0]?.id ?? '';
});
afterAll(async () => {
  await pool?.end();
  await database?.close();
});

const rowsRead = (work: () => Promise<unknown>) => countRowsRead(pool, FEW, work);

describe('a page of the imports', () => {
  const page = { limit: 50, fields: ['state'] } as const;
  const middle = async () =>
    (
      await pool.query<{ id: string }>(
        `select id from ecs_image_import.imports order by id offset ${IMPORTS / 2} limit 1`,
      )
    ).rows[0]?.id ?? '';

  test.each([
    ['the first one', {}],
    ['in a state that many have', { state: 'succeeded' }],
    ['in a state that few have', { state: 'cancelling' }],
    ['of an unknown batch', { batch: 'bat-unknown' }],
    ['of an unknown account', { account: 'none' }],
    ['of an account in a state', { account: 'none', state: 'failed' }],
  ] as const)('%s → reads no more than the page', async (_name, filter) => {
    const cursor = await middle();
    const { list } = createImportStore(pool);
    expect(await rowsRead(() => list({ ...page, ...filter }))).toBeLessThan(FEW);
    expect(await rowsRead(() => list({ ...page, ...filter, cursor }))).toBeLessThan(FEW);
  });

  test.each(['succeeded', 'cancelling'] as const)(
    'of the largest batch, %s → reads no more than the page',
    async (state) => {
      const { list } = createImportStore(pool);
      expect(await rowsRead(() => list({ ...page, batch: largest, state }))).toBeLessThan(FEW);
    },
  );

  test('with any filters and a cursor → the imports that a query of the whole table finds', async () => {
    await pool.query(
      `update ecs_image_import.imports set request = request || '{"account":"east"}' where created_at < now() - interval '200 days'`,
    );
    await pool.query('vacuum analyze ecs_image_import.imports');
    const { list } = createImportStore(pool);
    const cursor = await middle();
    for (const state of [undefined, 'succeeded', 'failed'] as const) {
      for (const batch of [undefined, largest]) {
        for (const account of [undefined, 'east']) {
          for (const after of [undefined, cursor]) {
            const filter = {
              ...(state === undefined ? {} : { state }),
              ...(batch === undefined ? {} : { batch }),
              ...(account === undefined ? {} : { account }),
              ...(after === undefined ? {} : { cursor: after }),
            };
            const { rows } = await pool.query<{ id: string }>(
              `select id from ecs_image_import.imports
               where coalesce(state = $1, true) and coalesce(batch_id, '') = coalesce($2, batch_id, '')
                 and coalesce(request ->> 'account', '') = coalesce($3, request ->> 'account', '') and id < coalesce($4, 'z')
               order by id desc limit 50`,
              [state, batch, account, after],
            );
            expect(
              (await list({ ...page, ...filter })).map(({ id }) => id),
              JSON.stringify(filter),
            ).toEqual(rows.map(({ id }) => id));
          }
        }
      }
    }
  });

  test('with few fields → only these and the id, and no row of another table', async () => {
    const { list } = createImportStore(pool);
    const [first] = await list({ limit: 1, fields: ['state', 'createdAt'] });
    expect(Object.keys(JSON.parse(first?.json ?? ''))).toEqual(['id', 'state', 'createdAt']);
    expect(await rowsRead(() => list({ limit: 1, fields: ['state'] }))).toBeLessThan(5);
  });
});

describe('an import in a list', () => {
  const odd = {
    region: 'cn-hangzhou',
    description: 'quotes " \\ / \n\t\u0001 \u2028 ü 中 😀 {"a": [1, null]}',
    tags: { '10': 'ten', '9': 'nine', '': 'empty', 'a"b': '</script>' },
    numbers: [0, -1.5, 1e21, 0.1, 2 ** 60],
  };

  /** Sets an odd value in each column of an import, and the times with microseconds that would be rounded up. */
  async function make(row: number, columns: string): Promise<string> {
    const { rows } = await pool.query<{ id: string }>(
      `update ecs_image_import.imports set ${columns}, request = request || $2::jsonb, created_at = '2026-03-01 23:59:59.999999+00', updated_at = '1999-12-31 23:59:59.0009+00'
       where id = (select id from ecs_image_import.imports where batch_id is null order by id desc offset $1 limit 1) returning id`,
      [row, JSON.stringify(odd)],
    );
    const id = rows[0]?.id ?? '';
    await pool.query(
      `update ecs_image_import.ledger set detail = detail || $2::jsonb, created_at = '2026-01-01 00:00:00+00', updated_at = '2026-01-01 11:22:33.4569999+00' where import_id = $1`,
      [id, JSON.stringify({ key: odd.description })],
    );
    await pool.query(
      `update ecs_image_import.timeline set started_at = started_at + interval '0.0005 s', ended_at = case when phase = 'done' then null else ended_at end where import_id = $1`,
      [id],
    );
    await pool.query(`update ecs_image_import.findings set finding = finding || $2::jsonb where import_id = $1`, [
      id,
      JSON.stringify({ evidence: odd.description }),
    ]);
    return id;
  }

  const retry = `'{"code":"Network.Lost","message":"a \\"lost\\" connection","remedy":"Nothing to do.","requestId":null,"since":"2026-01-01T00:00:00.000Z","nextAt":"2026-01-01T00:01:00.000Z","givesUpAt":"2026-01-02T00:00:00.000Z"}'`;
  const worker = `'{"queue":"files@a","host":"a","since":"2026-01-01T00:00:00.000Z"}'`;
  test.each([
    ['an import that waits for a worker', `waiting_for = ${worker}, retrying = ${retry}`],
    ['an import that is retried', `waiting_for = null, retrying = ${retry}, image = null`],
    [
      'a failed import',
      `error = '{"code":"X","message":"\\u2028\\"","remedy":"","requestId":null,"phase":"import"}', attention = 'null', copies = '[{"imageId":"m-1","regionId":"cn-beijing","taskId":null}]'`,
    ],
  ])('%s, with odd values → the same fields and values as those of the import itself', async (_name, columns) => {
    const id = await make(3, columns);
    const { get, list } = createImportStore(pool);
    const listed = (await list({ limit: 10 })).find((one) => one.id === id);
    const found = await get(id);
    if (found === null) throw new Error(`import ${id} is not found`);
    const { attentionVersion: _internal, ...view } = found;
    expect(JSON.parse(listed?.json ?? '')).toEqual(JSON.parse(JSON.stringify(view)));
    expect(JSON.stringify(Object.keys(JSON.parse(listed?.json ?? '')))).toBe(JSON.stringify(IMPORT_FIELDS));
    expect(view).toMatchObject({ createdAt: '2026-03-01T23:59:59.999Z', updatedAt: '1999-12-31T23:59:59.000Z' });
    expect(view.request).toMatchObject(odd);
    for (const field of IMPORT_FIELDS) {
      const part = (await list({ limit: 10, fields: [field, field] })).find((one) => one.id === id);
      expect(JSON.parse(part?.json ?? '')).toEqual(JSON.parse(JSON.stringify({ id, [field]: view[field] })));
    }
  });

  test('times → those of PostgreSQL, without the part of a millisecond', async () => {
    const id = await make(4, 'image = null');
    const view = await createImportStore(pool).get(id);
    const time = (column: string) => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    const { rows: timeline } = await pool.query(
      `select phase, ${time('started_at')} as "startedAt", ${time('ended_at')} as "endedAt" from ecs_image_import.timeline where import_id = $1 order by started_at`,
      [id],
    );
    const { rows: ledger } = await pool.query(
      `select kind, key, region_id as "regionId", detail, status, ${time('created_at')} as "createdAt", ${time('updated_at')} as "updatedAt"
       from ecs_image_import.ledger where import_id = $1 order by created_at, kind, key`,
      [id],
    );
    expect(timeline.length).toBeGreaterThan(3);
    expect(ledger.length).toBeGreaterThan(1);
    expect(view?.timeline).toEqual(timeline);
    expect(view?.ledger).toEqual(ledger);
  });
});

describe('the deletion of old imports', () => {
  const days = (all: number) => ({ succeeded: all, failed: all, cancelled: null });

  test('when none has expired → reads few rows', async () => {
    const { expiredImports } = createRetentionStore(pool);
    expect(await rowsRead(async () => expect(await expiredImports(days(400), '', 20)).toEqual([]))).toBeLessThan(FEW);
  });

  test('when many have expired → a page of them, in their order, without reading the others', async () => {
    const { expiredImports } = createRetentionStore(pool);
    const { rows } = await pool.query<{ id: string }>(
      `select id from ecs_image_import.imports i where batch_id is null and state in ('succeeded', 'failed')
         and updated_at < now() - interval '100 days' and check_after is null and resume_claim is null
         and not exists (select from ecs_image_import.ledger where import_id = i.id and status in ('intended', 'created') and kind <> 'task')
         and not exists (select from ecs_image_import.upload_holds where import_id = i.id and not released)
       order by id limit 20`,
    );
    expect(rows).toHaveLength(20);
    let found: readonly string[] = [];
    expect(await rowsRead(async () => (found = await expiredImports(days(100), '', 20)))).toBeLessThan(2 * FEW);
    expect(found).toEqual(rows.map(({ id }) => id));
  });
});

test.each([
  ['imports to start', FEW],
  ['resumes to deliver', FEW],
  ['cancels to deliver', FEW],
  ['workflows to check', FEW],
  ['late checks due', FEW],
  ['late checks claimed', FEW],
  ['imports that stopped for a cause', FEW],
  ['batches to start', FEW],
  ['batch workflows to check', FEW],
  ['arrivals of dead processes', FEW],
  ['uploads of an import', FEW],
  // Reads each of its items.
  ['settle a running batch', 1_000],
  // In these rows, imports of two accounts have used 60 places each.
  ['places that imports used (orphans)', 2_000],
])('background work: %s → reads few rows', async (name, most) => {
  const loop = (await loopsOf(pool)).find((one) => one.name === name);
  expect(await rowsRead(async () => loop?.run(pool))).toBeLessThan(most);
});

test('an import of a file whose content is known → joins the object without reading the others', async () => {
  await pool.query(
    `insert into ecs_image_import.uploads (region_id, bucket, key, form, variant, state, content_layout, content)
     select 'cn-hangzhou', 'contents', 'disk-' || i || '/disk-1.raw', 'as-is', 'RAW', 'whole', 'layout', md5(i::text)
     from generate_series(1, ${IMPORTS}) i`,
  );
  await pool.query(
    `insert into ecs_image_import.source_contents (version, variant, content) values ('host 1', 'RAW', md5('7'))`,
  );
  await pool.query('analyze ecs_image_import.uploads');
  const { rows } = await pool.query<{ id: string }>(
    `select id from ecs_image_import.imports where state = 'running' limit 1`,
  );
  const wanted = { regionId: 'cn-hangzhou', bucket: 'contents', key: 'own/disk-1.raw', sha256: null } as const;
  const known = { identity: 'host 1', form: 'as-is', variant: 'RAW' } as const;
  const version = 1_000 * VERSIONS_PER_STEP;
  const joining = async () => {
    const { upload } = await join(createUploadStore(pool), rows[0]?.id ?? '', { ...wanted, ...known }, version);
    expect(upload.key).toBe('disk-7/disk-1.raw');
  };
  expect(await rowsRead(joining)).toBeLessThan(FEW);
});

describe('a page of the items of a batch', () => {
  test.each(ITEM_STATES)('in the state %s → reads no more than the page', async (state) => {
    const { items } = createBatchViews(pool, null);
    const read = () => items(largest, { state, after: 10, limit: 50 });
    expect((await read()).every((item) => item.state === state && item.item > 10)).toBe(true);
    expect(await rowsRead(read)).toBeLessThan(FEW);
  });
});

describe('the numbers of imports in each state', () => {
  const counted = async () =>
    Object.fromEntries(
      (
        await pool.query<{ state: string; count: string }>(
          'select state, count(*) from ecs_image_import.imports group by state',
        )
      ).rows.map(({ state, count }) => [state, Number(count)]),
    );

  test('after imports have ended, and were deleted → those of the table, without reading the ended ones', async () => {
    const store = createImportStore(pool);
    await pool.query(
      `update ecs_image_import.imports set state = 'failed' where id in (
         select id from ecs_image_import.imports where state = 'running' order by id limit 20)`,
    );
    await pool.query(
      `delete from ecs_image_import.imports where id in (
         select id from ecs_image_import.imports where state = 'succeeded' order by id limit 30)`,
    );
    expect(await store.countByState()).toEqual(await counted());
    expect(await rowsRead(() => store.countByState())).toBeLessThan(FEW);
  });

  test('after more changes than are kept → they are summed, and the numbers stay the same', async () => {
    const store = createImportStore(pool);
    const changes = async () => (await pool.query('select from ecs_image_import.ended_counts')).rowCount ?? 0;
    await pool.query(
      `update ecs_image_import.imports set state = case state when 'succeeded' then 'cancelled' else 'succeeded' end
       where state in ('succeeded', 'cancelled')`,
    );
    expect(await changes()).toBeGreaterThan(1_000);
    expect(await store.countByState()).toEqual(await counted());
    expect(await changes()).toBeLessThan(5);
    expect(await store.countByState()).toEqual(await counted());
  });
});

describe('an ended batch', () => {
  const views = () => createBatchViews(pool, null);

  test('whose result is kept → the same view, without reading its items', async () => {
    const first = await views().get(largest);
    expect(first?.counts.failed).toBeGreaterThan(0);
    let second: unknown;
    expect(await rowsRead(async () => (second = await views().get(largest)))).toBeLessThan(50);
    expect(second).toEqual(first);
  });

  test('whose items are retried → its counts are read again', async () => {
    const before = await views().get(largest);
    const retried = await createBatchStore(pool).retry(largest, ['failed']);
    expect(retried).toBeGreaterThan(0);
    expect((await views().get(largest))?.counts).toEqual({
      ...before?.counts,
      failed: (before?.counts.failed ?? 0) - retried,
      waiting: retried,
    });
  });
});

describe('the overview', () => {
  test('of the hours of a day → reads their sums, and no import that ended before', async () => {
    const { hourTotals, sumHours, endedImports } = createOverviewStore(pool);
    const { rows } = await pool.query<{ id: string }>(
      `select id from ecs_image_import.imports where state = 'running' limit 1`,
    );
    const ended = `update ecs_image_import.imports set state = 'succeeded', updated_at = now() where id = $1`;
    await pool.query(ended, [rows[0]?.id]);
    await sumHours();
    const since = new Date(Date.now() - 3_600_000).toISOString();
    expect(await rowsRead(() => hourTotals(since))).toBeLessThan(FEW);
    expect(await rowsRead(() => endedImports(since))).toBeLessThan(FEW);
    const [last] = (await hourTotals(since)).slice(-1);
    expect(last?.succeeded).toBeGreaterThan(0);
    expect((await endedImports(since)).found.length).toBeGreaterThan(0);
  });

  test('of a batch over time → as many ended items as its counts', async () => {
    const series = await createBatchSeries(pool).series(largest, 40);
    const view = await createBatchViews(pool, null).get(largest);
    const sum = (of: 'succeeded' | 'failed') => series?.points.reduce((total, point) => total + point[of], 0);
    expect([sum('succeeded'), sum('failed')]).toEqual([view?.counts.succeeded, view?.counts.failed]);
    const failures = series?.causes.reduce((total, cause) => total + cause.failures, 0);
    expect(failures).toBe(view?.counts.failed);
  });
});
