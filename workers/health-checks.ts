/** What makes a worker ready: it polls all its task queues, its servers respond, the schema fits, and its cache is writable. */
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import type { WorkerSettings } from '../config/worker.js';
import { formatBytes } from '../domain/format-bytes.js';
import type { DatabaseChecks } from '../store/schema-check.js';
import type { HealthCheck } from '../telemetry/process-health.js';
import { requireTemporal } from '../temporal/connect.js';
import type { ImportWorkers } from './worker.js';

/** With less free space, not even the notes of an upload can be written. */
const MIN_FREE_BYTES = 64 * 1024 ** 2;

export function healthChecks(
  { temporal, cacheDir }: Pick<WorkerSettings, 'temporal' | 'cacheDir'>,
  database: DatabaseChecks,
  workers: Pick<ImportWorkers, 'queues' | 'polledQueues'>,
): readonly HealthCheck[] {
  return [
    {
      name: 'pollers',
      probe: async () => {
        const polled = new Set(workers.polledQueues());
        const missing = workers.queues.filter((queue) => !polled.has(queue));
        if (missing.length === 0) return `polls ${workers.queues.join(', ')}`;
        throw new Error(`does not poll ${missing.join(', ')}`);
      },
    },
    { name: 'postgresql', probe: () => database.responds() },
    { name: 'schema', probe: () => database.schemaFits() },
    {
      name: 'temporal',
      probe: async () => {
        await requireTemporal(temporal);
        return `${temporal.address}, namespace ${temporal.namespace}`;
      },
    },
    { name: 'cache', probe: () => requireWritable(cacheDir) },
  ];
}

async function requireWritable(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK | constants.X_OK);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= MIN_FREE_BYTES) return `${folder} is writable, ${formatBytes(free)} free`;
  throw new Error(`${folder} has ${formatBytes(free)} free: free space, or set ECS_IMPORT_CACHE_DIR to another disk`);
}
