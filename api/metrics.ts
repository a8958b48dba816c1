/** Prometheus metrics of the API: its requests, the number of imports in each state, and whether the database responds. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ImportStore } from '../store/imports.js';
import type { WebhookStore } from '../store/webhooks.js';

export function createMetrics(
  store: Pick<ImportStore, 'countByState' | 'countOpenByAccount'>,
  countWebhooks: () => ReturnType<WebhookStore['countByState']>,
) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'ecs_image_import_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const imports = new Gauge({
    name: 'ecs_image_import_imports',
    help: 'Imports by state, as last read from the database',
    labelNames: ['state'],
    registers: [registry],
  });
  const open = new Gauge({
    name: 'ecs_image_import_open_imports',
    help: 'Imports that have not ended by account and state; an empty account is that of the worker',
    labelNames: ['account', 'state'],
    registers: [registry],
  });
  const webhooks = new Gauge({
    name: 'ecs_image_import_webhooks',
    help: 'Webhooks by state: enabled, failing (the latest deliveries failed) or disabled (nothing is sent)',
    labelNames: ['state'],
    registers: [registry],
  });
  const databaseUp = new Gauge({
    name: 'ecs_image_import_database_up',
    help: '1 if the database responded to this scrape, else 0',
    registers: [registry],
  });

  /** Without a database, the numbers of the last scrape remain. */
  async function readDatabase(): Promise<void> {
    try {
      const read = Promise.all([store.countByState(), store.countOpenByAccount(), countWebhooks()]);
      const [counts, byAccount, webhookCounts] = await within(DATABASE_WITHIN_MS, read);
      open.reset();
      for (const { account, state, count } of byAccount) open.set({ account, state }, count);
      imports.reset();
      for (const [state, count] of Object.entries(counts)) imports.set({ state }, count);
      for (const [state, count] of Object.entries(webhookCounts)) webhooks.set({ state }, count);
      databaseUp.set(1);
    } catch {
      databaseUp.set(0);
    }
  }

  let scrape: Promise<string> | null = null;

  return {
    contentType: registry.contentType,
    /** Concurrent scrapes share one. */
    async text(): Promise<string> {
      scrape ??= readDatabase()
        .then(() => registry.metrics())
        .finally(() => {
          scrape = null;
        });
      return await scrape;
    },
    request() {
      const end = seconds.startTimer();
      return (method: string, route: string, status: number) => end({ method, route, status: String(status) });
    },
  };
}

/** Less than the 10 s after which Prometheus ends a scrape. */
const DATABASE_WITHIN_MS = 3_000;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
