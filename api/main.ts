/** The API process: connects, reports its address, and completes open requests on SIGTERM or SIGINT. */
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import type { Registry } from 'prom-client';
import { keepSweepingBatches } from '../batches/sweep.js';
import { createBatchWorkflows } from '../batches/temporal-workflows.js';
import { createBatchUseCases } from '../batches/use-cases.js';
import { type ApiConfig, apiConfigFromEnvironment } from '../config/api.js';
import { type DescribedSetting, describeSettings } from '../config/described-settings.js';
import { logErrorOf, logProblemsOfProcess } from '../config/logged-error.js';
import { connectionOptions, type TemporalSettings } from '../config/temporal.js';
import { keepDailySweep } from '../imports/daily-orphan-sweep.js';
import { keepSummingHours, overviewReading } from '../imports/overview.js';
import { systemClock } from '../imports/ports.js';
import { backlogOf } from '../imports/queue-backlog.js';
import { keepRetention } from '../imports/retention.js';
import { keepSweepingImports } from '../imports/sweep.js';
import { pollersOf } from '../imports/task-queue-pollers.js';
import { createImportWorkflows } from '../imports/temporal-workflows.js';
import { createImportUseCases } from '../imports/use-cases.js';
import { keepWatchingWorkers } from '../imports/worker-watch.js';
import { sealUrl } from '../sources/sealed-url.js';
import { createAccessStore } from '../store/access.js';
import { createKeyStore } from '../store/api-keys.js';
import { createAuditStore } from '../store/audit.js';
import { openIntake } from '../store/batch-intake.js';
import { createBatchRetries } from '../store/batch-retries.js';
import { createBatchSeries } from '../store/batch-series.js';
import { createBatchViews } from '../store/batch-views.js';
import { createBatchStore } from '../store/batches.js';
import { openChangeFeed } from '../store/changes.js';
import { openPool } from '../store/database.js';
import { explainDatabase } from '../store/database-problem.js';
import { createImportFiles } from '../store/import-files.js';
import { createImportStore } from '../store/imports.js';
import { createInspectionStore } from '../store/inspections.js';
import { createOidcStore } from '../store/oidc.js';
import { openSchema } from '../store/open-schema.js';
import { createOverviewStore } from '../store/overview.js';
import { createPayloadKeyStore } from '../store/payload-keys.js';
import { programVersion } from '../store/program-version.js';
import { untilReachable } from '../store/reachable.js';
import { createRetentionStore } from '../store/retention.js';
import { createDatabaseChecks } from '../store/schema-check.js';
import { createServiceNumbers } from '../store/service-metrics.js';
import { createSessionStore } from '../store/sessions.js';
import { createWorkerLiveness } from '../store/worker-liveness.js';
import { openHealthPort } from '../telemetry/health-port.js';
import { createLog } from '../telemetry/log.js';
import { addPoolMetrics } from '../telemetry/pool-metrics.js';
import { createProcessHealth, type HealthCheck } from '../telemetry/process-health.js';
import { createProcessRegistry, scraper } from '../telemetry/process-metrics.js';
import { tracesAreOn } from '../telemetry/trace-settings.js';
import { requireTemporal, TemporalNotServing } from '../temporal/connect.js';
import { clientPayloadOptions, keepKeysFresh, openPayloads } from '../temporal/payloads.js';
import { keepSearchAttributes } from '../temporal/search-attributes.js';
import { keyAuthenticator, keyLookup } from './access/api-key.js';
import { createAuditTrail } from './access/audit.js';
import { openOidc } from './access/oidc/open.js';
import { openAccess } from './access/open-access.js';
import { createApp } from './app.js';
import type { ApiDependencies } from './dependencies.js';
import { jsonReport } from './report.js';
import { type ApiServer, createServer } from './server.js';
import { startWebhooks } from './start-webhooks.js';
import type { ApiTraces } from './traces.js';

/** A request that waits for a lock has a connection that others need. A migration locks a table for less than a second. */
const LOCK_TIMEOUT_MS = 2_000;
const AUDIT_NOT_PROTECTED =
  'the role in DATABASE_URL owns the tables, so that it can change the audit log. Use a role of its own for the processes (ecs-image-import migrate --runtime-role)';
const START_PATIENCE = { forMs: 60_000, everyMs: 500 };

/**
 * Runs the API configured by the environment until SIGTERM or SIGINT. Rejects with a one-line error when it cannot serve.
 * @param startWatchdog called when the API serves: a slow start is not its concern
 */
