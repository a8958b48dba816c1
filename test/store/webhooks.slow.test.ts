/** Events become deliveries on a real PostgreSQL: none is lost, and one process at a time sends them. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { type Identity, UNLIMITED } from '../../domain/access/identity.js';
import { newId } from '../../domain/ids.js';
import { createKeyStore } from '../../store/api-keys.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { createDeliveryStore, type DeliveryStore } from '../../store/webhook-deliveries.js';
import { createWebhookEventStore, type WebhookEventStore } from '../../store/webhook-events.js';
import { createWebhookStore, type WebhookStore } from '../../store/webhooks.js';
import { createDeliverer, type DeliverDependencies } from '../../webhooks/deliver.js';
import { fanOut } from '../../webhooks/fan-out.js';
import { keepWebhooks } from '../../webhooks/keep.js';
import { newSecret } from '../../webhooks/sign.js';
import { createWebhookTargets } from '../../webhooks/target.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { UNRECORDED } from '../support/api/anonymous.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const ADMIN: Identity = { id: 'key:admin', name: 'admin', role: 'admin', scope: UNLIMITED };
const CAUSE = { code: 'OSS.Test', message: 'the bucket is gone', remedy: 'Create it.' };
const ERROR = { ...CAUSE, requestId: null, phase: 'upload' } as const;

let database: TestDatabase;
let store: ImportStore;
let events: WebhookEventStore;
let webhooks: WebhookStore;
let deliveries: DeliveryStore;
const targets = createWebhookTargets({ hosts: [], addresses: ['127.0.0.1'], timeoutMs: 500 });
const opened: { close(): unknown }[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
  events = createWebhookEventStore(database.pool);
  webhooks = createWebhookStore(database.pool);
  deliveries = createDeliveryStore(database.pool);
});
afterAll(async () => {
  targets.close();
  await database?.close();
});
beforeEach(async () => {
  await database.pool.query(
    `truncate ecs_image_import.webhooks, ecs_image_import.imports, ecs_image_import.batches cascade;
     update ecs_image_import.webhook_cursor set lease_until = '-infinity'`,
  );
  await fanOutAll();
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

let made = 0;
const idOf = (prefix: 'imp' | 'bat' | 'whk') => newId(prefix, Date.now() + ++made, new Uint8Array(10));
const secrets = new Map<string, string>();

async function webhook(url: string, more: { events?: string[]; creator?: Identity } = {}): Promise<string> {
  const [id, secret] = [idOf('whk'), newSecret()];
  const input = { id, url, description: '', events: ['*'], creator: ADMIN, secret, ...more };
  expect(await webhooks.create(input)).not.toBeNull();
  secrets.set(id, secret);
  return id;
}

async function importThat(
  state: 'succeeded' | 'failed' | 'cancelled' | 'attention',
  id = idOf('imp'),
): Promise<string> {
  const step = { importId: id, version: 1, phase: 'upload' } as const;
  await store.accept(step, REQUEST, 'files');
  if (state === 'attention') await store.attention({ ...step, version: 2 }, CAUSE);
  else await store.finish({ ...step, version: 2 }, state, state === 'failed' ? ERROR : null);
  return id;
}

async function fanOutAll(): Promise<void> {
  while (await fanOut(events));
}

interface Received {
  readonly id: string;
  readonly body: { readonly type: string; readonly data: Record<string, unknown> };
}

/** @param answer the status of the answer to each delivery; null: none */
async function receiver(answer: (count: number, response: http.ServerResponse) => number | null = () => 204) {
  const received: Received[] = [];
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += String(piece);
    const id = String(request.headers['webhook-id']);
    const secret =
      [...secrets].find(([name]) => id.endsWith(name.replace('-', '_')) || id.startsWith(`msg_${name}_`))?.[1] ?? '';
    new Webhook(secret).verify(text, request.headers as Record<string, string>);
    received.push({ id, body: JSON.parse(text) });
    const status = answer(received.length, response);
    if (status !== null) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({ close: () => server.close() && server.closeAllConnections() });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received };
}

const log: string[] = [];
function dependencies(more: Partial<DeliverDependencies> = {}): DeliverDependencies {
  return {
    ...{ deliveries, webhooks, targets, areValid: async (ids) => new Set(ids) },
    log: { warn: (attributes, message) => void log.push(`${message} ${JSON.stringify(attributes)}`) },
    ...more,
  };
}

/** Sends everything that is due. */
async function deliver(more: Partial<DeliverDependencies> = {}): Promise<void> {
  const deliverer = createDeliverer(dependencies(more));
  await deliverer.startDue();
  await deliverer.idle();
}

