/** Runs the workers of a process until all are drained. */
import { IllegalStateError } from '@temporalio/worker';

export interface RunningWorker {
  run(): Promise<void>;
}

/**
 * Resolves when every worker has drained after a shutdown. Rejects when one of them fails.
 * @param isStopping whether the shutdown was requested
 */
export async function runUntilDrained(workers: readonly RunningWorker[], isStopping: () => boolean): Promise<void> {
  await Promise.all(
    workers.map((worker) =>
      worker.run().catch((error: unknown) => {
        if (!(isStopping() && isReleasedLate(error))) throw error;
      }),
    ),
  );
}

/**
 * The worker has drained, but a last heartbeat or completion still refers to its native part when the SDK releases it. Nothing is
 * lost: the SDK's next step would only free memory. As an error, it would end the process while its other workers still drain.
 */
function isReleasedLate(error: unknown): boolean {
  return error instanceof IllegalStateError && error.message.startsWith('Worker still in use');
}
