/** Creates the dependencies of the activities: database, cloud, image inspection. */
import path from 'node:path';
import type { BatchDependencies } from '../activities/batch/dependencies.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { ActivityMetrics } from '../activities/metrics.js';
import { createSemaphore } from '../activities/upload/semaphore.js';
import { createSingleFlight } from '../activities/upload/single-flight.js';
import { SLOW_LIMITS } from '../activities/upload/slow-source.js';
import { createCloudAccounts } from '../alibaba/account-clients.js';
import { createBudgetedCloud } from '../alibaba/limits/budgeted-cloud.js';
import { createCallBudgets } from '../alibaba/limits/call-budget.js';
import { createRegionWatchers } from '../alibaba/region-watcher.js';
import { createSharedReads } from '../alibaba/shared-reads.js';
import { createCredentials, readCredentials } from '../config/credentials.js';
import { type WorkerConfig, workerSettings } from '../config/worker.js';
import { createBootChecker } from '../images/boot-check/boot-checker.js';
import { createConverter } from '../images/convert/converter.js';
import { INSTALLED } from '../images/convert/programs.js';
import { createInspector, createRemoteInspector } from '../images/inspect-in-child.js';
import { cacheInspections } from '../images/inspection-cache.js';
import { createCompressionPool } from '../images/stream/compression-pool.js';
import { PART_LIMITS } from '../images/stream/layout.js';
import { createFreeSpaceReader } from '../images/trim/free-space-in-child.js';
import { createHttpClient } from '../sources/http-request.js';
import { createCache } from '../sources/scratch-cache.js';
import { openingSealedUrls, type SealKeys } from '../sources/sealed-url.js';
import { createBatchStore } from '../store/batches.js';
import { type BlockedAttempts, createBlockedAttempts } from '../store/blocked-attempts.js';
import { openCancelNotices } from '../store/cancel-notices.js';
import { openPool } from '../store/database.js';
import { explainDatabase } from '../store/database-problem.js';
import { createImportFiles } from '../store/import-files.js';
import { createImportStore } from '../store/imports.js';
import { openSchema } from '../store/open-schema.js';
import { createPayloadKeyStore, type PayloadKeyStore } from '../store/payload-keys.js';
import { createRateBudgetStore } from '../store/rate-budgets.js';
import { untilReachable } from '../store/reachable.js';
import { createDatabaseChecks, type DatabaseChecks } from '../store/schema-check.js';
import { createUploadContents } from '../store/upload-contents.js';
import { createUploadRanges } from '../store/upload-ranges.js';
import { createUploadStore } from '../store/uploads.js';
import { createWorkerLiveness, type WorkerLiveness } from '../store/worker-liveness.js';
import type { PoolCounts } from '../telemetry/pool-metrics.js';
import { createFileOpener } from './file-roots.js';

/** Identical cloud reads within this time share one call. */
const SHARED_READS_MS = 2_000;
/** An HTTP source that sends nothing for this long counts as stalled, and the request is retried. */
const STALL_MS = 60_000;
/** Another worker takes over a shared upload whose worker has not renewed its lease for this long. */
const UPLOAD_LEASE_MS = 30_000;
const LOST_IMAGE_POLLS = 3;
export const START_PATIENCE = { forMs: 60_000, everyMs: 500 };

/** Reports of a worker have a connection of their own: they must not wait for a free one. */
const REPORT_WITHIN_MS = 3_000;

export interface OpenDependencies extends ActivityDependencies, BatchDependencies {
  readonly liveness: WorkerLiveness;
  readonly blocked: BlockedAttempts;
  readonly payloadKeys: PayloadKeyStore;
  readonly database: DatabaseChecks;
  readonly pool: PoolCounts;
  /** Sets the keys that decrypt queries of web sources; they are known later than the database. */
  readonly useKeys: (keys: SealKeys | null) => void;
  /** Closes the connections. Call it after all activities have ended. */
  readonly close: () => Promise<void>;
}

/**
 * Connects to PostgreSQL, applies migrations, and creates the dependencies of the activities. Rejects with a one-line error
 * if PostgreSQL is unreachable for a minute, or with the reason of `signal` if it aborts before.
 * @param onProblem called with one line while PostgreSQL cannot be used: what is wrong and what to do
 * @param metrics absent: the activities count nothing
 */
