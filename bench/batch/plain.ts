/** The server's own limit: plain workflows a second, as many at once as the batch has. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';

export interface PlainRun {
  readonly workflows: number;
  readonly atOnce: number;
  readonly activities: number;
}

/** Workflows a second. */
export async function plainWorkflows(address: string, run: PlainRun): Promise<number> {
  const queue = `bench-plain-${Date.now()}`;
  const child = fork(fileURLToPath(new URL('./plain-worker.ts', import.meta.url)), [address, queue], {
    execArgv: ['--import', 'tsx'],
  });
  const connection = await Connection.connect({ address });
  try {
    await once(child, 'message');
    const client = new Client({ connection });
    let next = 0;
    const lane = async () => {
      while (next < run.workflows) {
        next += 1;
        const workflowId = `${queue}-${next}`;
        await client.workflow.execute('plain', { taskQueue: queue, workflowId, args: [run.activities] });
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: run.atOnce }, lane));
    return run.workflows / ((performance.now() - startedAt) / 1_000);
  } finally {
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
    await connection.close();
  }
}
