/** Reports every second which task queues this worker polls, so that others notice within seconds when it is gone or frozen. */
import type { PollingWorker, WorkerLiveness } from '../store/worker-liveness.js';

const REPORT_EVERY_MS = 1_000;

export interface LivenessReports {
  /** Ends the reports and records an orderly shutdown. */
  stop(): Promise<void>;
}

/**
 * @param queues the queues that are polled now
 * @param onReport called after each report; not called while the database is unreachable
 */
export async function startReporting(
  liveness: WorkerLiveness,
  worker: PollingWorker,
  queues: () => readonly string[],
  onReport: () => Promise<void> = async () => {},
): Promise<LivenessReports> {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const report = async () => {
    try {
      await liveness.report(worker, queues());
      await onReport();
    } catch {
      // The activities report that the database is unreachable. The next report may reach it.
    }
    if (!stopped) timer = setTimeout(next, REPORT_EVERY_MS);
  };
  let running = Promise.resolve();
  const next = () => {
    running = report();
  };
  next();
  await running;
  return {
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
      await liveness.leave(worker).catch(() => undefined);
    },
  };
}
