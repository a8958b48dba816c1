/** Measures memory, CPU and workflow events of a batch. */
import { readdir, readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { connectionOptions } from '../../config/temporal.js';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { batchWorkflowId } from '../../domain/batch/names.js';
import { importWorkflowId } from '../../domain/ids.js';

export interface Sample {
  /** The number of ended items. */
  readonly ended: number;
  readonly residentKiB: number;
  /** The process id, which changes after a kill. */
  readonly pid: number;
}

export async function residentKiB(pid: number | null): Promise<number | null> {
  const status = pid === null ? '' : await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const match = /VmRSS:\s+(\d+)/.exec(status);
  return match === null ? null : Number(match[1]);
}

const TICKS_PER_SECOND = 100;

/** CPU seconds of the process and its descendants, including ended ones. */
export async function cpuSeconds(pid: number | null): Promise<number> {
  if (pid === null) return 0;
  return (await tree(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** The process and its descendants. */
export async function tree(pid: number) {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = (await Promise.all(names.map(Number).map(statOf))).flatMap((stat) => stat ?? []);
  const of = (root: number): typeof processes => {
    const children = processes.filter(({ parent }) => parent === root);
    return [...processes.filter((process) => process.pid === root), ...children.flatMap((child) => of(child.pid))];
  };
  return of(pid);
}

/** utime, stime, cutime and cstime (the last two: ended children). */
async function statOf(pid: number) {
  const stat = fieldsOf(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
  return stat === null ? null : { pid, parent: stat.parent, ticks: stat.ticks([11, 12, 13, 14]) };
}

function fieldsOf(stat: string) {
  if (stat === '') return null;
  const end = stat.lastIndexOf(')');
  const fields = stat
    .slice(end + 2)
    .split(' ')
    .map(Number);
  return {
    name: stat.slice(stat.indexOf('(') + 1, end),
    parent: fields[1] ?? 0,
    ticks: (indexes: readonly number[]) => indexes.reduce((sum, index) => sum + (fields[index] ?? 0), 0),
  };
}

/** CPU seconds of each thread of a process, by its ID. */
export type ThreadSeconds = ReadonlyMap<number, { readonly name: string; readonly seconds: number }>;

export async function threadSeconds(pid: number): Promise<ThreadSeconds> {
  const ids = await readdir(`/proc/${pid}/task`).catch(() => []);
  const read = ids.map(async (id) => {
    const stat = fieldsOf(await readFile(`/proc/${pid}/task/${id}/stat`, 'utf8').catch(() => ''));
    return stat === null
      ? []
      : [[Number(id), { name: stat.name, seconds: stat.ticks([11, 12]) / TICKS_PER_SECOND }] as const];
  });
  return new Map((await Promise.all(read)).flat());
}

/** The threads of Temporal's core. The system cuts names after 15 characters. */
const CORE_THREADS = /^(tokio|workflow-proc)/;

/** What the threads of a worker have used between two readings. The busiest one of Node.js after the main thread runs the workflows. */
export function workerThreads(pid: number, before: ThreadSeconds, after: ThreadSeconds) {
  const used = [...after].map(([id, { name, seconds }]) => ({
    id,
    name,
    seconds: seconds - (before.get(id)?.seconds ?? 0),
  }));
  const sum = (threads: typeof used) => threads.reduce((total, { seconds }) => total + seconds, 0);
  const main = used.filter(({ id }) => id === pid);
  const ofNode = used.filter(({ id, name }) => id !== pid && !CORE_THREADS.test(name));
  const [workflows, ...others] = ofNode.sort((one, other) => other.seconds - one.seconds);
  const core = used.filter(({ name }) => CORE_THREADS.test(name));
  return { main: sum(main), workflows: workflows?.seconds ?? 0, core: sum(core), others: sum(others) };
}

/** KiB per item by least squares over the longest run of one process, without its first items; null for few samples. */
export function slope(samples: readonly Sample[], warmUpItems: number): number | null {
  const runs = [...new Set(samples.map(({ pid }) => pid))].map((pid) => {
    const run = samples.filter((sample) => sample.pid === pid);
    const from = (run[0]?.ended ?? 0) + warmUpItems;
    return run.filter(({ ended }) => ended >= from);
  });
  const used = runs.reduce((longest, run) => (run.length > longest.length ? run : longest), []);
  if (used.length < 5) return null;
  const mean = (of: (sample: Sample) => number) => used.reduce((sum, sample) => sum + of(sample), 0) / used.length;
  const [x, y] = [mean((sample) => sample.ended), mean((sample) => sample.residentKiB)];
  const spread = used.reduce((sum, sample) => sum + (sample.ended - x) ** 2, 0);
  if (spread === 0) return null;
  return used.reduce((sum, sample) => sum + (sample.ended - x) * (sample.residentKiB - y), 0) / spread;
}

export interface Events {
  readonly perImport: number;
  /** Events of all runs of the batch workflow, per import. */
  readonly batchPerImport: number;
  readonly longestBatchRun: number;
  /** The size of the history of an import. */
  readonly historyKiB: number;
}

/** Reads the histories of a sample of the imports and of every run of the batch. */
export async function events(
  temporal: Readonly<Record<string, string>>,
  batchId: string,
  importIds: readonly string[],
): Promise<Events> {
  const connection = await Connection.connect(connectionOptions(readTemporalSettings(temporal)));
  try {
    const client = new Client({ connection });
    const sample = importIds.filter((_, index) => index % Math.ceil(importIds.length / 50) === 0);
    const described = await Promise.all(sample.map((id) => client.workflow.getHandle(importWorkflowId(id)).describe()));
    const lengths = described.map((description) => description.historyLength);
    const runs: number[] = [];
    for await (const run of client.workflow.list({ query: `WorkflowId = '${batchWorkflowId(batchId)}'` })) {
      runs.push(run.historyLength);
    }
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
    return {
      perImport: sum(lengths) / Math.max(1, lengths.length),
      batchPerImport: sum(runs) / importIds.length,
      longestBatchRun: Math.max(0, ...runs),
      historyKiB:
        sum(described.map((description) => description.historySize ?? 0)) / Math.max(1, lengths.length) / 1024,
    };
  } finally {
    await connection.close();
  }
}
