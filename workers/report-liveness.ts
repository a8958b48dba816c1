/** Reports every second which task queues this worker polls, so that others notice within seconds when it is gone or frozen. */
import type { PollingWorker, WorkerLiveness } from '../store/worker-liveness.js';

const REPORT_EVERY_MS = 1_000;

export interface LivenessReports {
  /** Ends the reports and records an orderly shutdown. */
  stop(): Promise<void>;
}

export interface ReportOptions {
  /** The queues that are polled now. */
  readonly queues: () => readonly string[];
  readonly afterReport: () => Promise<void>;
  /** Called once per outage of the database, with the first error. */
  readonly onOutage: (error: unknown) => void;
  /** Called when the database can be used again. */
  readonly onRecovery: () => void;
}

export async function startReporting(
  liveness: WorkerLiveness,
  worker: PollingWorker,
  { queues, afterReport, onOutage, onRecovery }: ReportOptions,
): Promise<LivenessReports> {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let isOut = false;
  const report = async () => {
    try {
      await liveness.report(worker, queues());
      await afterReport();
      if (isOut) onRecovery();
      isOut = false;
    } catch (error) {
      if (!isOut) onOutage(error);
      isOut = true;
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