const due = (id: string) =>
  database.pool.query(`update ecs_image_import.webhook_deliveries set next_at = now() where webhook_id = $1`, [id]);
const listed = async (id: string) => (await deliveries.list(id, { limit: 100 })).deliveries;

describe('the ends and stops of imports and batches', () => {
  test('are sent once to each webhook that subscribes, signed, with what happened', async () => {
    const [all, failures] = [await receiver(), await receiver()];
    await webhook(all.url);
    await webhook(failures.url, { events: ['import.failed', 'batch.*'] });
    for (const state of ['succeeded', 'failed', 'cancelled', 'attention'] as const) await importThat(state);
    const batchId = idOf('bat');
    await database.pool.query(
      `insert into ecs_image_import.batches (id, name, state, policy, digest) values ($1, 'fleet', 'running', '{}', '')`,
      [batchId],
    );
    const hold = { code: 'Batch.ErrorBudget', message: 'too many failed', remedy: 'Resume it.' };
    for (const [state, attention] of [
      ['attention', hold],
      ['attention', hold],
      ['running', null],
      ['failed', null],
    ] as const) {
      await database.pool.query('update ecs_image_import.batches set state = $2, attention = $3 where id = $1', [
        batchId,
        state,
        attention,
      ]);
    }
    await fanOutAll();
    await fanOutAll();
    await deliver();
    await deliver();
    const types = ({ received }: typeof all) => received.map(({ body }) => body.type).sort();
    expect(types(all)).toEqual([
      ...[
        'batch.attention',
        'batch.failed',
        'import.attention',
        'import.cancelled',
        'import.failed',
        'import.succeeded',
      ],
    ]);
    expect(types(failures)).toEqual(['batch.attention', 'batch.failed', 'import.failed']);
    const failed = failures.received.find(({ body }) => body.type === 'import.failed')?.body.data;
    expect(failed).toMatchObject({
      state: 'failed',
      imageName: REQUEST.imageName,
      region: REQUEST.region,
      error: ERROR,
    });
    const stopped = all.received.find(({ body }) => body.type === 'batch.attention')?.body.data;
    expect(stopped).toMatchObject({ id: batchId, name: 'fleet', attention: hold, counts: { total: 0 } });
    expect(new Set([...all.received, ...failures.received].map(({ id }) => id)).size).toBe(9);
    expect(JSON.stringify(all.received)).not.toContain(REQUEST.disks[0]?.source);
  });

  test('are sent only to webhooks whose creator may see them', async () => {
    const { url } = await receiver();
    const scoped = (more: Partial<Identity['scope']>): Identity => ({
      ...{ id: `key:${JSON.stringify(more)}`, name: 'team', role: 'viewer' },
      scope: { ...UNLIMITED, ...more },
    });
    const { region, upload } = REQUEST;
    const bucketOf = (name: string) => scoped({ buckets: [name], regions: [region, 'cn-*'] });
    const inside = await webhook(url, { creator: bucketOf(upload.bucket) });
    const outside = [
      await webhook(url, { creator: bucketOf('team-b-*') }),
      await webhook(url, { creator: scoped({ tags: [{ key: 'team', value: 'b' }] }) }),
      await webhook(url, { creator: scoped({ regions: ['us-*'] }) }),
      await webhook(url, { creator: scoped({ sourceRoots: ['/team-b'] }) }),
    ];
    await importThat('failed');
    const batchId = idOf('bat');
    const names = {
      accounts: [''],
      regions: [region],
      buckets: [upload.bucket, 'another'],
      sources: ['file:///other/web.qcow2'],
      tags: {},
    };
    await database.pool.query(
      `insert into ecs_image_import.batches (id, name, state, policy, digest, names) values ($1, 'mixed', 'running', '{}', '', $2)`,
      [batchId, JSON.stringify(names)],
    );
    await database.pool.query(`update ecs_image_import.batches set state = 'failed' where id = $1`, [batchId]);
    await fanOutAll();
    expect((await listed(inside)).map(({ type }) => type)).toEqual(['import.failed']);
    for (const id of outside) expect(await listed(id)).toEqual([]);
  });

  test('of before the creation of a webhook are not sent; those of a disabled one are kept as dead', async () => {
    const before = await importThat('failed');
    await database.pool.query(
      `update ecs_image_import.events set at = now() - interval '1 hour' where import_id = $1`,
      [before],
    );
    const { url, received } = await receiver();
    const id = await webhook(url);
    expect(await webhooks.disable(id, 'a test')).toBe(true);
    const missed = await importThat('failed');
    await fanOutAll();
    await deliver();
    expect(received).toEqual([]);
    expect((await listed(id)).map(({ state }) => state)).toEqual(['dead']);
    await webhooks.enable(id);
    expect(await deliveries.redeliver(id, null, null)).toBe(1);
    await deliver();
    expect(received.map(({ body }) => body.data.id)).toEqual([missed]);
  });

  test('are sent after a transaction that writes events has ended, and do not wait for other transactions', async () => {
    const { url } = await receiver();
    const id = await webhook(url);
    const [writer, foreign] = [await database.pool.connect(), await database.pool.connect()];
    await foreign.query('begin; select pg_current_xact_id()');
    const importId = idOf('imp');
    await store.accept({ importId, version: 1, phase: 'upload' }, REQUEST, 'files');
    await writer.query('begin');
    await writer.query(
      `insert into ecs_image_import.events (import_id, type, phase, state, message) values ($1, 'state', 'done', 'failed', 'slow')`,
      [importId],
    );
    await importThat('failed');
    const working = fanOutAll();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await listed(id)).toEqual([]);
    await writer.query('commit');
    await working;
    expect(await listed(id)).toHaveLength(2);
    await foreign.query('commit');
    writer.release();
    foreign.release();
  });

  test('are turned into deliveries by several processes at the same time → one delivery each', async () => {
    const { url } = await receiver();
    const id = await webhook(url);
    for (let count = 0; count < 20; count++) await importThat('failed');
    await Promise.all([fanOutAll(), fanOutAll(), fanOutAll(), fanOutAll()]);
    await fanOutAll();
    const ids = (await listed(id)).map((one) => one.id);
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
  });
});

