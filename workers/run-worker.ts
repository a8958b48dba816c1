/** Runs a worker inside any program. */
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { NativeConnection } from '@temporalio/worker';
import { connectionOptions, type TemporalSettings } from '../config/temporal.js';
import { type WorkerConfig, type WorkerSettings, workerSettings } from '../config/worker.js';
import { untilReachable } from '../store/reachable.js';
import type { PollingWorker } from '../store/worker-liveness.js';
import { rejectWrongSettings } from '../temporal/probe.js';
import { openDependencies, START_PATIENCE } from './dependencies.js';
import { startReporting } from './report-liveness.js';
import { createImportWorkers } from './worker.js';

export interface RunWorkerOptions {
  /**
   * Shuts the worker down: it finishes or hands over its work, then `runWorker` resolves. A worker that still waits for its
   * servers stops waiting, and `runWorker` rejects with the reason of the signal.
   */
  readonly signal?: AbortSignal;
  /** Called once, when the worker starts to poll all its task queues. */
  readonly onReady?: () => void;
}

/**
 * Runs until `signal` aborts. Rejects with a one-line error if a server is unreachable for a minute.
 *
 * Installs no Temporal Runtime, handles no signals and writes no output: this is up to the embedding program. If the program
 * installs no Runtime, Temporal's SDK creates one with its defaults, which logs to stderr and shuts down workers on SIGINT and
 * SIGTERM. To change this, call `Runtime.install({ shutdownSignals: [] })` first.
 */
export async function runWorker(config: WorkerConfig, { signal, onReady }: RunWorkerOptions = {}): Promise<void> {
  const settings = workerSettings(config);
  signal?.throwIfAborted();
  const dependencies = await openDependencies(settings, signal);
  try {
    const { temporal } = settings;
    const connection = await untilReachable(
      `Temporal at ${temporal.address}`,
      'Check TEMPORAL_ADDRESS and that the server runs.',
      { ...START_PATIENCE, signal },
      () => connect(temporal),
    );
    try {
      const worker = workerOfThisRun(settings);
      const workers = await createImportWorkers(settings, connection, dependencies, worker.identity);
      const stop = () => workers.shutdown();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        const running = workers.run();
        const reports = await startReporting(dependencies.liveness, worker, workers.polledQueues);
        if (signal?.aborted === true) stop();
        onReady?.();
        try {
          await running;
        } finally {
          await reports.stop();
        }
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    } finally {
      await connection.close().catch(() => undefined);
    }
  } finally {
    await dependencies.close();
  }
}

/** Its identity in Temporal starts as that of other programs: with process and host. */
function workerOfThisRun({ host, temporal }: WorkerSettings): PollingWorker {
  const workerId = randomUUID();
  const identity = `${process.pid}@${os.hostname()}-${workerId.slice(0, 8)}`;
  return { workerId, namespace: temporal.namespace, host, identity };
}

/** The SDK reports only a refused connection: a probe identifies the wrong setting. */
async function connect(temporal: TemporalSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(connectionOptions(temporal));
  } catch (error) {
    await rejectWrongSettings(temporal);
    throw error;
  }
}
