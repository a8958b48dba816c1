/** Whether a worker polls a task queue: the reports of workers and the pollers that Temporal lists. */
import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { workerPresence } from '../../api/worker-presence.js';

const line = (host: string, alive: boolean) => ({
  ...{ host, identity: `1@${host}`, alive },
  ...{ startedAt: '2026-11-29T10:00:00.000Z', seenAt: '2026-11-29T10:05:00.000Z' },
});

/** @param pollers null: Temporal cannot be reached */
function presence(workers: readonly ReturnType<typeof line>[], pollers: readonly string[] | null) {
  const lastAccessTime = { seconds: Math.floor(Date.now() / 1_000) };
  const describeTaskQueue = async () => {
    if (pollers === null) throw new Error('unavailable');
    return { pollers: pollers.map((identity) => ({ identity, lastAccessTime })) };
  };
  const client = {
    options: { namespace: 'imports' },
    connection: {
      withDeadline: (_deadline: number, call: () => Promise<unknown>) => call(),
      workflowService: { describeTaskQueue },
    },
  } as unknown as Client;
  const liveness = {
    workersOf: async () => workers,
    identitiesOf: async () => new Set(workers.map(({ identity }) => identity)),
  };
  return workerPresence({ client, liveness });
}

test.each([
  ['two workers report', [line('b', true), line('a', true)], ['1@a'], true, /^2 workers: a, b$/],
  ['a worker reports and Temporal is away', [line('a', true)], null, true, /^1 worker: a$/],
  [
    'a worker is gone that Temporal still lists',
    [line('a', false)],
    ['1@a'],
    false,
    /on host a, stopped at 2026-11-29T10:05/,
  ],
  ['no worker, and Temporal is away', [], null, false, /^no worker polls task queue ecs-image-import$/],
  ['a worker of another program polls', [line('a', false)], ['1@a', '7@embedding'], true, /^polled by 7@embedding$/],
  [
    'a worker reports, but polls another namespace',
    [line('a', true)],
    [],
    false,
    /none polls .* in namespace imports: check TEMPORAL_ADDRESS/,
  ],
])('%s → present or not, with the reason', async (_case, workers, pollers, present, message) => {
  const found = await presence(workers, pollers);
  expect(found).toMatchObject({ present, message: expect.stringMatching(message) });
});