describe('a delivery', () => {
  test('fails → it is repeated with the same webhook-id until it succeeds, and its log shows both attempts', async () => {
    const { url, received } = await receiver((count) => (count === 1 ? 500 : 200));
    const id = await webhook(url);
    await importThat('failed');
    await fanOutAll();
    await deliver();
    const [first] = await listed(id);
    expect(first).toMatchObject({
      state: 'pending',
      attempts: 1,
      log: [{ status: 500, error: 'the target answers with status 500' }],
    });
    expect((await webhooks.get(id))?.view.state).toBe('failing');
    await deliver();
    expect(received).toHaveLength(1);
    await due(id);
    await deliver();
    expect(received.map((one) => one.id)).toEqual([first?.id, first?.id]);
    expect(await listed(id)).toMatchObject([
      { state: 'delivered', attempts: 2, log: [{ status: 200, error: null }, { status: 500 }] },
    ]);
    expect((await webhooks.get(id))?.view).toMatchObject({ state: 'enabled', failingSince: null });
  });

  test('has failed ten times → it is dead, and is sent again on request', async () => {
    const { url, received } = await receiver((count) => (count <= 10 ? 500 : 204));
    const id = await webhook(url);
    await importThat('failed');
    await fanOutAll();
    for (let attempt = 1; attempt <= 11; attempt++) {
      await due(id);
      await deliver();
    }
    const [dead] = await listed(id);
    expect(received).toHaveLength(10);
    expect(dead).toMatchObject({ state: 'dead', attempts: 10, nextAttemptAt: null });
    expect(await deliveries.redeliver(id, dead?.id ?? '', null)).toBe(1);
    await deliver();
    expect(received.at(-1)?.id).toBe(dead?.id);
    expect(await listed(id)).toMatchObject([{ state: 'delivered', attempts: 11 }]);
  });

  test('its process dies during the attempt → another one repeats it after the lease', async () => {
    const { url, received } = await receiver();
    const id = await webhook(url);
    await importThat('failed');
    await fanOutAll();
    const limits = { running: {}, perWebhook: 4, total: 10, leaseMs: 300 };
    expect(await deliveries.claim(limits)).toHaveLength(1);
    expect(await deliveries.claim(limits)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 350));
    await deliver();
    expect(received).toHaveLength(1);
    expect(await listed(id)).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  });

  test('its process was frozen and wakes → it neither sends nor changes the result of the other one', async () => {
    const { url, received } = await receiver();
    const id = await webhook(url);
    await importThat('failed');
    await fanOutAll();
    const frozen = {
      ...deliveries,
      async claim(limits: Parameters<DeliveryStore['claim']>[0]) {
        const claimed = await deliveries.claim(limits);
        await new Promise((resolve) => setTimeout(resolve, 400));
        await deliver();
        return claimed;
      },
    };
    await deliver({ deliveries: frozen, limits: { leaseMs: 300 } });
    expect(received).toHaveLength(1);
    const [one] = await listed(id);
    expect(one).toMatchObject({ state: 'delivered', attempts: 2 });
    const late = {
      attempt: { attempt: 1, at: new Date().toISOString(), durationMs: 1, status: 500, error: 'late', answer: '' },
    };
    await deliveries.settle({ webhookId: id, id: one?.id ?? '', attempt: 1 }, { ...late, kind: 'dead' });
    expect(await listed(id)).toEqual([one]);
  });

  test('is claimed by several processes at the same time → it is sent once', async () => {
    const { url, received } = await receiver();
    await webhook(url);
    for (let count = 0; count < 12; count++) await importThat('failed');
    await fanOutAll();
    await Promise.all([deliver(), deliver(), deliver(), deliver()]);
    await deliver();
    expect(received).toHaveLength(12);
    expect(new Set(received.map(({ id }) => id)).size).toBe(12);
  });
});

