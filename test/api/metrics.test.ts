/** GET /metrics: the numbers of the database, also while it is away. */
import { expect, test } from 'vitest';
import { createMetrics } from '../../api/metrics.js';

const noWebhooks = async () => ({ enabled: 0, failing: 0, disabled: 0 });

test('the database is away → the last numbers, and a metric that reports it; all again when it is back', async () => {
  let away = false;
  const metrics = createMetrics({
    store: {
      countByState: async () => {
        if (away) throw new Error('connect ECONNREFUSED');
        return { running: 2 };
      },
      countOpenByAccount: async () => [{ account: 'production', state: 'running', count: 1 }],
    },
    countWebhooks: async () => ({ enabled: 0, failing: 1, disabled: 2 }),
  });
  const lines = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('ecs_image_import_'));
  const running = 'ecs_image_import_imports{state="running"} 2';
  const inAccount = 'ecs_image_import_open_imports{account="production",state="running"} 1';
  expect(await lines()).toEqual(
    expect.arrayContaining([
      running,
      inAccount,
      'ecs_image_import_webhooks{state="disabled"} 2',
      'ecs_image_import_database_up 1',
    ]),
  );
  away = true;
  expect(await lines()).toEqual(expect.arrayContaining([running, 'ecs_image_import_database_up 0']));
  away = false;
  expect(await lines()).toEqual(expect.arrayContaining(['ecs_image_import_database_up 1']));
});

test('the database was never reached → the process metrics, and a metric that reports it', async () => {
  const metrics = createMetrics({
    store: {
      countByState: () => Promise.reject(new Error('connect ECONNREFUSED')),
      countOpenByAccount: async () => [],
    },
    countWebhooks: noWebhooks,
  });
  const text = await metrics.text();
  expect(text).toContain('ecs_image_import_database_up 0');
  expect(text).toContain('process_cpu_seconds_total');
});

test('many scrapes at the same time → one reading of the database, and the next one reads again', async () => {
  let readings = 0;
  const metrics = createMetrics({
    store: {
      countByState: async () => ({ running: ++readings }),
      countOpenByAccount: async () => [],
    },
    countWebhooks: noWebhooks,
  });
  const texts = await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
  expect(new Set(texts).size).toBe(1);
  expect(readings).toBe(1);
  expect(await metrics.text()).toContain('ecs_image_import_imports{state="running"} 2');
});
