/** Any process may be killed: the import continues, and exactly one image results. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AccountRole } from '../../alibaba/account-role.js';
import type { BatchView } from '../../domain/batch/batch.js';
import { type EmulatorState, type Fault, requestFor, type Service, startService } from '../support/e2e/service.js';
import { setUpImports } from '../support/emulator/import-setup.js';
import { makeAssumableRole, OTHER, OTHER_ACCOUNT, OTHER_KEYS } from '../support/emulator/other-account.js';

let service: Service;

beforeAll(async () => {
  service = await startService({ env: { ECS_IMPORT_ACCOUNTS: accountsOf(OTHER) } });
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

/** One hanging call per phase, so that one kill interrupts an import in every phase. */
const MOMENTS: readonly (readonly [string, Omit<Fault, 'kind'>])[] = [
  ['preflight', { service: 'ecs', action: 'DescribeImages' }],
  ['role', { service: 'ram', action: 'GetRole' }],
  ['upload', { service: 'oss', action: 'UploadPart' }],
  ['import', { service: 'ecs', action: 'ImportImage' }],
  ['cleanup', { service: 'oss', action: 'DeleteObject' }],
];

function accountsOf({ name, ...role }: AccountRole): string {
  return JSON.stringify({ [name]: role });
}

/** Another account of the cloud, in which imports find all that they need. */
async function makeOtherAccount(): Promise<void> {
  const body = JSON.stringify({ id: OTHER_ACCOUNT });
  await fetch(`${service.emulatorUrl}/_emulator/accounts`, { method: 'POST', body });
  const address = service.emulatorUrl.replace('http://', '');
  await makeAssumableRole(address);
  await setUpImports(address, OTHER_KEYS, 'other-bucket');
}

async function stateOfOther(): Promise<EmulatorState> {
  const response = await fetch(`${service.emulatorUrl}/_emulator/state?account=${OTHER_ACCOUNT}`);
  return JSON.parse(await response.text());
}

async function expectOneImage(id: string): Promise<void> {
  const view = await service.untilState(id, 'succeeded', 'failed', 'cancelled', 'attention');
  expect(view.error).toBeNull();
  expect(view).toMatchObject({ state: 'succeeded', phase: 'done' });
  const cloud = await service.state();
  const named = cloud.images.filter(({ imageName }) => imageName === view.request.imageName);
  expect(named).toMatchObject([{ imageId: view.image?.imageId, status: 'Available' }]);
  const mine = ({ key }: { readonly key: string }) => key.includes(id);
  expect([...cloud.objects, ...cloud.uploads].filter(mine)).toEqual([]);
}

test('a worker killed with an import in every phase → each continues and creates one image', async () => {
  const held = await Promise.all(
    MOMENTS.map(async ([phase, call]) => {
      const name = `killed-in-${phase}`;
      const faultId = await service.fault({ ...call, match: name, kind: 'hang' });
      await service.makeBucket(name);
      const upload = { bucket: name, prefix: `${name}/` };
      return { faultId, id: await service.start({ imageName: name, roleName: name, upload }) };
    }),
  );
  await expect
    .poll(async () => [...(await service.hits()).values()], { timeout: 120_000 })
    .toEqual(MOMENTS.map(() => 1));
  service.kill('worker');
  for (const { id } of held) await expectOneImage(id);
});

test('a worker killed while two accounts import an image of the same name → one image in each account, and nothing remains', async () => {
  await makeOtherAccount();
  const imageName = 'in-two-accounts';
  await service.fault({ service: 'ecs', action: 'ImportImage', match: imageName, kind: 'hang', times: 2 });
  const own = await service.start({ imageName });
  const other = await service.start({ imageName, account: 'other', upload: { bucket: 'other-bucket' } });
  await expect.poll(async () => [...(await service.hits()).values()], { timeout: 60_000 }).toEqual([2]);
  service.kill('worker');
  await expectOneImage(own);
  const view = await service.untilState(other, 'succeeded', 'failed', 'cancelled', 'attention');
  expect(view).toMatchObject({ state: 'succeeded', request: { account: 'other' } });
  const cloud = await stateOfOther();
  expect(cloud.images).toMatchObject([{ imageId: view.image?.imageId, imageName, status: 'Available' }]);
  expect([...cloud.objects, ...cloud.uploads]).toEqual([]);
  const orphans = await service.request('POST', '/v1/orphans', {});
  expect(orphans.body).toMatchObject({ orphans: [], unseen: [] });
  const listed = await service.request('GET', '/v1/imports?account=other');
  expect(listed.body.imports.map(({ id }: { id: string }) => id)).toEqual([other]);
  const report = await service.request('GET', `/v1/imports/${other}/report`, undefined, { accept: 'application/json' });
  expect(report.body.accountId).toBe(OTHER_ACCOUNT);
});

