/** Prometheus metrics of the API: its requests, and the numbers of the whole service as the database and Temporal have them. */
import { type Gauge, Histogram, Gauge as PrometheusGauge, type Registry } from 'prom-client';
import { PHASES, STATES } from '../domain/import.js';
import type { QueueBacklog } from '../imports/queue-backlog.js';
import type { ImportStore } from '../store/imports.js';
import type { ServiceNumbers } from '../store/service-metrics.js';
import type { WebhookStore } from '../store/webhooks.js';
import { createProcessRegistry, scraper } from '../telemetry/process-metrics.js';

export interface MetricSources {
  readonly store: Pick<ImportStore, 'countByState' | 'countOpenByAccount'>;
  readonly countWebhooks: () => ReturnType<WebhookStore['countByState']>;
  /** Absent: not shown. */
  readonly serviceNumbers?: () => Promise<ServiceNumbers>;
  readonly backlog?: () => Promise<readonly QueueBacklog[]>;
}

/** Less than the 10 s after which Prometheus ends a scrape. */
const READ_WITHIN_MS = 3_000;
const OPEN_STATES = ['running', 'attention', 'cancelling'] as const;
const OPEN_PHASES = PHASES.filter((phase) => phase !== 'done');
const BATCH_STATES = ['running', 'paused', 'attention', 'cancelling'];
const ITEM_STATES = ['invalid', 'waiting', ...STATES];

/** @param registry default: one of its own */
export function createMetrics(sources: MetricSources, registry: Registry = createProcessRegistry()) {
  const seconds = new Histogram({
    name: 'ecs_image_import_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  addDatabaseNumbers(sources, registry);
  const { backlog } = sources;
  if (backlog !== undefined) addBacklog(backlog, registry);
  return {
    ...scraper(registry),
    request() {
      const end = seconds.startTimer();
      return (method: string, route: string, status: number) => end({ method, route, status: String(status) });
    },
  };
}

function addDatabaseNumbers({ store, countWebhooks, serviceNumbers }: MetricSources, registry: Registry): void {
  /** All gauges of one scrape share a reading. Without a database, the numbers of the last one remain. */
  const read = sharedReading(async () => {
    const [counts, byAccount, webhookCounts, numbers] = await within(
      READ_WITHIN_MS,
      Promise.all([store.countByState(), store.countOpenByAccount(), countWebhooks(), serviceNumbers?.()]),
    );
    open.reset();
    for (const { account, state, count } of byAccount) open.set({ account, state }, count);
    setAll(imports, 'state', STATES, Object.entries(counts));
    for (const [state, count] of Object.entries(webhookCounts)) webhooks.set({ state }, count);
    if (numbers !== undefined) showNumbers(numbers);
  });
  const gauge = gaugesOf(registry, async () => void (await read()));
  const imports = gauge('ecs_image_import_imports', 'Imports by state, as last read from the database', ['state']);
  const open = gauge(
    'ecs_image_import_open_imports',
    'Imports that have not ended by account and state; an empty account is that of the worker',
    ['account', 'state'],
  );
  const webhooks = gauge(
    'ecs_image_import_webhooks',
    'Webhooks by state: enabled, failing (the latest deliveries failed) or disabled (nothing is sent)',
    ['state'],
  );
  new PrometheusGauge({
    name: 'ecs_image_import_database_up',
    help: '1 if the database responded to this scrape, else 0',
    registers: [registry],
    async collect() {
      this.set((await read()) ? 1 : 0);
    },
  });
  const phases = gauge('ecs_image_import_imports_in_phase', 'Imports that have not ended by phase and state', [
    'phase',
    'state',
  ]);
  const stopped = gauge('ecs_image_import_attention_imports', 'Imports that have stopped for attention by code', [
    'code',
  ]);
  const oldest = gauge(
    'ecs_image_import_attention_oldest_seconds',
    'Age of the oldest stop for attention by code; 0 for the code none if no import has stopped',
    ['code'],
  );
  const batches = gauge('ecs_image_import_batches', 'Batches that have not ended by state', ['state']);
  const items = gauge('ecs_image_import_batch_items', 'Items of batches that have not ended by state', ['state']);
  const budgets = gauge(
    'ecs_image_import_call_budget_calls_per_minute',
    'Calls per minute that the cloud allows now, of all workers together; only where it has throttled calls',
    ['account', 'service', 'region', 'action'],
  );

  function showNumbers(numbers: ServiceNumbers): void {
    phases.reset();
    for (const phase of OPEN_PHASES) for (const state of OPEN_STATES) phases.set({ phase, state }, 0);
    for (const { phase, state, count } of numbers.inPhase) phases.set({ phase, state }, count);
    stopped.reset();
    oldest.reset();
    for (const { code, count, oldestSeconds } of numbers.stopped) {
      stopped.set({ code }, count);
      oldest.set({ code }, oldestSeconds);
    }
    if (numbers.stopped.length === 0) {
      stopped.set({ code: 'none' }, 0);
      oldest.set({ code: 'none' }, 0);
    }
    setAll(
      batches,
      'state',
      BATCH_STATES,
      numbers.batches.map(({ state, count }) => [state, count]),
    );
    setAll(
      items,
      'state',
      ITEM_STATES,
      numbers.items.map(({ state, count }) => [state, count]),
    );
    budgets.reset();
    for (const { perMinute, ...key } of numbers.budgets) budgets.set(key, perMinute);
  }
}

function addBacklog(backlog: () => Promise<readonly QueueBacklog[]>, registry: Registry): void {
  const read = sharedReading(async () => {
    const queues = await within(READ_WITHIN_MS, backlog());
    tasks.reset();
    age.reset();
    for (const { queue, kind, ...now } of queues) {
      tasks.set({ task_queue: queue, kind }, now.tasks);
      age.set({ task_queue: queue, kind }, now.ageSeconds);
    }
  });
  const gauge = gaugesOf(registry, async () => void (await read()));
  const labels = ['task_queue', 'kind'];
  const tasks = gauge(
    'ecs_image_import_task_queue_backlog_tasks',
    'Tasks that wait in a task queue, as Temporal estimates it',
    labels,
  );
  const age = gauge(
    'ecs_image_import_task_queue_backlog_age_seconds',
    'Age of the oldest task that waits in a task queue',
    labels,
  );
  new PrometheusGauge({
    name: 'ecs_image_import_temporal_up',
    help: '1 if Temporal responded to this scrape, else 0',
    registers: [registry],
    async collect() {
      this.set((await read()) ? 1 : 0);
    },
  });
}

function gaugesOf(registry: Registry, collect: () => Promise<void>) {
  return (name: string, help: string, labelNames: string[]): Gauge =>
    new PrometheusGauge({ name, help, labelNames, registers: [registry], collect });
}

/** Concurrent callers share one reading. @returns false if it has failed */
function sharedReading(read: () => Promise<void>): () => Promise<boolean> {
  let running: Promise<boolean> | null = null;
  return async () => {
    running ??= read()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        running = null;
      });
    return await running;
  };
}

/** Values that are absent are 0. */
function setAll(
  gauge: Gauge,
  label: string,
  values: readonly string[],
  entries: readonly (readonly [string, number])[],
): void {
  const counts = new Map(entries);
  for (const value of new Set([...values, ...counts.keys()])) gauge.set({ [label]: value }, counts.get(value) ?? 0);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
