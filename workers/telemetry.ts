/** Health checks and metrics of a worker process, on its port for them. */
import { MetricsBuffer } from '@temporalio/worker';
import type { HealthAddress } from '../config/health.js';
import { openHealthPort } from '../telemetry/health-port.js';
import { addPoolMetrics, type PoolCounts } from '../telemetry/pool-metrics.js';
import { createProcessHealth } from '../telemetry/process-health.js';
import { createProcessRegistry, scraper } from '../telemetry/process-metrics.js';
import { recordSdkMetrics } from '../telemetry/temporal-metrics.js';
import { addCloudMetrics, addHostMetrics, type CacheSettings, createActivityMetrics } from './metrics.js';
import type { WorkerObserver } from './observer.js';

/** Of updates between two readings: a busy worker makes hundreds a second. */
const BUFFERED_UPDATES = 100_000;
const READ_EVERY_MS = 1_000;

export interface WorkerTelemetry {
  /** For `Runtime.install`. */
  readonly sdkMetrics: MetricsBuffer;
  readonly observer: WorkerObserver;
  /** Call it after `Runtime.install`. @returns the URL of the port */
  open(): Promise<string>;
  drain(): void;
  close(): Promise<void>;
}

export function createWorkerTelemetry(address: HealthAddress, cache: CacheSettings): WorkerTelemetry {
  const registry = createProcessRegistry();
  const health = createProcessHealth();
  const sdkMetrics = new MetricsBuffer({ maxBufferSize: BUFFERED_UPDATES, useSecondsForDurations: true });
  const record = recordSdkMetrics(registry);
  const readSdk = () => record(sdkMetrics.retrieveUpdates());
  let pool: PoolCounts | null = null;
  addPoolMetrics(registry, () => pool);
  addHostMetrics(registry, cache);
  const stops = [addCloudMetrics(registry)];
  const observer: WorkerObserver = {
    metrics: createActivityMetrics(registry),
    connected(counts) {
      pool = counts;
    },
    polling: health.started,
  };
  return {
    sdkMetrics,
    observer,
    async open() {
      const metrics = scraper(registry, async () => readSdk());
      const port = await openHealthPort({ ...address, health, metrics });
      const timer = setInterval(readSdk, READ_EVERY_MS);
      stops.push(
        () => clearInterval(timer),
        () => void port.close(),
      );
      return port.url;
    },
    drain: health.drain,
    async close() {
      for (const stop of stops) stop();
    },
  };
}
