/** The deletion of old imports and batches on a real PostgreSQL: exported first, and only what nothing needs. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { jsonReport } from '../../api/report.js';
import { newId } from '../../domain/ids.js';
import { importReading } from '../../imports/read.js';
import { type RetentionPolicy, runRetention } from '../../imports/retention.js';
import { openPool } from '../../store/database.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { createRetentionStore, type RetentionStore } from '../../store/retention.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const DAYS = { succeeded: 400, failed: 400, cancelled: 400 };

let database: TestDatabase;
let store: ImportStore;
let retention: RetentionStore;
let exportTo: string;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
  retention = createRetentionStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(async () => {
  await database.pool.query(
    'truncate ecs_image_import.uploads, ecs_image_import.imports, ecs_image_import.batches, ecs_image_import.kept_resources cascade',
  );
  await database.pool.query(
    `update ecs_image_import.retention set newest_import = '', newest_batch = '', ran_at = '-infinity'`,
  );
  exportTo = await mkdtemp(path.join(tmpdir(), 'ecs-image-import-exports-'));
});
afterEach(() => rm(exportTo, { recursive: true, force: true }));

let made = 0;
/** IDs sort by time. */
const idOf = (prefix: 'imp' | 'bat') => newId(prefix, Date.parse('2025-01-01T00:00:00Z') + ++made, new Uint8Array(10));

interface Old {
  readonly state?: 'succeeded' | 'failed' | 'cancelled' | 'running';
  readonly days?: number;
  readonly batch?: string;
}

async function oldImport({ state = 'succeeded', days = 401, batch }: Old = {}): Promise<string> {
  const id = idOf('imp');
  const step = { importId: id, version: 1, phase: 'import' } as const;
  await store.accept(step, REQUEST, 'files');
  const entry = { kind: 'image', key: id, regionId: 'cn-hangzhou', detail: { imageId: `m-${id}` } } as const;
  await store.record(step, {
    kind: 'task',
    key: `t-${id}`,
    regionId: 'cn-hangzhou',
    status: 'created',
    detail: { imageId: null },
  });
  await store.record(step, { ...entry, status: 'kept' });
  if (state !== 'running') await store.finish({ ...step, version: 2 }, state, null);
  await database.pool.query(
    `update ecs_image_import.imports set updated_at = now() - $2 * interval '1 day', batch_id = $3 where id = $1`,
    [id, days, batch ?? null],
  );
  return id;
}

async function oldBatch(imports: readonly Old[], days = 401) {
  const id = idOf('bat');
  await database.pool.query(
    `insert into ecs_image_import.batches (id, name, state, policy, digest, ended_at) values ($1, $1::text, 'succeeded', '{}', '', now() - $2 * interval '1 day')`,
    [id, days],
  );
  const ids: string[] = [];
  for (const [index, one] of imports.entries()) {
    const importId = await oldImport({ ...one, batch: id });
    ids.push(importId);
    await database.pool.query(
      `insert into ecs_image_import.batch_items (batch_id, item, line, state, region, bucket, image_name, file_queue, priority, rank, import_id)
       values ($1, $2::int, $2::int, 'succeeded', 'cn-hangzhou', 'b', $3::text, 'files', 0, $2::bigint, $3::text)`,
      [id, index + 1, importId],
    );
  }
  return { id, imports: ids };
}

function run(policy: Partial<RetentionPolicy> = {}) {
  const reading = importReading(store);
  return runRetention({
    store: retention,
    policy: { days: DAYS, exportTo, ...policy },
    reportOf: async (id) => {
      const found = await reading.report(id);
      return found === null ? null : jsonReport(found);
    },
  });
}

const exported = (): readonly Record<string, unknown>[] =>
  readdirSync(exportTo).flatMap((file) =>
    readFileSync(path.join(exportTo, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line)),
  );

test('imports ended longer ago than the policy of their state → they are exported, then deleted', async () => {
  const [old, failed, young] = [
    await oldImport(),
    await oldImport({ state: 'failed', days: 31 }),
    await oldImport({ days: 399 }),
  ];
  expect(await run({ days: { ...DAYS, failed: 30 } })).toEqual({ imports: 2, batches: 0 });
  expect(await store.get(old)).toBeNull();
  expect(await store.get(failed)).toBeNull();
  expect(await store.get(young)).not.toBeNull();
  expect(exported()).toEqual([
    expect.objectContaining({
      kind: 'import',
      id: old,
      state: 'succeeded',
      events: expect.any(Array),
      request: REQUEST,
    }),
    expect.objectContaining({ kind: 'import', id: failed, state: 'failed' }),
  ]);
  expect(await run({ days: { succeeded: null, failed: null, cancelled: null } })).toEqual({ imports: 0, batches: 0 });
});

