/** The pollers of a task queue, as Temporal lists them. */
import type { Client } from '@temporalio/client';

/** A worker polls at least once a minute, and Temporal lists a poller for five minutes. */
const POLLER_FRESH_MS = 90_000;
const ANSWER_WITHIN_MS = 2_000;
const WORKFLOWS = 1;
const ACTIVITIES = 2;

/** The identities of the pollers that polled lately. Throws if Temporal cannot be reached. */
export async function pollersOf(
  client: Client,
  queue: string,
  withinMs = ANSWER_WITHIN_MS,
): Promise<readonly string[]> {
  const { connection, options } = client;
  const kinds = await Promise.all(
    [WORKFLOWS, ACTIVITIES].map((taskQueueType) =>
      connection.withDeadline(Date.now() + withinMs, () =>
        connection.workflowService.describeTaskQueue({
          namespace: options.namespace,
          taskQueue: { name: queue },
          taskQueueType,
        }),
      ),
    ),
  );
  const identities = kinds
    .flatMap(({ pollers }) => pollers ?? [])
    .filter(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_FRESH_MS)
    .map(({ identity }) => identity ?? '');
  // A worker polls for workflows and for activities.
  return [...new Set(identities)];
}
