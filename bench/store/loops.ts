/** The statements of background work: sweeps, checks, batches and the search for orphans. Each runs in a transaction that is rolled back. */
import type pg from 'pg';
import { createBatchStore } from '../../store/batches.js';
import { createBlockedAttempts } from '../../store/blocked-attempts.js';
import { createImportStore } from '../../store/imports.js';
import { createRetentionStore } from '../../store/retention.js';
import { createUploadStore } from '../../store/uploads.js';
import { percentiles } from './measure.js';

export interface Loop {
  readonly name: string;
  readonly run: (pool: pg.Pool) => Promise<unknown>;
}

const AT_LEAST = 5;
/** The imports of the benchmark are of one year. */
const RETENTION = { succeeded: 400, failed: 400, cancelled: 400 };

export async function measureLoop(pool: pg.Pool, { run }: Loop, forMs: number) {
  await run(pool);
  const times: number[] = [];
  for (const until = performance.now() + forMs; performance.now() < until || times.length < AT_LEAST; ) {
    const startedAt = performance.now();
    await run(pool);
    times.push(performance.now() - startedAt);
  }
  return percentiles(times);
}

export async function loopsOf(pool: pg.Pool): Promise<readonly Loop[]> {
  const store = createImportStore(pool);
  const batches = createBatchStore(pool);
  const uploads = createUploadStore(pool);
  const retention = createRetentionStore(pool);
  const one = async (sql: string) => (await pool.query<{ value: string }>(sql)).rows.map(({ value }) => value);
  const [largest = ''] = await one('select min(id) as value from ecs_image_import.batches');
  const [running = ''] = await one(
    `select id as value from ecs_image_import.batches where state = 'running' order by id limit 1`,
  );
  const seen = await one(
    `select id as value from ecs_image_import.imports where state = 'succeeded' order by id desc limit 1000`,
  );
  const resources = (
    await pool.query<{ importId: string; kind: 'image' | 'object'; key: string }>(
      `select import_id as "importId", kind, case kind when 'image' then detail ->> 'imageId' else key end as key
       from ecs_image_import.ledger where import_id = any($1) and kind in ('image', 'object') limit 1000`,
      [seen],
    )
  ).rows;
  const server = { namespace: 'default', namespaceId: 'n', clusterId: 'c' };
  const timing = { idleMs: 5_000, everyMs: 15_000 };
  return [
    { name: 'imports to delete, none', run: () => retention.expiredImports(RETENTION, '', 20) },
    { name: 'imports to start', run: () => store.toStart(3_000, 200) },
    { name: 'resumes to deliver', run: () => store.resumesToDeliver(3_000, 200) },
    { name: 'cancels to deliver', run: () => store.cancelsToDeliver(200) },
    { name: 'workflows to check', run: () => store.claimWorkflowChecks(timing, 20) },
    { name: 'lost imports (reconcile)', run: () => store.lostImports('', 100) },
    { name: 'unchecked imports (reconcile)', run: () => store.uncheckedImports(server, timing) },
    { name: 'late checks due', run: () => store.isLateCheckDue() },
    { name: 'late checks claimed', run: () => store.claimLateChecks(50) },
    { name: 'queues without a worker', run: () => store.missingWorkers('default') },
    { name: 'imports that wait for a worker', run: () => store.recordWorkerWaits([]) },
    { name: 'imports that stopped for a cause', run: () => store.waitingFor('Role.Missing', 200) },
    { name: 'batches to start', run: () => batches.toStart(3_000, 50) },
    { name: 'batch workflows to check', run: () => batches.claimBatchChecks(timing, 20) },
    { name: 'unchecked batches', run: () => batches.uncheckedBatches(server, timing) },
    { name: 'arrivals of dead processes', run: () => batches.removeGoneArrivals() },
    { name: 'blocked attempts', run: () => createBlockedAttempts(pool).toIsolate('0.1.0') },
    { name: 'settle the largest batch', run: () => batches.settle(largest) },
    { name: 'settle a running batch', run: () => batches.settle(running) },
    { name: 'images of a running batch', run: () => batches.withoutImage(running) },
    { name: 'stopped imports of a batch', run: () => batches.stoppedImports(running, null, '', 100) },
    { name: 'open imports of the largest batch', run: () => batches.openImports(largest, '', 100) },
    { name: 'uploads of an import', run: () => uploads.usedBy(seen[5] ?? '') },
    { name: 'places that imports used (orphans)', run: () => store.placesUsed() },
    { name: 'what 1,000 resources belong to (orphans)', run: () => store.accountsOf(resources) },
    { name: 'deletion of 20 imports', run: () => deleteImports(pool, seen.slice(0, 20)) },
  ];
}

async function deleteImports(pool: pg.Pool, ids: readonly string[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('delete from ecs_image_import.imports where id = any($1)', [ids]);
    await client.query('rollback');
  } finally {
    client.release();
  }
}