test('a request for an account that is not configured → refused before anything starts', async () => {
  const { status, body } = await service.request('POST', '/v1/imports', {
    ...{ region: 'cn-hangzhou', imageName: 'web-01', account: 'othr' },
    ...{ disks: [{ source: 'file:///none.raw' }], upload: { bucket: 'other-bucket' } },
  });
  expect([status, body.errors]).toEqual([
    400,
    [expect.objectContaining({ path: 'account', message: 'account othr is not configured: did you mean other?' })],
  ]);
});

test('workers stopped one after another under load → no import is lost, and no billed call is repeated', async () => {
  await service.settings({ importSeconds: 1 });
  const ids = await Promise.all(Array.from({ length: 8 }, () => service.start()));
  for (let times = 0; times < 3; times++) {
    await service.until(ids[times] ?? '', (view) => view.phase !== 'accepted');
    const { pid } = partOf('worker');
    service.signal('worker', 'SIGTERM');
    await untilReplaced('worker', pid);
  }
  // They upload the same image, so that concurrent imports share one object; the last of them removes it.
  for (const id of ids) await service.untilState(id, 'succeeded', 'failed', 'cancelled', 'attention');
  for (const id of ids) await expectOneImage(id);
  expect(await service.calls('ImportImage')).toHaveLength(ids.length);
  const begun = await service.calls('InitiateMultipartUpload');
  expect(begun.length).toBeLessThanOrEqual(ids.length);
  expect(await service.calls('CompleteMultipartUpload')).toHaveLength(begun.length);
});

function partOf(name: string) {
  const part = service.stack.parts().find((one) => one.name === name);
  if (part === undefined) throw new Error(`there is no ${name}`);
  return part;
}

async function untilReplaced(name: string, pid: number | null): Promise<void> {
  await expect
    .poll(() => partOf(name).state === 'ready' && partOf(name).pid !== pid, { timeout: 120_000, interval: 50 })
    .toBe(true);
}

test.each(['temporal', 'postgres', 'api'])('%s killed during ImportImage → one image', async (part) => {
  await service.settings({ importSeconds: 2 });
  const id = await service.start();
  await service.until(id, (view) => view.phase === 'import');
  await service.kill(part);
  await expectOneImage(id);
});

async function withDatabase<Result>(body: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: service.databaseUrl() });
  await client.connect();
  return await body(client).finally(() => client.end());
}

/** As `pg_ctl stop -m fast`; the supervisor starts it again. */
async function restartDatabase(meanwhile: () => void): Promise<void> {
  const { pid } = partOf('postgres');
  service.signal('postgres', 'SIGINT');
  await expect.poll(() => partOf('postgres').state, { timeout: 60_000, interval: 20 }).not.toBe('ready');
  meanwhile();
  await untilReplaced('postgres', pid);
}

/** Again and again, so that some of them are in the middle of a transaction. */
async function endConnectionsRepeatedly(after: () => void): Promise<void> {
  await withDatabase(async (client) => {
    for (let times = 0; times < 20; times++) {
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      await sleep(100);
    }
  });
  after();
}

/** The events of the only connection of a client. */
async function eventsOfStream(id: string): Promise<readonly number[]> {
  const response = await service.send(`/v1/imports/${id}/events`);
  const text = await response.text();
  expect(text).not.toContain('event: error');
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, event]) => Number(event));
}

