/** Keys, roles and scopes with the real processes: each team sees and changes its own imports only. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../store/database.js';
import { BUCKET, REGION, requestFor, type Service, startService } from '../support/e2e/service.js';

let service: Service;
let teamA: string;
let viewer: string;
/** Of the admin, in a bucket of another team. */
let foreign: string;

beforeAll(async () => {
  service = await startService({ buckets: [`team-a-1@${REGION}`] });
  await service.settings({ importSeconds: 0.5, detectionSeconds: 0.2 });
  const scope = { buckets: ['team-a-*'], regions: ['cn-*'], tags: [{ key: 'team', value: 'a' }] };
  teamA = await createKey({ role: 'operator', scope });
  viewer = await createKey({ role: 'viewer' });
  foreign = await service.start({ tags: { team: 'b' } });
});
afterAll(() => service?.stop());

async function createKey(body: object): Promise<string> {
  const { status, body: made } = await service.request('POST', '/v1/keys', body);
  expect(status).toBe(201);
  return made.key;
}

const as = (key: string) => ({ authorization: `Bearer ${key}` });
const call = (key: string, method: string, path: string, body?: unknown) =>
  service.request(method, path, body, as(key));
const own = (changes: object = {}) => requestFor({ upload: { bucket: 'team-a-1' }, tags: { team: 'a' }, ...changes });
const prefixOf = (key: string) => key.split('_')[1] ?? '';

test('a team → imports into its bucket, and sees and changes no import of another team', async () => {
  const started = await call(teamA, 'POST', '/v1/imports', own());
  expect(started.status).toBe(202);
  await service.untilState(started.body.id, 'succeeded');

  const { body: list } = await call(teamA, 'GET', '/v1/imports');
  expect(list.imports.map(({ id }: { id: string }) => id)).toEqual([started.body.id]);
  expect((await call(teamA, 'GET', `/v1/imports?limit=1&state=succeeded`)).body.imports).toHaveLength(1);
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/report'],
    ['GET', '/events'],
    ['GET', '/files'],
    ['GET', '/files/log'],
    ['POST', '/cancel'],
    ['POST', '/resume'],
  ] as const) {
    const { status, body } = await call(
      teamA,
      method,
      `/v1/imports/${foreign}${path}`,
      method === 'POST' ? {} : undefined,
    );
    const unknown = await call(teamA, method, `/v1/imports/imp-0${path}`, method === 'POST' ? {} : undefined);
    expect([path, status, body.detail]).toEqual([path, 404, unknown.body.detail.replace('imp-0', foreign)]);
  }
  const json = { ...as(teamA), accept: 'application/json' };
  const report = await service.request('GET', `/v1/imports/${started.body.id}/report`, undefined, json);
  expect(report.body).toMatchObject({ startedBy: { identity: `key:${prefixOf(teamA)}` } });
});

test.each<[string, object, readonly string[]]>([
  ['another bucket', { upload: { bucket: BUCKET } }, ['upload.bucket']],
  ['a copy to another region', { distribute: { regions: ['us-east-1'] } }, ['distribute.regions[0]']],
  ['an object of another bucket', { disks: [{ source: `oss://${BUCKET}/web.qcow2` }] }, ['disks[0].source']],
  ['no tag', { tags: {} }, ['tags.team']],
])('a team that names %s → 403 with the field, and nothing starts', async (_what, change, paths) => {
  const before = (await service.calls()).length;
  const { status, body } = await call(teamA, 'POST', '/v1/imports', own(change));
  expect([status, body.code]).toEqual([403, 'Api.Forbidden']);
  expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(paths);
  const batch = await call(teamA, 'POST', '/v1/batches', { items: [own(), own(change)] });
  expect([batch.status, batch.body.errors.map(({ path }: { path: string }) => path)]).toEqual([
    403,
    paths.map((path) => `items[1].${path}`),
  ]);
  expect((await service.calls()).length).toBe(before);
});

test('a stopped import → a resume cannot move it out of the scope, and one within it continues', async () => {
  const fault = await service.fault({
    ...{ service: 'ecs', action: 'ImportImage', kind: 'http', status: 403, code: 'Account.Arrearage' },
  });
  const { body } = await call(teamA, 'POST', '/v1/imports', own());
  await service.untilState(body.id, 'attention');
  const resume = (set: object) => call(teamA, 'POST', `/v1/imports/${body.id}/resume`, { set });
  for (const set of [{ 'tags.team': 'b' }, { 'distribute.regions': ['us-east-1'] }]) {
    expect((await resume(set)).status).toBe(403);
  }
  const waiting = await call(teamA, 'GET', '/v1/imports/waiting');
  expect(waiting.body.causes).toMatchObject([{ imports: 1 }]);
  await service.endFault(fault);
  expect((await resume({ 'tags.env': 'prod' })).status).toBe(202);
  await service.untilState(body.id, 'succeeded');
});

