/** Measures the limit of the Temporal server: plain workflows per second, with the concurrency of the batch. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { connectionOptions } from '../../config/temporal.js';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { cpuSeconds } from './measure.js';

export interface PlainRun {
  readonly workflows: number;
  readonly concurrency: number;
  readonly activities: number;
}

export interface PlainResult {
  readonly perSecond: number;
  /** CPU ms of the worker per workflow. */
  readonly workerCpuMs: number;
}

/** @param temporal the variables of Temporal's clients */
export async function plainWorkflows(temporal: Readonly<Record<string, string>>, run: PlainRun): Promise<PlainResult> {
  const queue = `bench-plain-${Date.now()}`;
  const child = fork(fileURLToPath(new URL('./plain-worker.ts', import.meta.url)), [queue], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...temporal },
  });
  const connection = await Connection.connect(connectionOptions(readTemporalSettings(temporal)));
  try {
    await once(child, 'message');
    const client = new Client({ connection });
    let next = 0;
    const runWorkflows = async () => {
      while (next < run.workflows) {
        next += 1;
        const workflowId = `${queue}-${next}`;
        await client.workflow.execute('plain', { taskQueue: queue, workflowId, args: [run.activities] });
      }
    };
    const [startedAt, cpuBefore] = [performance.now(), await cpuSeconds(child.pid ?? null)];
    await Promise.all(Array.from({ length: run.concurrency }, runWorkflows));
    return {
      perSecond: run.workflows / ((performance.now() - startedAt) / 1_000),
      workerCpuMs: (((await cpuSeconds(child.pid ?? null)) - cpuBefore) * 1_000) / run.workflows,
    };
  } finally {
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
    await connection.close();
  }
}
