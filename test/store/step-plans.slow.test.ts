/** The plans of the functions that write an import, on a real PostgreSQL: made while the tables are small, used while they grow. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const MANY = 500;
/** The server decides after five uses whether to keep a plan. */
const USES = 8;

let database: TestDatabase;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database?.close());

const START = '{"percent": 0}';
const DISK = { bucket: 'images', regionId: 'cn-hangzhou', sha256: null, account: '', form: 'as-is', variant: 'RAW' };

function entry(kind: string, key: string, status: string): object {
  return { kind: 'ledger', entry: { kind, key, regionId: 'cn-hangzhou', status, detail: {} } };
}

function finding(code: string): object {
  return { code, severity: 'info', message: code, evidence: '', remedy: '', source: 'inspection', disk: 1 };
}

/** All functions that a plain import calls. */
async function runImport(on: pg.ClientBase, id: string): Promise<void> {
  const key = `imports/${id}/disk-1.raw`;
  const object = JSON.stringify([entry('object', `oss://images/${key}`, 'intended')]);
  const call = async (sql: string, ...values: readonly unknown[]) => {
    const { rows } = await on.query<{ result: unknown }>({ name: sql.slice(0, 40), text: sql, values: [...values] });
    return rows[0]?.result;
  };
  const start = 'select ecs_image_import.start_step($1, $2, $3, $4, $5::jsonb, $6) as result';
  const write = 'select ecs_image_import.write_step($1, $2, $3, $4::jsonb) as result';
  const accept = 'select ecs_image_import.accept_import($1, $2, $3::jsonb, $4, $5::jsonb) as result';
  await call(accept, id, 1, '{"region": "cn-hangzhou", "imageName": "web"}', 'files', START);
  await call(start, id, 1_000_001, 'preflight', 'running', START, []);
  const found = { kind: 'findings', source: 'inspection', disk: null, codes: null, except: [] };
  const notes = [
    { ...found, findings: [finding('one'), finding('two')] },
    { ...found, findings: [finding('two')] },
  ];
  await call(
    'select ecs_image_import.next_step($1, $2, $3, $4::jsonb, $5, $6, $7, $8::jsonb, $9) as result',
    ...[id, 1_000_001, 'preflight', JSON.stringify(notes), 2_000_001, 'upload', 'running', START, []],
  );
  const joined = await call(
    'select ecs_image_import.join_upload($1, $2, $3, $4::jsonb, $5::jsonb, $6::jsonb, $7, $8) as result',
    ...[id, 2_000_001, 'upload', JSON.stringify({ ...DISK, key, identity: id }), object, '[]', `${id}/1`, 30_000],
  );
  const { upload } = joined as { readonly upload: { readonly id: number } };
  const sent = [
    entry('object', `oss://images/${key}`, 'created'),
    { kind: 'upload-id', upload: upload.id, uploadId: '1' },
  ];
  await call(write, id, 2_000_001, 'upload', JSON.stringify(sent));
  await call(start, id, 3_000_001, 'cleanup', 'running', START, ['ledger', 'uploads', 'facts']);
  await call('select ecs_image_import.release_upload($1, $2, $3, $4) as result', id, 'images', key, false);
  const ended = [{ kind: 'upload-gone', upload: upload.id }, entry('object', `oss://images/${key}`, 'removed')];
  const times = await call(
    'select ecs_image_import.finish_import($1, $2, $3, $4::jsonb, $5, $6::jsonb, $7::jsonb, $8) as result',
    ...[id, 3_000_001, 'cleanup', JSON.stringify(ended), 'succeeded', null, START, 30_000],
  );
  expect(times).not.toBeNull();
}

describe('the functions of a step', () => {
  test('plans made with a few imports → with many, no table is read as a whole', async () => {
    const client = await database.pool.connect();
    try {
      for (let use = 1; use <= USES; use++) await runImport(client, `imp-${use}`);
      await client.query(
        `insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, request_digest)
         select 'imp-many-' || n, 'running', 'upload', '{}', '{}', 'files', '' from generate_series(1, $1::int) n`,
        [MANY],
      );
      await client.query('begin');
      await runImport(client, 'imp-last');
      const { rows } = await client.query(
        `select relname, seq_tup_read::int from pg_stat_xact_user_tables where schemaname = 'ecs_image_import' and seq_tup_read > 0`,
      );
      await client.query('commit');
      expect(rows).toEqual([]);
    } finally {
      client.release();
    }
  });
});
