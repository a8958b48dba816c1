/** How many tasks wait in the task queues, as Temporal estimates it. */
import type { Client } from '@temporalio/client';

const ANSWER_WITHIN_MS = 2_000;
const KINDS = [
  { kind: 'workflow', taskQueueType: 1 },
  { kind: 'activity', taskQueueType: 2 },
] as const;

export interface QueueBacklog {
  readonly queue: string;
  readonly kind: 'workflow' | 'activity';
  readonly tasks: number;
  /** Since when the oldest of them waits; s. */
  readonly ageSeconds: number;
}

/** Rejects if Temporal cannot be reached. */
export async function backlogOf(client: Client, queues: readonly string[]): Promise<readonly QueueBacklog[]> {
  const { connection, options } = client;
  const all = queues.flatMap((queue) => KINDS.map((kind) => ({ queue, ...kind })));
  return await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
    Promise.all(
      all.map(async ({ queue, kind, taskQueueType }) => {
        const { stats } = await connection.workflowService.describeTaskQueue({
          namespace: options.namespace,
          taskQueue: { name: queue },
          taskQueueType,
          reportStats: true,
        });
        const age = stats?.approximateBacklogAge;
        return {
          ...{ queue, kind, tasks: Number(stats?.approximateBacklogCount ?? 0) },
          ageSeconds: Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9,
        };
      }),
    ),
  );
}
