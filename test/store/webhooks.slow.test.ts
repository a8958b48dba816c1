import { describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { UNLIMITED } from '../../domain/access/identity.js';
import { createKeyStore } from '../../store/api-keys.js';
import { newSecret } from '../../webhooks/sign.js';
import { UNRECORDED } from '../support/api/anonymous.js';
import {
  ADMIN,
  database,
  deliver,
  deliveries,
  fanOutAll,
  idOf,
  importThat,
  receiver,
  secrets,
  targets,
  useWebhooks,
  webhook,
  webhooks,
} from '../support/store/webhooks.js';

useWebhooks();

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
