/** Metrics of the connections to PostgreSQL of one process. */
import { Gauge, type Registry } from 'prom-client';

export interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  /** Callers that wait for a connection. */
  readonly waitingCount: number;
}

/** @param pool null before the process has one */
export function addPoolMetrics(registry: Registry, pool: () => PoolCounts | null): void {
  new Gauge({
    name: 'ecs_image_import_database_connections',
    help: 'Connections of this process to PostgreSQL by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { totalCount = 0, idleCount = 0 } = pool() ?? {};
      this.set({ state: 'busy' }, totalCount - idleCount);
      this.set({ state: 'idle' }, idleCount);
    },
  });
  new Gauge({
    name: 'ecs_image_import_database_connection_waits',
    help: 'Callers of this process that wait for a connection to PostgreSQL',
    registers: [registry],
    collect() {
      this.set(pool()?.waitingCount ?? 0);
    },
  });
}
