/** Observes a worker for the metrics and health checks of its process. */
import type { ActivityMetrics } from '../activities/metrics.js';
import type { PoolCounts } from '../telemetry/pool-metrics.js';
import type { HealthCheck } from '../telemetry/process-health.js';

export interface WorkerObserver {
  readonly metrics: ActivityMetrics;
  /** Called once, when the worker has connected to PostgreSQL. */
  readonly connected: (pool: PoolCounts) => void;
  /** Called once, when the worker polls: what makes it ready. */
  readonly polling: (checks: readonly HealthCheck[]) => void;
}
