/** The API process: connects, says where it listens, and finishes what it is answering on SIGTERM or SIGINT. */
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { keepSweepingBatches } from '../batches/sweep.js';
import { createBatchWorkflows } from '../batches/temporal-workflows.js';
import { createBatchUseCases } from '../batches/use-cases.js';
import { keepDailySweep } from '../imports/daily-orphan-sweep.js';
import { systemClock } from '../imports/ports.js';
import { keepSweepingImports } from '../imports/sweep.js';
import { createImportWorkflows } from '../imports/temporal-workflows.js';
import { createImportUseCases } from '../imports/use-cases.js';
import { openIntake } from '../store/batch-intake.js';
import { createBatchViews } from '../store/batch-views.js';
import { createBatchStore } from '../store/batches.js';
import { openChangeFeed } from '../store/changes.js';
import { migrate, openPool } from '../store/database.js';
import { createImportFiles } from '../store/import-files.js';
import { createImportStore } from '../store/imports.js';
import { untilReachable } from '../store/reachable.js';
import { demandRightSettings } from '../temporal/probe.js';
import { connectionOptions, temporalSettings } from '../temporal/settings.js';
import { createApp } from './app.js';
import { type ApiConfig, readApiConfig } from './config.js';

/**
 * Longer than the 60 s after which load balancers and clients drop an idle connection: a request that is sent as this side
 * hangs up is lost, and nobody knows whether it was done.
 */
const KEEP_ALIVE_MS = 75_000;
const START_PATIENCE = { forMs: 60_000, everyMs: 500 };

/** Runs until the process is told to stop. Rejects with a one-line error when it cannot serve. */
export async function runApi(env: NodeJS.ProcessEnv): Promise<void> {
  const config = readApiConfig(env);
  const temporal = temporalSettings(config);
  const log = pino({ name: 'api', level: config.LOG_LEVEL }, pino.destination(2));
  const pool = openPool({ url: config.DATABASE_URL, applicationName: 'ecs-image-import api', maxConnections: 20 });
  await untilReachable('PostgreSQL', 'Check DATABASE_URL and that the server runs.', START_PATIENCE, () =>
    migrate(pool),
  );
  await demandRightSettings(temporal);
  // Lazy: while Temporal is away, imports are accepted and start when it is back.
  const connection = Connection.lazy(connectionOptions(temporal));
  const client = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
  const store = createImportStore(pool);
  const changes = openChangeFeed(config.DATABASE_URL);
  const pace = {
    retryFirstMs: config.ECS_IMPORT_RETRY_FIRST_MS,
    retryMaxMs: config.ECS_IMPORT_RETRY_MAX_MS,
    heartbeatTimeoutMs: config.ECS_IMPORT_HEARTBEAT_TIMEOUT_MS,
    ...(config.ECS_IMPORT_ATTENTION_LIMIT_MS === undefined
      ? {}
      : { attentionLimitMs: config.ECS_IMPORT_ATTENTION_LIMIT_MS }),
  };
  const workerHost = config.ECS_IMPORT_WORKER_HOST;
  const imports = { store, workflows: createImportWorkflows(client, pace), clock: systemClock, workerHost };
  const batches = {
    batches: createBatchStore(pool),
    views: createBatchViews(pool, config.ECS_IMPORT_PRICES ?? null),
    openIntake: () => openIntake(pool),
    workflows: createBatchWorkflows(client, pace),
    clock: systemClock,
    workerHost,
  };
  const sweeps = [keepSweepingImports(imports, log), keepSweepingBatches(batches, log), keepDailySweep(client, log)];
  const app = createApp({
    imports: createImportUseCases(imports),
    batches: createBatchUseCases(batches),
    store,
    files: createImportFiles(pool),
    changes,
    client,
    workerHost,
    token: config.ECS_IMPORT_API_TOKEN ?? null,
    stackFile: config.ECS_IMPORT_STACK_FILE ?? null,
    log,
  });

  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS } });
  const address = await listen(server, config);
  process.stdout.write(`ready http://${config.ECS_IMPORT_HOST}:${address.port}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  for (const stop of sweeps) stop();
  await changes.close();
  // Streams of events never end by themselves; their clients come back with Last-Event-ID.
  server.close();
  if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 200).unref();
  await connection.close().catch(() => undefined);
  await pool.end();
}

function listen(server: ReturnType<typeof createAdaptorServer>, config: ApiConfig): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new Error(
          taken
            ? `port ${config.ECS_IMPORT_PORT} on ${config.ECS_IMPORT_HOST} is taken. Set ECS_IMPORT_PORT to another one, or 0 for any free one.`
            : `cannot listen on ${config.ECS_IMPORT_HOST}:${config.ECS_IMPORT_PORT}: ${error.message}`,
        ),
      );
    });
    server.listen(config.ECS_IMPORT_PORT, config.ECS_IMPORT_HOST, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no address'));
      else resolve(address);
    });
  });
}
