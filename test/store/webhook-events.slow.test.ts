/** Which events become deliveries, of which webhooks. */
import { describe, expect, test } from 'vitest';
import { type Identity, UNLIMITED } from '../../domain/access/identity.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import {
  database,
  deliver,
  deliveries,
  ERROR,
  fanOutAll,
  idOf,
  importThat,
  listed,
  receiver,
  store,
  useWebhooks,
  webhook,
  webhooks,
} from '../support/store/webhooks.js';

useWebhooks();

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
