/** Prometheus metrics of the API: its requests, and the number of imports in each state. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ImportStore } from '../store/imports.js';

export function createMetrics(store: Pick<ImportStore, 'countByState'>) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'ecs_image_import_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  new Gauge({
    name: 'ecs_image_import_imports',
    help: 'Imports by state',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [state, count] of Object.entries(await store.countByState())) this.set({ state }, count);
    },
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request() {
      const end = seconds.startTimer();
      return (method: string, route: string, status: number) => end({ method, route, status: String(status) });
    },
  };
}