/** Sends the items of a batch, of which the first page is stored before `rest` resolves. */
function sendBatch(name: string, items: number, rest: Promise<void>): Promise<Response> {
  async function* lines() {
    const all = Array.from({ length: items }, (_, n) => JSON.stringify(requestFor({ imageName: `${name}-${n}` })));
    yield Buffer.from(all.map((line) => `${line}\n`).join(''));
    await rest;
    yield Buffer.from(JSON.stringify(requestFor({ imageName: `${name}-last` })));
  }
  return service.send(`/v1/batches?name=${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: ReadableStream.from(lines()),
    duplex: 'half',
  });
}

test.each([
  ['the database stops and starts', restartDatabase],
  ['the connections to the database end repeatedly', endConnectionsRepeatedly],
])(
  '%s during an import, a batch file and an event stream → no process ends, and all three are complete',
  async (_, disturb) => {
    await service.settings({ importSeconds: 2 });
    const [worker, api] = [partOf('worker').pid, partOf('api').pid];
    const id = await service.start();
    const stream = eventsOfStream(id);
    const batch = `arriving-${randomUUID()}`;
    let sendRest = () => {};
    const answer = sendBatch(batch, 600, new Promise<void>((resolve) => (sendRest = resolve)));
    const stored = () =>
      withDatabase(async (client) => {
        const sql = 'select from ecs_image_import.batch_items where image_name like $1';
        return (await client.query(sql, [`${batch}-%`])).rowCount;
      });
    await expect.poll(stored, { timeout: 60_000 }).toBe(500);
    await service.until(id, (view) => view.phase === 'import');

    await disturb(() => sendRest());

    const created = await answer;
    const body: BatchView = JSON.parse(await created.text());
    expect([created.status, body]).toMatchObject([202, { counts: { total: 601 } }]);
    await service.request('POST', `/v1/batches/${body.id}/cancel`, {});
    await expectOneImage(id);
    const { rows } = await withDatabase((client) =>
      client.query<{ id: string }>('select id from ecs_image_import.events where import_id = $1 order by id', [id]),
    );
    expect(await stream).toEqual(rows.map((row) => Number(row.id)));
    expect([partOf('worker').pid, partOf('api').pid]).toEqual([worker, api]);
    await expect
      .poll(async () => (await service.request('GET', `/v1/batches/${body.id}`)).body.state, { timeout: 60_000 })
      .toBe('cancelled');
  },
);

test('a restart of all processes with the same folder → earlier imports are listed, and running ones continue', async () => {
  await service.settings({ importSeconds: 4 });
  const done = await service.start({ dryRun: true });
  await service.untilState(done, 'succeeded');
  const running = await service.start();
  await service.until(running, (view) => view.phase === 'import' && view.image !== null);
  await makeOtherAccount();
  const other = await service.start({ imageName: 'elsewhere', account: 'other', upload: { bucket: 'other-bucket' } });
  await service.until(other, (view) => view.phase === 'import' && view.image !== null);
  await service.stop({ keepData: true });
  service = await startService({ dataDir: service.dataDir });
  const { body } = await service.request('GET', '/v1/imports');
  expect(body.imports.map((view: { id: string }) => view.id)).toEqual(expect.arrayContaining([done, running]));
  await expectOneImage(running);
  // Its account is not in the new configuration: the import stops, and its resources stay visible.
  const stopped = await service.untilState(other, 'attention');
  expect(stopped.attention).toMatchObject({
    code: 'Account.Unknown',
    remedy: expect.stringContaining('Add account other to ECS_IMPORT_ACCOUNTS'),
  });
  expect(stopped.ledger).toContainEqual(expect.objectContaining({ kind: 'image', status: 'created' }));
  const { body: orphans } = await service.request('POST', '/v1/orphans', {});
  expect(orphans.unseen).toEqual([expect.objectContaining({ key: 'account other', account: 'other' })]);
  // A resume does not help before it is configured again; then the import continues with the image that it has.
  await service.request('POST', `/v1/imports/${other}/resume`, {});
  await service.until(
    other,
    (view) => view.state === 'attention' && view.attention?.since !== stopped.attention?.since,
  );
  await service.stop({ keepData: true });
  service = await startService({ dataDir: service.dataDir, env: { ECS_IMPORT_ACCOUNTS: accountsOf(OTHER) } });
  expect((await service.request('POST', `/v1/imports/${other}/resume`, {})).status).toBe(202);
  const ended = await service.untilState(other, 'succeeded', 'failed', 'cancelled');
  expect(ended).toMatchObject({ state: 'succeeded', image: { imageId: stopped.image?.imageId } });
  const cloud = await stateOfOther();
  expect(cloud.images).toMatchObject([{ imageId: stopped.image?.imageId, status: 'Available' }]);
  expect([...cloud.objects, ...cloud.uploads]).toEqual([]);
  expect((await service.request('POST', '/v1/orphans', {})).body).toMatchObject({ orphans: [], unseen: [] });
});

test('status → lists the parts with pid and state, and a killed part as restarted', async () => {
  const before = (await service.request('GET', '/readyz')).body.parts;
  expect(before.map((part: { name: string }) => part.name).sort()).toEqual([
    'api',
    'emulator',
    'postgres',
    'temporal',
    'temporal-proxy',
    'worker',
  ]);
  service.kill('worker');
  const old = before.find((part: { name: string }) => part.name === 'worker');
  await expect
    .poll(
      async () => {
        const { body } = await service.request('GET', '/readyz');
        return body.parts.find((part: { name: string }) => part.name === 'worker');
      },
      { timeout: 120_000 },
    )
    .toMatchObject({ state: 'ready', restarts: old.restarts + 1 });
});