describe('a target', () => {
  test('is slow → it gets at most four deliveries at a time, and the others get theirs meanwhile', async () => {
    const [slow, quick] = [await receiver(() => null), await receiver()];
    const id = await webhook(slow.url);
    await webhook(quick.url);
    for (let count = 0; count < 6; count++) await importThat('failed');
    await fanOutAll();
    const deliverer = createDeliverer(dependencies());
    await deliverer.startDue();
    await expect.poll(() => quick.received.length).toBe(4);
    await deliverer.startDue();
    await expect.poll(() => quick.received.length).toBe(6);
    expect(slow.received).toHaveLength(4);
    await deliverer.idle();
    expect(
      (await listed(id)).filter(({ log: [last] }) => last?.error === 'no complete answer within 0.5 s'),
    ).toHaveLength(4);
    // Its latest attempt has failed: one at a time from now on.
    await deliverer.startDue();
    await deliverer.idle();
    expect(slow.received).toHaveLength(5);
  });

  test('asks for a pause → nothing is sent to it for that time', async () => {
    const { url, received } = await receiver((_count, response) => {
      response.setHeader('retry-after', '3600');
      return 429;
    });
    const id = await webhook(url);
    await importThat('failed');
    await fanOutAll();
    await deliver();
    await importThat('failed');
    await fanOutAll();
    await deliver();
    expect(received).toHaveLength(1);
    const next = (await listed(id)).find(({ attempts }) => attempts === 1)?.nextAttemptAt ?? '';
    expect(Date.parse(next) - Date.now()).toBeGreaterThan(3_500_000);
  });

  test('answers with 410 → the webhook is disabled and reports why; its deliveries are dead', async () => {
    const { url, received } = await receiver(() => 410);
    const id = await webhook(url);
    await importThat('failed');
    await importThat('failed');
    await fanOutAll();
    await deliver({ limits: { perWebhook: 1 } });
    await deliver();
    expect(received).toHaveLength(1);
    const reason = 'its target answers with status 410 (Gone)';
    expect((await webhooks.get(id))?.view).toMatchObject({ state: 'disabled', disabled: { reason } });
    expect((await listed(id)).map(({ state }) => state)).toEqual(['dead', 'dead']);
    expect(log.at(-1)).toContain(reason);
  });

  test('has failed for five days → the webhook is disabled and reports why', async () => {
    const { url } = await receiver(() => 503);
    const id = await webhook(url);
    await database.pool.query(
      `update ecs_image_import.webhooks set failing_since = now() - interval '5 days 1 minute'`,
    );
    await importThat('failed');
    await fanOutAll();
    await deliver();
    const reason = 'no delivery has succeeded for 5 days; last: the target answers with status 503';
    expect((await webhooks.get(id))?.view).toMatchObject({ state: 'disabled', disabled: { reason } });
  });
});

describe('a webhook', () => {
  test('ends with the key of its creator: revoked, expired or unknown; a rotation of the key does not end it', async () => {
    const keys = createKeyStore(database.pool);
    const add = (prefix: string, expiresInSeconds: number | null) =>
      keys.create({
        ...{ prefix, digest: Buffer.from(prefix), name: prefix, role: 'viewer', scope: UNLIMITED, createdBy: 'local' },
        expiresInSeconds,
      });
    await add('rotated', null);
    await keys.rotate('rotated', { digest: Buffer.from('next'), overlapSeconds: 0, expiresInSeconds: undefined });
    await add('revoked', null);
    await keys.revoke('revoked', 'local');
    await add('expired', 0);
    expect([...(await keys.activeAmong(['rotated', 'revoked', 'expired', 'unknown']))]).toEqual(['rotated']);
  });

  test('whose creator has lost access → gets nothing, is disabled and reports why', async () => {
    const { url, received } = await receiver();
    const id = await webhook(url);
    await importThat('failed');
    await fanOutAll();
    await deliver({ areValid: async () => new Set() });
    expect(received).toEqual([]);
    expect((await webhooks.get(id))?.view.disabled?.reason).toBe('its creator key:admin no longer has access');
  });

  test('is created for the 21st time by one user → none is added, also when several are created at the same time', async () => {
    const input = () => ({
      id: idOf('whk'),
      url: 'https://example.com/',
      description: '',
      events: ['*'],
      creator: ADMIN,
      secret: newSecret(),
    });
    const outcomes = await Promise.all(Array.from({ length: 22 }, () => webhooks.create(input())));
    expect(outcomes.filter((one) => one !== null)).toHaveLength(20);
  });
});

