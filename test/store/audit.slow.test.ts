/** The audit log on a real PostgreSQL: the role of the processes adds and reads rows, and can change none. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuditStore } from '../../store/audit.js';
import { openPool } from '../../store/database.js';
import { openSchema } from '../../store/open-schema.js';
import { prepareForRole } from '../../store/runtime-role.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const RUNTIME = { name: 'audit-app', password: "pass'word" };
let database: TestDatabase;
let url: string;
let runtime: ReturnType<typeof openPool>;

beforeAll(async () => {
  database = await startTestDatabase();
  // As after an update of a stack whose role had all rights.
  await prepareForRole(database.url, RUNTIME);
  await database.pool.query('grant update, delete, truncate on all tables in schema ecs_image_import to "audit-app"');
  await prepareForRole(database.url, RUNTIME);
  url = Object.assign(new URL(database.url), {
    username: RUNTIME.name,
    password: encodeURIComponent(RUNTIME.password),
  }).href;
  runtime = openPool({ url, applicationName: 'test' });
});
afterAll(async () => {
  await runtime?.end();
  await database?.pool.query('drop owned by "audit-app"; drop role "audit-app"');
  await database?.close();
});

const request = (identity: string | null, action: string, target: string) => ({
  ...{ identity, role: null, address: '10.0.0.7', client: 'a/1', user: 'ada@host', action, target },
});
const done = { outcome: 'done', status: 202, code: null } as const;

test('a process with the runtime role → starts, adds and reads entries, and knows that it cannot change them', async () => {
  await openSchema({ databaseUrl: url });
  const audit = createAuditStore(runtime);
  await audit.add(request('key:1', 'imports.start', 'imp-1'), done);
  expect(await audit.list({ limit: 1 })).toEqual([
    {
      id: expect.any(Number),
      at: expect.any(String),
      ...request('key:1', 'imports.start', 'imp-1'),
      ...done,
      count: 1,
    },
  ]);
  expect(await audit.mayChange()).toBe(false);
  expect(await createAuditStore(database.pool).mayChange()).toBe(true);
});

test.each([
  `update ecs_image_import.audit set identity = 'key:2'`,
  'delete from ecs_image_import.audit',
  'truncate ecs_image_import.audit',
  `update ecs_image_import.audit_outcomes set outcome = 'failed'`,
  'delete from ecs_image_import.audit_outcomes',
  'alter table ecs_image_import.audit disable trigger all',
  'drop table ecs_image_import.audit',
  'grant update on ecs_image_import.audit to current_user',
  'alter role current_user superuser',
  'set role OWNER',
])('the runtime role: %s → refused', async (statement) => {
  const before = await createAuditStore(database.pool).list({ limit: 100 });
  const { rows } = await database.pool.query('select quote_ident(current_user) as owner');
  const attempt = await runtime.query(statement.replace('OWNER', rows[0].owner)).then(
    () => 'allowed',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
  // A grant without the right to grant is a warning in PostgreSQL.
  if (!statement.startsWith('grant')) expect(attempt).toBe('42501');
  expect(await createAuditStore(runtime).mayChange()).toBe(false);
  expect(await createAuditStore(database.pool).list({ limit: 100 })).toEqual(before);
});

test('filters → only what matches, newest first, in pages', async () => {
  const audit = createAuditStore(runtime);
  await audit.add(request('key:2', 'imports.cancel', 'imp-2'), {
    outcome: 'failed',
    status: 409,
    code: 'Import.Conflict',
  });
  await audit.add(
    request(null, 'sign-in', 'GET /v1/imports'),
    { outcome: 'refused', status: 401, code: 'Api.Unauthorized' },
    50,
  );
  const id = await audit.begin(request('key:1', 'orphans.delete', ''));
  const targets = async (filter: Partial<Parameters<typeof audit.list>[0]>) =>
    (await audit.list({ limit: 10, ...filter })).map(({ action, outcome, count }) => `${action} ${outcome} ${count}`);
  expect(await targets({ identity: 'key:1' })).toEqual(['orphans.delete unknown 1', 'imports.start done 1']);
  expect(await targets({ outcome: 'unknown' })).toEqual(['orphans.delete unknown 1']);
  await audit.end(id, { outcome: 'done', status: 200, code: null });
  await audit.end(id, { outcome: 'failed', status: 500, code: null });
  expect(await targets({ action: 'orphans.delete' })).toEqual(['orphans.delete done 1']);
  expect(await targets({ outcome: 'refused' })).toEqual(['sign-in refused 50']);
  expect(await targets({ target: 'imp-2', identity: 'key:2' })).toEqual(['imports.cancel failed 1']);
  expect(await targets({ since: new Date(Date.now() + 60_000).toISOString() })).toEqual([]);
  expect(await targets({ until: new Date(Date.now() + 60_000).toISOString() })).toHaveLength(4);
  expect(await targets({ cursor: id, limit: 1 })).toEqual(['sign-in refused 50']);
});