describe('an old import', () => {
  const protections: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
    ['has a hold', (id) => retention.hold('imports', id, 'case 7', null)],
    [
      'waits for a late check',
      (id) => database.pool.query(`update ecs_image_import.imports set check_after = now() where id = $1`, [id]),
    ],
    [
      'has a resource that is to be removed',
      (id) =>
        database.pool.query(
          `update ecs_image_import.ledger set status = 'created' where import_id = $1 and kind = 'image'`,
          [id],
        ),
    ],
    [
      'uses an uploaded object',
      (id) =>
        database.pool.query(
          `with object as (insert into ecs_image_import.uploads (region_id, bucket, key, form) values ('cn-hangzhou', 'b', $1, 'as-is') returning id)
           insert into ecs_image_import.upload_holds (upload, import_id) select id, $1 from object`,
          [id],
        ),
    ],
  ];
  test.each(protections)('that %s → is not deleted, nor the batch that it belongs to', async (_what, protect) => {
    const single = await oldImport();
    const batch = await oldBatch([{}, {}]);
    await protect(single);
    await protect(batch.imports[1] ?? '');
    expect(await run()).toEqual({ imports: 0, batches: 0 });
    for (const id of [single, ...batch.imports]) expect(await store.get(id)).not.toBeNull();
  });

  test('that has not ended → is not deleted, nor the batch that it belongs to', async () => {
    await oldImport({ state: 'running' });
    await oldBatch([{}, { state: 'running' }]);
    expect(await run()).toEqual({ imports: 0, batches: 0 });
  });

  test('whose hold is released → is deleted', async () => {
    const id = await oldImport();
    await retention.hold('imports', id, 'case 7', null);
    expect(await retention.holds()).toMatchObject([{ id, reason: 'case 7' }]);
    await retention.release('imports', id);
    expect(await run()).toEqual({ imports: 1, batches: 0 });
  });
});

test('a batch ended long ago → it is exported and deleted with its items and imports; one on hold is kept', async () => {
  const gone = await oldBatch(Array.from({ length: 120 }, () => ({})));
  const held = await oldBatch([{}]);
  await retention.hold('batches', held.id, 'case 8', null);
  expect(await run()).toEqual({ imports: 120, batches: 1 });
  const { rows } = await database.pool.query('select id from ecs_image_import.batches');
  expect(rows).toEqual([{ id: held.id }]);
  expect(await store.get(held.imports[0] ?? '')).not.toBeNull();
  const kinds = exported().map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'batch item')).toHaveLength(120);
  expect(kinds.filter((kind) => kind === 'import')).toHaveLength(120);
  expect(exported()[0]).toMatchObject({ kind: 'batch', id: gone.id });
});

test('the export lasts longer than the server lets a transaction be idle → the imports are deleted', async () => {
  const limitMs = 1_000;
  const pool = openPool({ url: database.url, applicationName: 'slow export', idleTransactionMs: limitMs });
  const id = await oldImport();
  const deleted = await createRetentionStore(pool).deleteImports([id], async () => {
    const age = `select extract(epoch from now() - xact_start) * 1000 as ms from pg_stat_activity where application_name = 'slow export'`;
    await expect
      .poll(async () => Number((await database.pool.query<{ ms: string }>(age)).rows[0]?.ms), { timeout: 5_000 })
      .toBeGreaterThan(1.5 * limitMs);
  });
  expect(deleted).toBe(1);
  expect(await store.get(id)).toBeNull();
  await pool.end();
});

test('the export fails → nothing is deleted; the deletion of a batch continues after a crash', async () => {
  const single = await oldImport();
  const batch = await oldBatch([{}, {}]);
  const file = path.join(exportTo, 'file');
  await writeFile(file, '');
  await expect(run({ exportTo: file })).rejects.toThrow(/EEXIST|ENOTDIR/);
  for (const id of [single, ...batch.imports]) expect(await store.get(id)).not.toBeNull();
  await rm(file);
  expect(await run()).toEqual({ imports: 3, batches: 1 });
});

test('two processes → one of them runs each day', async () => {
  const claims = await Promise.all([1, 2, 3].map(() => retention.claimRun(86_400_000)));
  expect(claims.filter(Boolean)).toHaveLength(1);
  await retention.repeatRunIn(0, 86_400_000);
  expect(await retention.claimRun(86_399_999)).toBe(true);
});

test('the image of a deleted import still exists → it is no orphan', async () => {
  const id = await oldImport();
  await run();
  const image = { kind: 'image', key: `m-${id}` } as const;
  const other = { kind: 'image', key: 'm-other' } as const;
  expect(await store.keptByDeleted([other, image])).toEqual(new Set([image.key]));
});

test.each([
  ['GET', ''],
  ['GET', '/report'],
  ['POST', '/resume'],
  ['POST', '/cancel'],
  ['POST', '/hold'],
])('%s of a deleted import%s → 410 with the reason', async (method, action) => {
  const [id, newer] = [await oldImport(), idOf('imp')];
  await run();
  const unknown = { get: async () => null, report: async () => null };
  const imports = {
    ...unknown,
    resume: async () => ({ kind: 'unknownImport' }),
    cancel: async () => ({ kind: 'unknownImport' }),
  };
  const app = createApp({
    imports,
    retention,
    authenticators: OPEN,
    auditTrail: UNRECORDED,
    log: { error: () => undefined },
  } as unknown as ApiDependencies);
  const send = (importId: string) =>
    app.request(`/v1/imports/${importId}${action}`, {
      method,
      ...(method === 'GET'
        ? {}
        : {
            body: JSON.stringify(action === '/hold' ? { reason: 'x' } : {}),
            headers: { 'content-type': 'application/json' },
          }),
    });
  const answer = await send(id);
  expect(answer.status).toBe(410);
  expect(await answer.json()).toMatchObject({
    code: 'Import.Deleted',
    detail: expect.stringContaining(`import ${id} is not in the record`),
  });
  expect((await send(newer)).status).toBe(404);
});