test('the same idempotency key and batch name of two teams → neither sees the work of the other', async () => {
  const key = { 'idempotency-key': 'nightly' };
  const first = await service.request('POST', '/v1/imports', requestFor(), key);
  const second = await service.request('POST', '/v1/imports', own(), { ...key, ...as(teamA) });
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body.id).not.toBe(first.body.id);
  const batch = { name: 'nightly', items: [requestFor()] };
  expect((await service.request('POST', '/v1/batches', batch)).status).toBe(202);
  const taken = await call(teamA, 'POST', '/v1/batches', { ...batch, items: [own()] });
  expect([taken.status, JSON.stringify(taken.body)]).toEqual([422, expect.not.stringContaining('bat-')]);
  const mine = await call(teamA, 'POST', '/v1/batches', { name: 'of-team-a', items: [own()] });
  expect(mine.status).toBe(202);
  expect((await call(teamA, 'GET', '/v1/batches')).body.batches).toMatchObject([{ id: mine.body.id }]);
  expect((await call(teamA, 'GET', '/v1/batches?state=failed')).body.batches).toEqual([]);
});

test('a viewer → reads, and changes nothing', async () => {
  expect((await call(viewer, 'GET', `/v1/imports/${foreign}`)).status).toBe(200);
  for (const path of ['/v1/imports', `/v1/imports/${foreign}/cancel`, '/v1/batches', '/v1/keys', '/v1/orphans']) {
    const { status, body } = await call(viewer, 'POST', path, {});
    expect([path, status, body.code]).toEqual([path, 403, 'Api.Forbidden']);
  }
  expect((await call(viewer, 'GET', '/v1/audit')).status).toBe(403);
});

test('an expired key → 401', async () => {
  const key = await createKey({ role: 'admin' });
  expect((await call(key, 'GET', '/v1/imports')).status).toBe(200);
  const pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 1 });
  await pool.query('update ecs_image_import.api_key_secrets set expires_at = now() where prefix = $1', [prefixOf(key)]);
  await pool.end();
  await expect.poll(async () => (await call(key, 'GET', '/v1/imports')).status).toBe(401);
});

test('a key is rotated, then revoked while its event stream is open → the stream ends, and both secrets are refused', async () => {
  await service.settings({ importSeconds: 120 });
  const { body } = await call(teamA, 'POST', '/v1/imports', own());
  const rotated = await service.request('POST', `/v1/keys/${prefixOf(teamA)}/rotate`, {});
  expect(rotated.status).toBe(200);
  const { key } = rotated.body;
  expect((await call(teamA, 'GET', `/v1/imports/${body.id}`)).status).toBe(200);
  const stream = await fetch(`${service.apiUrl}/v1/imports/${body.id}/events`, { headers: as(key) });
  expect(stream.status).toBe(200);
  const ended = stream.text();
  expect((await service.request('POST', `/v1/keys/${prefixOf(key)}/revoke`, {})).status).toBe(200);
  expect(await ended).toContain('event: ');
  expect((await call(key, 'GET', `/v1/imports/${body.id}`)).status).toBe(401);
  expect((await call(teamA, 'GET', `/v1/imports/${body.id}`)).status).toBe(401);
  expect((await service.get(body.id)).state).toBe('running');
  expect((await service.request('POST', `/v1/imports/${body.id}/cancel`, {})).status).toBe(202);
});

test('the audit log → who did what with which outcome, without a secret; worker and API cannot change it', async () => {
  const of = async (query: string) => (await service.request('GET', `/v1/audit?${query}`)).body.entries;
  const identity = `key:${prefixOf(teamA)}`;
  const forTeam = await of(`identity=${identity}&limit=200`);
  const has = (action: string, outcome: string) =>
    forTeam.some((entry: Record<string, unknown>) => entry.action === action && entry.outcome === outcome);
  expect(has('imports.start', 'done')).toBe(true);
  expect(has('imports.start', 'refused')).toBe(true);
  expect(has('imports.resume', 'refused')).toBe(true);
  expect(forTeam.find(({ target }: { target: string }) => target === foreign)).toMatchObject({ outcome: 'refused' });
  expect(await of('action=keys.revoke')).toMatchObject([
    { target: prefixOf(teamA), outcome: 'done', address: '127.0.0.1' },
  ]);
  expect(await of('action=sign-in&outcome=refused')).not.toEqual([]);
  const lines = await service.send('/v1/audit', { headers: { accept: 'application/x-ndjson' } });
  const text = await lines.text();
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
  ).not.toEqual([]);
  expect(text).not.toContain(teamA.slice(-20));
  expect(service.logOf('api').join('\n')).not.toMatch(/audit log|eii_/);
});
