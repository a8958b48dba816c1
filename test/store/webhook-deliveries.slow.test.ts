/** Deliveries of webhooks: repetitions, leases, slow targets. */
import { describe, expect, test } from 'vitest';
import type { DeliveryStore } from '../../store/webhook-deliveries.js';
import { createDeliverer } from '../../webhooks/deliver.js';
import { keepWebhooks } from '../../webhooks/keep.js';
import {
  database,
  deliver,
  deliveries,
  dependencies,
  due,
  events,
  fanOutAll,
  importThat,
  listed,
  log,
  receiver,
  useWebhooks,
  webhook,
  webhooks,
} from '../support/store/webhooks.js';

useWebhooks();

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