test('the API creates, tests, rotates, redelivers and deletes webhooks; another user sees none of them, a viewer changes none', async () => {
  const { url, received } = await receiver((count) => (count === 2 ? 410 : 204));
  let sender = ADMIN;
  const app = createApp({
    webhooks: { store: webhooks, deliveries, refusal: targets.refusal },
    ...{ authenticators: [async () => sender], auditTrail: UNRECORDED, log: { error: console.error } },
  } as unknown as ApiDependencies);
  const call = async (method: string, path: string, body?: object) => {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await app.request(`http://127.0.0.1/v1/webhooks${path}`, { method, ...init });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  expect(await call('POST', '', { url: 'https://10.0.0.1/' })).toMatchObject({
    status: 400,
    body: { errors: [{ path: 'url' }] },
  });
  const made = await call('POST', '', { url, events: ['import.*'] });
  expect(made).toMatchObject({ status: 201, body: { state: 'enabled', secret: expect.stringMatching(/^whsec_/) } });
  const { id, secret } = made.body;
  secrets.set('test', secret);
  expect(JSON.stringify((await call('GET', '')).body)).not.toContain(secret);

  const sent = await call('POST', `/${id}/test`, {});
  expect(sent).toMatchObject({ status: 202, body: { state: 'pending', type: 'webhook.test' } });
  await deliver();
  expect((await call('GET', `/${id}/deliveries/${sent.body.id}`)).body).toMatchObject({
    state: 'delivered',
    log: [{ status: 204 }],
  });
  expect(received[0]?.body).toMatchObject({ type: 'webhook.test', data: { id } });

  const rotated = await call('POST', `/${id}/rotate`, { overlapHours: 1 });
  expect(Date.parse(rotated.body.previousSecretUntil) - Date.now()).toBeGreaterThan(3_500_000);
  await call('POST', `/${id}/test`, {});
  await deliver();
  expect((await call('GET', `/${id}`)).body).toMatchObject({
    state: 'disabled',
    disabled: { reason: expect.stringContaining('410') },
  });
  expect((await call('POST', `/${id}/test`, {})).body).toMatchObject({ code: 'Webhook.Disabled' });
  expect((await call('POST', `/${id}/enable`, {})).body).toMatchObject({ state: 'enabled', disabled: null });
  expect((await call('POST', `/${id}/redeliver`, {})).body).toEqual({ redelivered: 1 });
  await deliver();
  expect(received).toHaveLength(3);

  sender = { ...ADMIN, id: 'key:other', role: 'operator' };
  expect((await call('GET', '')).body).toEqual({ webhooks: [] });
  for (const [method, path, body] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/rotate', {}],
    ['GET', '/deliveries'],
  ] as const) {
    expect(await call(method, `/${id}${path}`, body), path).toMatchObject({
      status: 404,
      body: { code: 'Webhook.NotFound' },
    });
  }
  sender = { ...ADMIN, role: 'viewer' };
  expect((await call('DELETE', `/${id}`)).status).toBe(403);
  sender = ADMIN;
  expect((await call('DELETE', `/${id}`)).status).toBe(204);
  expect((await call('GET', `/${id}`)).status).toBe(404);
});

test('two processes keep sending, and the leading one stops → the other one continues, and nothing is sent twice', async () => {
  const { url, received } = await receiver();
  await webhook(url);
  const kept = { ...dependencies(), events, deliveries, keepDays: 30, leadEveryMs: 100 };
  const [first, second] = [keepWebhooks(kept), keepWebhooks(kept)];
  await importThat('failed');
  await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1);
  await first();
  await importThat('succeeded');
  await expect.poll(() => received.length, { timeout: 15_000 }).toBe(2);
  await second();
  expect(received.map(({ body }) => body.type)).toEqual(['import.failed', 'import.succeeded']);
});