export async function openDependencies(
  config: WorkerConfig,
  signal?: AbortSignal,
  onProblem?: (problem: string) => void,
  metrics?: ActivityMetrics,
): Promise<OpenDependencies> {
  const settings = workerSettings(config);
  // A wrong file is reported when the worker starts, not when an import needs it.
  if (settings.credentialsFile !== undefined) await readCredentials(settings.credentialsFile, process.env);
  const pool = openPool({
    url: settings.databaseUrl,
    applicationName: 'ecs-image-import worker',
    maxConnections: settings.databaseConnections,
  });
  try {
    const patience = { ...START_PATIENCE, signal, onWait: onProblem };
    await untilReachable(explainDatabase(settings.databaseUrl), patience, () =>
      openSchema(settings, { onProgress: onProblem, signal }),
    );
  } catch (error) {
    await pool.end().catch(() => undefined);
    throw error;
  }
  const reports = openPool({
    url: settings.databaseUrl,
    applicationName: 'ecs-image-import worker liveness',
    maxConnections: 1,
    queryTimeoutMs: REPORT_WITHIN_MS,
  });
  const { pollFirstMs, pollMaxMs, patienceMs } = settings;
  const rateBudgets = createRateBudgetStore(pool);
  const accounts = createCloudAccounts({
    ...{ cloud: settings.cloud, accounts: settings.accounts, host: settings.host },
    equip(account) {
      const budgets = createCallBudgets({
        store: rateBudgets,
        accountId: async () => (await account.sts.getCallerIdentity()).accountId,
        ceilings: settings.callLimits,
      });
      const cloud = createSharedReads(createBudgetedCloud(account, budgets), SHARED_READS_MS);
      return { cloud, watchers: createRegionWatchers(cloud, { pollFirstMs, pollMaxMs, patienceMs }) };
    },
  });
  const cancels = openCancelNotices(settings.databaseDirectUrl ?? settings.databaseUrl);
  const inspect = createInspector({});
  const compression = createCompressionPool();
  const cache = createCache({ folder: settings.cacheDir, limitBytes: settings.cacheLimitBytes });
  let sealKeys: SealKeys | null = null;
  const http = openingSealedUrls(
    createHttpClient({ hosts: settings.httpHosts, addresses: settings.httpAddresses, stallMs: STALL_MS }),
    () => sealKeys,
  );
  return {
    store: createImportStore(pool, settings.lateWindowMs),
    cancels,
    ...(metrics === undefined ? {} : { metrics }),
    pool,
    batches: createBatchStore(pool),
    liveness: createWorkerLiveness(reports),
    blocked: createBlockedAttempts(reports),
    payloadKeys: createPayloadKeyStore(pool),
    // With a connection of their own: a busy pool is no outage.
    database: createDatabaseChecks(reports),
    useKeys(keys) {
      sealKeys = keys;
    },
    batchTiming: { pollIntervalMs: settings.batchPollMs, gatherMs: settings.batchGatherMs },
    files: createImportFiles(pool),
    accounts,
    ...accounts.of(undefined),
    inspect,
    checkBoot: createBootChecker(),
    settings: {
      ...{ patienceMs, pollIntervalMs: settings.lostImagePollMs, pollsForLostImage: LOST_IMAGE_POLLS },
      oldImportMs: settings.lateWindowMs,
    },
    openFile: createFileOpener({
      roots: settings.fileRoots,
      except: settings.stackFile === undefined ? [] : [path.dirname(settings.stackFile)],
    }),
    uploading: {
      uploads: createUploadStore(pool),
      http,
      credential: createCredentials(settings.credentialsFile ?? null),
      inspectRemote: cacheInspections(createRemoteInspector()),
      cache,
      convert: createConverter({ cache, inspect }),
      readFreeSpace: createFreeSpaceReader(),
      programs: INSTALLED,
      streaming: {
        ...{ pool: compression, limits: PART_LIMITS },
        ...{ ranges: createUploadRanges(pool), contents: createUploadContents(pool) },
      },
      sends: createSemaphore(settings.maxUploads),
      slowSource: SLOW_LIMITS,
      digests: createSingleFlight(),
      host: settings.host,
      leaseMs: UPLOAD_LEASE_MS,
    },
    async close() {
      http.close();
      await compression.close();
      await Promise.all([cancels.close(), pool.end(), reports.end()]);
    },
  };
}
