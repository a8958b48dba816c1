/** The Prometheus registry of a process, with what every process reports about itself. */
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges whose names end as those of counters do; Prometheus' rules reserve this. Each has a twin with another name. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];

/** Memory, CPU time, open files, event loop lag and garbage collection. */
export function createProcessRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}

/** The text of the registry. Concurrent scrapes share one. */
export function scraper(registry: Registry, before: () => Promise<void> = async () => undefined) {
  let scrape: Promise<string> | null = null;
  return {
    contentType: registry.contentType,
    async text(): Promise<string> {
      scrape ??= before()
        .then(() => registry.metrics())
        .finally(() => {
          scrape = null;
        });
      return await scrape;
    },
  };
}