export async function runApiProcess(
  env: NodeJS.ProcessEnv,
  startWatchdog: (limitMs: number) => void = () => undefined,
): Promise<void> {
  const { logLevel, logFormat, blockedLimitMs, healthAddress, ...config } = apiConfigFromEnvironment(env);
  const log = createLog({ name: 'api', level: logLevel, format: logFormat });
  logProblemsOfProcess(log);
  const stopped = new AbortController();
  const health = createProcessHealth();
  stopped.signal.addEventListener('abort', () => health.drain(), { once: true });
  await logErrorOf(log, async () => {
    const registry = createProcessRegistry();
    const port =
      healthAddress === null ? null : await openHealthPort({ ...healthAddress, health, metrics: scraper(registry) });
    if (port !== null) log.info({ url: port.url }, 'health checks and metrics are served');
    const traces = tracesAreOn(env) ? (await import('./traces.js')).startApiTraces(programVersion()) : null;
    await runApi(config, {
      log: withoutRepetition(log),
      signal: stopped.signal,
      settings: describeSettings(env),
      onHealthChecks: health.started,
      registry,
      ...(traces === null ? {} : { traces }),
      onReady(url) {
        // Not before: without these handlers, a process that still waits for its servers ends immediately.
        for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopped.abort());
        startWatchdog(blockedLimitMs);
        process.stdout.write(`ready ${url}\n`);
      },
    }).finally(() => Promise.all([port?.close(), traces?.stop()]));
  });
}

const REPEAT_WARNING_MS = 60_000;

/** During an outage, sweeps fail every second with the same message. */
function withoutRepetition(log: RunApiOptions['log']): RunApiOptions['log'] {
  const loggedAt = new Map<string, number>();
  return {
    error: (attributes, message) => log.error(attributes, message),
    info: (attributes, message) => log.info(attributes, message),
    warn(attributes, message) {
      const now = Date.now();
      if (now - (loggedAt.get(message) ?? Number.NEGATIVE_INFINITY) < REPEAT_WARNING_MS) return;
      loggedAt.set(message, now);
      log.warn(attributes, message);
    },
  };
}

export interface RunApiOptions {
  /** Shown to admins. Default: none. */
  readonly settings?: readonly DescribedSetting[];
  readonly log: ApiDependencies['log'] & {
    warn(attributes: object, message: string): void;
    info(attributes: object, message: string): void;
  };
  /** Stops the API: it answers the accepted requests, then `runApi` resolves. */
  readonly signal: AbortSignal;
  /** Called once, when the API listens. */
  readonly onReady: (url: string) => void;
  /** Called once, when the API listens: what makes it ready. */
  readonly onHealthChecks?: (checks: readonly HealthCheck[]) => void;
  /** For its metrics. Default: one of its own. */
  readonly registry?: Registry;
  /** Absent: traces are off. */
  readonly traces?: ApiTraces;
}

