/** Runs a worker inside any program. */
import { randomUUID } from 'node:crypto';
import { NativeConnection } from '@temporalio/worker';
import { workerConnectionOptions } from '../config/temporal.js';
import { type WorkerConfig, type WorkerSettings, workerSettings } from '../config/worker.js';
import { versionQueue } from '../domain/worker-wait.js';
import { explainDatabase } from '../store/database-problem.js';
import { programVersion } from '../store/program-version.js';
import { untilReachable } from '../store/reachable.js';
import type { PollingWorker } from '../store/worker-liveness.js';
import { requireTemporal } from '../temporal/connect.js';
import { type Supervision, supervise } from './activity-interceptor.js';
import { openDependencies, START_PATIENCE } from './dependencies.js';
import { makeFirstVersionCurrent } from './deployment.js';
import { healthChecks } from './health-checks.js';
import { openWorkerPayloads } from './payloads.js';
import { type LivenessReports, startReporting } from './report-liveness.js';
import { recordReports } from './watchdog/reports.js';
import type { Watchdog } from './watchdog/watchdog.js';
import { createImportWorkers } from './worker.js';

export interface RunWorkerOptions {
  /**
   * Shuts the worker down: it finishes or hands over its work, then `runWorker` resolves. A worker that still waits for its
   * servers stops waiting, and `runWorker` rejects with the reason of the signal.
   */
  readonly signal?: AbortSignal;
  /** Called once, when the worker starts to poll all its task queues. */
  readonly onReady?: () => void;
  /** Called with one line when a server cannot be used: what is wrong and what to do. The worker keeps trying. */
  readonly onProblem?: (problem: string) => void;
  /** Called when the database can be used again. */
  readonly onRecovery?: () => void;
}

/**
 * Runs until `signal` aborts. Rejects with a one-line error if a server is unreachable for a minute.
 *
 * Installs no Temporal Runtime, handles no signals and writes no output: this is up to the embedding program. If the program
 * installs no Runtime, Temporal's SDK creates one with its defaults, which logs to stderr and shuts down workers on SIGINT and
 * SIGTERM. To change this, call `Runtime.install({ shutdownSignals: [] })` first.
 */
export async function runWorker(config: WorkerConfig, options: RunWorkerOptions = {}): Promise<void> {
  await runSupervisedWorker(config, options, null);
}

/** As `runWorker`. @param supervision null: activities are not supervised, because the process belongs to another program */
export async function runSupervisedWorker(
  config: WorkerConfig,
  { signal, onReady, onProblem, onRecovery }: RunWorkerOptions,
  supervision: Supervision | null,
): Promise<void> {
  const settings = workerSettings(config);
  signal?.throwIfAborted();
  const dependencies = await openDependencies(settings, signal, onProblem, supervision?.observer?.metrics);
  supervision?.observer?.connected(dependencies.pool);
  try {
    const { temporal } = settings;
    const payloads = await openWorkerPayloads(settings, dependencies.payloadKeys, onProblem);
    dependencies.useKeys(payloads?.keyring ?? null);
    const patience = { ...START_PATIENCE, signal, onWait: onProblem };
    const explain = (error: unknown) => ({ text: messageOf(error), isSetting: false });
    const connection = await untilReachable(explain, patience, async () => {
      // The SDK reports a refused connection and an unknown namespace in other words.
      await requireTemporal(temporal);
      return await NativeConnection.connect(workerConnectionOptions(temporal));
    });
    try {
      const worker = workerOfThisRun(settings);
      let watchdog: Watchdog | null = null;
      let isolated: ReadonlySet<string> = new Set();
      const readIsolated = async () => {
        isolated = await dependencies.blocked.toIsolate(programVersion());
      };
      if (supervision !== null) {
        await recordReports(reportsDirOf(settings), dependencies.blocked);
        await readIsolated();
      }
      const interceptors =
        supervision === null
          ? []
          : [
              ...(supervision.traces === undefined ? [] : [supervision.traces.outer]),
              supervise(
                supervision,
                () => watchdog,
                (key) => isolated.has(key),
                dependencies,
              ),
              ...(supervision.traces === undefined ? [] : [supervision.traces.inner]),
            ];
      const workers = await createImportWorkers(
        settings,
        connection,
        dependencies,
        worker.identity,
        interceptors,
        payloads,
        supervision?.traces === undefined ? [] : [supervision.traces.client],
      );
      let reports: LivenessReports | null = null;
      const stop = () => {
        workers.shutdown();
        // It polls no more: others need not wait until its work has ended.
        void reports?.stop();
      };
      signal?.addEventListener('abort', stop, { once: true });
      try {
        watchdog = supervision?.startWatchdog() ?? null;
        const running = workers.run();
        // Handled below, after the first report.
        running.catch(() => undefined);
        if (settings.versioning !== undefined) {
          const problem = (text: string) => onProblem?.(text);
          void makeFirstVersionCurrent(connection, temporal.namespace, settings.versioning, problem);
        }
        const explain = explainDatabase(settings.databaseUrl);
        reports = await startReporting(dependencies.liveness, worker, {
          queues: () => {
            const polled = workers.polledQueues();
            const { versioning } = settings;
            const hasVersion = versioning !== undefined && polled.length > 0;
            return hasVersion ? [...polled, versionQueue(`${versioning.deployment}:${versioning.buildId}`)] : polled;
          },
          afterReport: supervision === null ? async () => undefined : readIsolated,
          onOutage: (error) => onProblem?.(`${explain(error).text}. Running steps are retried`),
          onRecovery: () => onRecovery?.(),
        });
        supervision?.observer?.polling(healthChecks(settings, dependencies.database, workers));
        if (signal?.aborted === true) stop();
        onReady?.();
        try {
          await running;
        } finally {
          await reports.stop();
        }
      } finally {
        signal?.removeEventListener('abort', stop);
        payloads?.stop();
        await watchdog?.stop();
      }
    } finally {
      await connection.close().catch(() => undefined);
    }
  } finally {
    await dependencies.close();
  }
}

/** Where the watchdog leaves its reports: the next process of this host reads them. */
export function reportsDirOf({ cacheDir }: Pick<WorkerSettings, 'cacheDir'>): string {
  return `${cacheDir}.blocked`;
}

/** Its identity in Temporal: `HOST/VERSION/PID-RUN`. */
function workerOfThisRun({ host, temporal }: WorkerSettings): PollingWorker {
  const workerId = randomUUID();
  const identity = `${host}/${programVersion()}/${process.pid}-${workerId.slice(0, 8)}`;
  return { workerId, namespace: temporal.namespace, host, identity };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
