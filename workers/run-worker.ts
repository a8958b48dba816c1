/** Runs a worker inside any program. */
import { NativeConnection } from '@temporalio/worker';
import { connectionOptions, type TemporalSettings } from '../config/temporal.js';
import { type WorkerConfig, workerSettings } from '../config/worker.js';
import { untilReachable } from '../store/reachable.js';
import { rejectWrongSettings } from '../temporal/probe.js';
import { openDependencies, START_PATIENCE } from './dependencies.js';
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
      const workers = await createImportWorkers(settings, connection, dependencies);
      const stop = () => workers.shutdown();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        const running = workers.run();
        if (signal?.aborted === true) stop();
        onReady?.();
        await running;
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

/** The SDK reports only a refused connection: a probe identifies the wrong setting. */
async function connect(temporal: TemporalSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(connectionOptions(temporal));
  } catch (error) {
    await rejectWrongSettings(temporal);
    throw error;
  }
}