/** Serves until `signal` aborts. Rejects with a one-line error when it cannot serve. */
export async function runApi(
  config: ApiConfig,
  { log, signal, onReady, onHealthChecks, registry, traces, settings = [] }: RunApiOptions,
): Promise<void> {
  const { temporal, activityTiming } = config;
  const pool = openPool({
    url: config.databaseUrl,
    applicationName: 'ecs-image-import api',
    maxConnections: config.databaseConnections,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  const onWait = (problem: string) => log.warn({}, problem);
  if (registry !== undefined) addPoolMetrics(registry, () => pool);
  await untilReachable(explainDatabase(config.databaseUrl), { ...START_PATIENCE, onWait }, () =>
    openSchema(config, { onProgress: onWait, signal }),
  );
  await warnWithoutTemporal(temporal, onWait);
  // Lazy, so that imports are accepted during an outage of Temporal and start after it.
  const connection = Connection.lazy(connectionOptions(temporal));
  const payloads = await openPayloads(config.payloadKeys, createPayloadKeyStore(pool), onWait);
  const stopReadingKeys = payloads === null ? () => undefined : keepKeysFresh(payloads);
  const outer = traces === undefined ? [] : [traces.clientInterceptor];
  const client = new Client({
    connection,
    namespace: temporal.namespace,
    ...clientPayloadOptions(payloads, outer),
  });
  const store = createImportStore(pool);
  const directUrl = config.databaseDirectUrl ?? config.databaseUrl;
  const changes = openChangeFeed({ url: directUrl, pool, onPooler: onWait });
  const { workerHost, accounts } = config;
  const search = keepSearchAttributes(client, config.searchAttributes, onWait);
  await search.checked;
  const workflows = createImportWorkflows(client, activityTiming, search);
  const sealSource = (source: string) => sealUrl(source, payloads?.keyring ?? null);
  const imports = { store, workflows, clock: systemClock, workerHost, accounts, sealSource };
  const batches = {
    batches: createBatchStore(pool),
    retries: createBatchRetries(pool),
    views: createBatchViews(pool, config.prices),
    series: createBatchSeries(pool),
    openIntake: () => openIntake(pool),
    workflows: createBatchWorkflows(client, activityTiming, search),
    clock: systemClock,
    ...{ workerHost, accounts, sealSource },
  };
  const liveness = createWorkerLiveness(pool);
  const { namespace } = temporal;
  const watch = {
    ...{ store, namespace, clock: systemClock, limitMs: config.workerMissingMs },
    hasOtherPollers: async (queue: string) => {
      const known = await liveness.identitiesOf(namespace, queue);
      const pollers = await pollersOf(client, queue).catch(() => []);
      return pollers.some((identity) => !known.has(identity));
    },
  };
  const retention = createRetentionStore(pool);
  const useCases = createImportUseCases(imports, config.prices);
  const reportOf = async (importId: string) => {
    const found = await useCases.report(importId);
    return found === null ? null : jsonReport(found);
  };
  const overview = createOverviewStore(pool);
  const webhooks = startWebhooks(pool, config, log);
  const sweeps = [
    keepSweepingImports(imports, log),
    keepSweepingBatches(batches, log),
    keepDailySweep(client, log),
    keepRetention({ store: retention, policy: config.retention, reportOf }, log),
    keepWatchingWorkers(watch, log),
    keepSummingHours(overview, log),
    stopReadingKeys,
    search.stop,
  ];
  const keys = createKeyStore(pool);
  const apiKeys = keyAuthenticator(keys);
  const audit = createAuditStore(pool);
  const auditTrail = createAuditTrail(audit, log);
  if (await audit.mayChange()) onWait(AUDIT_NOT_PROTECTED);
  const oidc = openOidc(config.oidc, createOidcStore(pool), onWait);
  const app = createApp({
    oidc: oidc.signIns,
    imports: useCases,
    overview: overviewReading({ overview, waitingCauses: useCases.waitingCauses, namespace, clock: systemClock }),
    inspections: createInspectionStore(pool),
    settings,
    webhooks: webhooks.forRoutes,
    retention,
    batches: createBatchUseCases(batches),
    store,
    access: createAccessStore(pool),
    keys,
    audit,
    auditTrail,
    forgetKeys: apiKeys.forget,
    files: createImportFiles(pool),
    liveness,
    ...(registry === undefined ? {} : { registry }),
    ...(traces === undefined ? {} : { traces: traces.requests }),
    metricSources: {
      serviceNumbers: createServiceNumbers(pool),
      backlog: async () => await backlogOf(client, await liveness.queuesOf(namespace)),
    },
    changes,
    client,
    workerHost,
    accounts,
    ...openAccess(config.access, {
      sessions: createSessionStore(pool),
      keys: apiKeys.authenticator,
      tokens: oidc.authenticator,
      keyOf: async (id) => (await keyLookup(keys)(id)) ?? (await oidc.keyOf(id)),
      warn: onWait,
    }),
    isBehindProxy: config.access.isBehindProxy,
    hostNames: config.access.hostNames,
    temporalUi: config.hasTemporalUi ? temporal : null,
    stackFile: config.stackFile,
    keyring: payloads?.keyring ?? null,
    searchState: search.state,
    codecOrigins: config.codecOrigins,
    log,
  });

  const server = createServer(app.fetch, config.access.tls, onWait);
  const address = await listen(server, config);
  const database = createDatabaseChecks(pool);
  onHealthChecks?.([
    { name: 'postgresql', probe: database.responds },
    { name: 'schema', probe: database.schemaFits },
  ]);
  onReady(`${config.access.tls === null ? 'http' : 'https'}://${config.host}:${address.port}`);
  if (!signal.aborted)
    await new Promise<unknown>((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  for (const stop of sweeps) stop();
  oidc.stop();
  await webhooks.stop();
  await changes.close();
  // Event streams do not end on their own; their clients reconnect with Last-Event-ID.
  server.close();
  if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 200).unref();
  await auditTrail.close().catch(() => undefined);
  await connection.close().catch(() => undefined);
  await pool.end();
}

/** The API also serves without Temporal. Throws `ConfigError` if a setting is wrong. */
async function warnWithoutTemporal(temporal: TemporalSettings, warn: (problem: string) => void): Promise<void> {
  try {
    await requireTemporal(temporal);
  } catch (error) {
    if (!(error instanceof TemporalNotServing)) throw error;
    warn(`${error.message}. Imports are accepted and start when Temporal serves`);
  }
}

function listen(server: ApiServer, config: ApiConfig): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new Error(
          taken
            ? `port ${config.port} on ${config.host} is in use. Set ECS_IMPORT_PORT to another port, or to 0 for any free port.`
            : `cannot listen on ${config.host}:${config.port}: ${error.message}`,
        ),
      );
    });
    server.listen(config.port, config.host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no address'));
      else resolve(address);
    });
  });
}
