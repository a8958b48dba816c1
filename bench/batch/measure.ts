/** What a batch costs beside its time: memory of the processes, events, statements, CPU. */
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { batchWorkflowId } from '../../domain/batch-names.js';
import { importWorkflowId } from '../../domain/ids.js';

export interface Sample {
  /** Items that had ended. */
  readonly ended: number;
  readonly residentKiB: number;
}

export async function residentKiB(pid: number | null): Promise<number | null> {
  const status = pid === null ? '' : await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const match = /VmRSS:\s+(\d+)/.exec(status);
  return match === null ? null : Number(match[1]);
}

const TICKS_A_SECOND = 100;

/** CPU seconds that the process and its ended children have used. */
export async function cpuSeconds(pid: number | null): Promise<number> {
  const stat = pid === null ? '' : await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0) / TICKS_A_SECOND;
}

/** KiB an item by least squares, of the samples after the first `from` items; null with too few of them. */
export function slope(samples: readonly Sample[], from: number): number | null {
  const used = samples.filter((sample) => sample.ended >= from);
  if (used.length < 5) return null;
  const mean = (of: (sample: Sample) => number) => used.reduce((sum, sample) => sum + of(sample), 0) / used.length;
  const [x, y] = [mean((sample) => sample.ended), mean((sample) => sample.residentKiB)];
  const spread = used.reduce((sum, sample) => sum + (sample.ended - x) ** 2, 0);
  if (spread === 0) return null;
  return used.reduce((sum, sample) => sum + (sample.ended - x) * (sample.residentKiB - y), 0) / spread;
}

export interface Events {
  readonly anImport: number;
  /** Of the batch's own workflow, all runs, for each import. */
  readonly batchAnImport: number;
  readonly longestBatchRun: number;
}

/** Of a sample of the imports, and of every run of the batch. */
export async function events(address: string, batchId: string, importIds: readonly string[]): Promise<Events> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const sample = importIds.filter((_, index) => index % Math.ceil(importIds.length / 50) === 0);
    const lengths = await Promise.all(
      sample.map(async (id) => (await client.workflow.getHandle(importWorkflowId(id)).describe()).historyLength),
    );
    const runs: number[] = [];
    for await (const run of client.workflow.list({ query: `WorkflowId = '${batchWorkflowId(batchId)}'` })) {
      runs.push(run.historyLength);
    }
    const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
    return {
      anImport: sum(lengths) / Math.max(1, lengths.length),
      batchAnImport: sum(runs) / importIds.length,
      longestBatchRun: Math.max(0, ...runs),
    };
  } finally {
    await connection.close();
  }
}

/** Transactions of the database so far; nearly each is one statement. */
export async function transactions(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // The counters of other connections arrive a second after they fall idle.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const result = await client.query<{ count: string }>(
      'select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()',
    );
    return Number(result.rows[0]?.count ?? 0);
  } finally {
    await client.end();
  }
}
