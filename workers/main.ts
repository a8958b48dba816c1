/** The worker process: connects, says when it polls, and drains on SIGTERM or SIGINT. */
import { DefaultLogger, type LogEntry, NativeConnection, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { createSlots } from '../activities/upload/semaphore.js';
import { createOnce } from '../activities/upload/single-flight.js';
import { createCloudFromEnvironment } from '../alibaba/create-cloud.js';
import { createBudgetedCloud } from '../alibaba/limits/budgeted-cloud.js';
import { createCallBudgets } from '../alibaba/limits/call-budget.js';
import { createRegionWatchers } from '../alibaba/region-watcher.js';
import { createSharedReads } from '../alibaba/shared-reads.js';
import { createBootChecker } from '../images/boot-check/boot-checker.js';
import { createConverter } from '../images/convert/converter.js';
import { INSTALLED } from '../images/convert/need.js';
import { createInspector, createRemoteInspector } from '../images/inspect-in-child.js';
import { cacheInspections } from '../images/inspection-cache.js';
import { createHttpClient } from '../sources/http-request.js';
import { createCache } from '../sources/scratch-cache.js';
import { createBatchStore } from '../store/batches.js';
import { migrate, openPool } from '../store/database.js';
import { createImportFiles } from '../store/import-files.js';
import { createImportStore } from '../store/imports.js';
import { createRateBudgetStore } from '../store/rate-budgets.js';
import { untilReachable } from '../store/reachable.js';
import { createUploadStore } from '../store/uploads.js';
import { demandRightSettings } from '../temporal/probe.js';
import { connectionOptions, type TemporalSettings, temporalSettings } from '../temporal/settings.js';
import { readWorkerConfig, type WorkerConfig } from './config.js';
import { createFileResolver } from './file-roots.js';
import { createImportWorkers } from './worker.js';

/** As long as imports that start together need for their first looks. */
const SHARED_MOMENT_MS = 2_000;

/** A web server that sends nothing for so long is given up and asked again. */
const STALL_MS = 60_000;
/** A worker that died while it sent what others wait for is missed for so long. */
const UPLOAD_LEASE_MS = 30_000;
const START_PATIENCE = { forMs: 60_000, everyMs: 500 };

/** Runs until the process is told to stop. Rejects with a one-line error when a server stays unreachable. */
export async function runWorker(env: NodeJS.ProcessEnv): Promise<void> {
  const config = readWorkerConfig(env);
  const temporal = temporalSettings(config);
  const log = pino({ name: 'worker', level: config.LOG_LEVEL }, pino.destination(2));
  Runtime.install({ logger: temporalLogger(log, config.LOG_LEVEL), shutdownSignals: [] });

  const pool = openPool({ url: config.DATABASE_URL, applicationName: 'ecs-image-import worker', maxConnections: 20 });
  await untilReachable('PostgreSQL', 'Check DATABASE_URL and that the server runs.', START_PATIENCE, () =>
    migrate(pool),
  );
  const connection = await untilReachable(
    `Temporal at ${config.TEMPORAL_ADDRESS}`,
    'Check TEMPORAL_ADDRESS and that the server runs.',
    START_PATIENCE,
    () => connect(temporal),
  );

  const account = createCloudFromEnvironment(env);
  const budgets = createCallBudgets({
    store: createRateBudgetStore(pool),
    accountId: async () => (await account.sts.getCallerIdentity()).accountId,
    ceilings: config.ECS_IMPORT_CALL_LIMITS,
  });
  const cloud = createSharedReads(createBudgetedCloud(account, budgets), SHARED_MOMENT_MS);
  const pace = {
    pollFirstMs: config.ECS_IMPORT_POLL_FIRST_MS,
    pollMaxMs: config.ECS_IMPORT_POLL_MAX_MS,
    patienceMs: config.ECS_IMPORT_PATIENCE_MS,
  };
  const inspect = createInspector({});
  const cache = createCache({ folder: config.ECS_IMPORT_CACHE_DIR, limitBytes: config.ECS_IMPORT_CACHE_LIMIT });
  const http = createHttpClient({
    hosts: config.ECS_IMPORT_HTTP_HOSTS,
    addresses: config.ECS_IMPORT_HTTP_ADDRESSES,
    stallMs: STALL_MS,
  });
  const workers = await createImportWorkers(config, connection, {
    store: createImportStore(pool),
    batches: createBatchStore(pool),
    batchPace: { lookEveryMs: config.ECS_IMPORT_BATCH_LOOK_MS, gatherMs: config.ECS_IMPORT_BATCH_GATHER_MS },
    files: createImportFiles(pool),
    cloud,
    inspect,
    checkBoot: createBootChecker(),
    watchers: createRegionWatchers(cloud, pace),
    settings: {
      patienceMs: config.ECS_IMPORT_PATIENCE_MS,
      lookEveryMs: config.ECS_IMPORT_LOOK_EVERY_MS,
      looksForLostImage: 3,
    },
    resolveFile: createFileResolver(config.ECS_IMPORT_FILE_ROOTS),
    uploading: {
      uploads: createUploadStore(pool),
      http,
      inspectRemote: cacheInspections(createRemoteInspector()),
      cache,
      convert: createConverter({ cache, inspect }),
      programs: INSTALLED,
      slots: createSlots(config.ECS_IMPORT_MAX_UPLOADS),
      digests: createOnce(),
      host: config.ECS_IMPORT_WORKER_HOST,
      leaseMs: UPLOAD_LEASE_MS,
    },
  });
  const stop = () => workers.shutdown();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const running = workers.run();
  process.stdout.write('ready worker\n');
  log.info({ host: config.ECS_IMPORT_WORKER_HOST, temporal: config.TEMPORAL_ADDRESS }, 'worker polls');
  try {
    await running;
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    http.close();
    await connection.close().catch(() => undefined);
    await pool.end();
  }
}

/** The SDK says of a refusal only that there was one: we look for what a person can mend. */
async function connect(temporal: TemporalSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(connectionOptions(temporal));
  } catch (error) {
    await demandRightSettings(temporal);
    throw error;
  }
}

/** The SDK's and the activities' lines in the process's own format. */
function temporalLogger(log: pino.Logger, level: WorkerConfig['LOG_LEVEL']): DefaultLogger {
  return new DefaultLogger(SDK_LEVELS[level], ({ level: of, message, meta }: LogEntry) => {
    const { namespace: _namespace, taskToken: _token, ...attributes } = meta ?? {};
    log[PINO_LEVELS[of]](attributes, message);
  });
}

const SDK_LEVELS = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;
const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
